//! Python's exceptions: what one says about who broke. Reads the names of its ancestors; has no opinion on its words.

use serde::Deserialize;

use crate::backend::{BackendError, Fault, Stage};

/// An exception as the bridge describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Raised {
    /// Its class, without the module.
    pub(super) class: String,
    /// The dotted names of its class and of all classes above, nearest first.
    ancestors: Vec<String>,
    /// Its words.
    pub(super) message: String,
    /// As Python prints it, without the frames of the bridge.
    pub(super) traceback: Vec<String>,
    /// The module that was not found, if it is about that.
    pub(super) missing: Option<String>,
}

/// Classes that speak of the platform and not of the model, wherever they are raised.
const OF_PLATFORMS: &[(&str, Fault)] = &[
    ("builtins.SystemExit", Fault::Died),
    ("builtins.KeyboardInterrupt", Fault::Died),
    ("modal.exception.AuthError", Fault::Misconfigured),
    ("modal.exception.NotFoundError", Fault::Misconfigured),
    ("modal.exception.InvalidError", Fault::Misconfigured),
    ("modal.exception.TimeoutError", Fault::Timeout),
    ("modal.exception.ConnectionError", Fault::Unreachable),
    ("modal.exception.Error", Fault::Died),
    ("httpx.TimeoutException", Fault::Timeout),
    ("httpx.TransportError", Fault::Unreachable),
    ("httpx.HTTPStatusError", Fault::Refused),
    ("urllib.error.HTTPError", Fault::Refused),
    ("urllib.error.URLError", Fault::Unreachable),
    ("requests.exceptions.Timeout", Fault::Timeout),
    ("requests.exceptions.ConnectionError", Fault::Unreachable),
    ("builtins.TimeoutError", Fault::Timeout),
    ("builtins.ConnectionError", Fault::Unreachable),
];

/// Whose code raises an exception at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raiser {
    /// A wrapper's or a backend's, which runs the model elsewhere.
    Backend,
    /// The model's own.
    Model,
}

impl Raiser {
    /// Classes that speak of settings and tools when they are raised before there is a model.
    const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Backend => &[
                "builtins.ImportError",
                "builtins.AttributeError",
                "builtins.FileNotFoundError",
                "builtins.PermissionError",
                "builtins.TypeError",
                "builtins.ValueError",
            ],
            Self::Model => &["builtins.ImportError", "hydrotest_bridge.objects.Missing"],
        }
    }
}

/// The class of the bridge's own for a result that cannot be sent.
const UNPICKLABLE: &str = "hydrotest_bridge.work.Unpicklable";

impl Raised {
    /// The error of a start that raised this while `doing`, such as `ESMFold(backend='modal')`.
    pub(super) fn at_start(self, doing: &str, raiser: Raiser) -> BackendError {
        let is_setting = |name: &String| raiser.settings().contains(&name.as_str());
        let fault = self.of_platform().unwrap_or_else(|| {
            if self.ancestors.iter().any(is_setting) {
                Fault::Misconfigured
            } else {
                match raiser {
                    Raiser::Backend => Fault::Died,
                    Raiser::Model => Fault::Refused,
                }
            }
        });
        let message = format!("{doing} {}", self.words());
        let error = self.into_error(Stage::Ready, fault, message);
        match raiser {
            // The class says something of the backend, and nothing of what the model raised.
            Raiser::Backend => BackendError {
                exception: None,
                ..error
            },
            Raiser::Model => error,
        }
    }

    /// The error of an import that raised this: code that cannot be imported is not there to be judged, whatever it raises.
    pub(super) fn at_import(self, doing: &str) -> BackendError {
        let network = |fault: &Fault| matches!(fault, Fault::Unreachable | Fault::Timeout);
        let fault = self.of_platform().filter(network).unwrap_or(Fault::Misconfigured);
        let message = format!("{doing} {}", self.words());
        BackendError::new(Stage::Ready, fault, message).with_log(self.traceback)
    }

    /// The error of a call that raised this.
    pub(super) fn in_call(self) -> BackendError {
        if self.ancestors.iter().any(|name| name == UNPICKLABLE) {
            let message = self.message.clone();
            return BackendError::new(Stage::Decode, Fault::Undecodable, message).with_log(self.traceback);
        }
        if let Some(fault) = self.of_platform().filter(|fault| *fault != Fault::Refused) {
            let message = format!("the call {}", self.words());
            return self.into_error(Stage::Call, fault, message);
        }
        let message = self.message.clone();
        self.into_error(Stage::Call, Fault::Refused, message)
    }

    /// The error of a stop that raised this.
    pub(super) fn at_stop(self) -> BackendError {
        let message = format!("shutdown() {}; it counts as stopped all the same", self.words());
        self.into_error(Stage::Shutdown, Fault::Refused, message)
    }

    fn of_platform(&self) -> Option<Fault> {
        // The nearest ancestor with a meaning decides.
        self.ancestors.iter().find_map(|name| {
            let found = OF_PLATFORMS.iter().find(|(known, _)| known == name);
            found.map(|(_, fault)| *fault)
        })
    }

    /// What it did, to follow a subject.
    fn words(&self) -> String {
        match (self.class.as_str(), self.message.as_str()) {
            ("SystemExit", status) => format!("ended the interpreter: sys.exit({status})"),
            (class, "") => format!("raised {class}"),
            (class, message) => format!("raised {class}: {message}"),
        }
    }

    fn into_error(self, stage: Stage, fault: Fault, message: String) -> BackendError {
        BackendError::new(stage, fault, message)
            .with_exception(self.class)
            .with_log(self.traceback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(ancestors: &[&str], message: &str) -> Raised {
        let class = ancestors[0].rsplit('.').next().unwrap();
        Raised {
            class: class.into(),
            ancestors: ancestors.iter().map(|name| (*name).to_owned()).collect(),
            message: message.into(),
            traceback: vec!["Traceback".into()],
            missing: None,
        }
    }

    #[test]
    fn the_model_refuses_with_its_own_words() {
        let error = raised(&["builtins.ValueError", "builtins.Exception"], "Invalid amino acid(s)").in_call();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Refused));
        assert_eq!(error.message, "Invalid amino acid(s)");
        assert_eq!(error.exception.as_deref(), Some("ValueError"));
        assert_eq!(error.log_tail, ["Traceback"]);
    }

    #[test]
    fn the_platform_is_told_from_the_model() {
        let fault = |ancestors: &[&str]| raised(ancestors, "no").in_call().fault;
        assert_eq!(
            fault(&["modal.exception.AuthError", "modal.exception.Error"]),
            Fault::Misconfigured
        );
        assert_eq!(
            fault(&["modal.exception.FunctionTimeoutError", "modal.exception.TimeoutError"]),
            Fault::Timeout
        );
        assert_eq!(
            fault(&["httpx.ConnectError", "httpx.NetworkError", "httpx.TransportError"]),
            Fault::Unreachable
        );
        assert_eq!(
            fault(&["urllib.error.HTTPError", "urllib.error.URLError", "builtins.OSError"]),
            Fault::Refused
        );
        assert_eq!(fault(&["builtins.SystemExit"]), Fault::Died);
        assert_eq!(fault(&["pkg.ModelError", "builtins.RuntimeError"]), Fault::Refused);
        assert_eq!(fault(&[UNPICKLABLE]), Fault::Undecodable);
    }

    #[test]
    fn whatever_an_import_raises_is_a_wrong_setting_unless_it_is_the_network() {
        for ancestors in [
            &["builtins.ModuleNotFoundError", "builtins.ImportError"][..],
            &["builtins.SyntaxError", "builtins.Exception"],
            &["builtins.SystemExit"],
            &["builtins.ValueError"],
            &["pkg.Odd", "builtins.RuntimeError"],
        ] {
            let error = raised(ancestors, "5").at_import("importing pkg:Model");
            assert_eq!(
                (error.stage, error.fault, error.exception),
                (Stage::Ready, Fault::Misconfigured, None)
            );
        }
        let error = raised(&["builtins.ConnectionError"], "no way").at_import("importing pkg:Model");
        assert_eq!(error.fault, Fault::Unreachable);
    }

    #[test]
    fn a_start_that_raises_is_no_answer_to_judge() {
        let error = raised(&["builtins.RuntimeError"], "no engine").at_start("YourBackend.start()", Raiser::Backend);
        assert_eq!(
            (error.stage, error.fault, &error.exception),
            (Stage::Ready, Fault::Died, &None)
        );
        assert_eq!(error.message, "YourBackend.start() raised RuntimeError: no engine");
        let error = raised(
            &["builtins.ModuleNotFoundError", "builtins.ImportError"],
            "No module named 'x'",
        );
        assert_eq!(
            error.at_start("importing x", Raiser::Backend).fault,
            Fault::Misconfigured
        );
        let error = raised(&["builtins.ValueError"], "Unsupported").at_start("ESM3Core._initialize()", Raiser::Model);
        assert_eq!(
            (error.fault, error.exception.as_deref()),
            (Fault::Refused, Some("ValueError"))
        );
    }
}
