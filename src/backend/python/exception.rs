//! Exceptions of Python code, and who is responsible for them. Judges by the classes of an exception and the modules it
//! passed; not by its message, except for errors of the device.

use serde::Deserialize;

use crate::backend::served::declined;
use crate::backend::{BackendError, Fault, Stage, device};
use crate::wire::client::DeclineStatus;

/// An exception as the bridge describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PythonException {
    /// The name of its class, without the module.
    pub(super) class: String,
    /// The dotted names of its class and all base classes, nearest first.
    ancestors: Vec<String>,
    pub(super) message: String,
    /// The traceback that Python prints, without frames of the bridge.
    pub(super) traceback: Vec<String>,
    /// The modules that it passed through; the one that raised it is last.
    #[serde(default)]
    modules: Vec<String>,
    /// The status of the HTTP response that it is about.
    #[serde(default)]
    status: Option<u16>,
    /// The module that was not found, if it reports one.
    pub(super) missing: Option<String>,
}

/// A step of the start: importing a class, constructing an object of it, and starting that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum HostedStartStep {
    Import,
    Build,
    Start,
}

/// Classes that report a fault of the platform and not of the model, wherever they are raised.
const OF_PLATFORMS: &[(&str, Fault)] = &[
    ("builtins.SystemExit", Fault::Died),
    ("builtins.KeyboardInterrupt", Fault::Died),
    ("builtins.MemoryError", Fault::OutOfMemory),
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

/// The code that raises an exception at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExceptionOrigin {
    /// A wrapper or backend that runs the model elsewhere.
    Backend,
    /// The model itself.
    Model,
}

/// Classes that report a missing installation, if they are raised before the model is loaded.
const OF_INSTALLATION: [&str; 3] = ["builtins.ImportError", "builtins.FileNotFoundError", "builtins.PermissionError"];

/// The bridge's class for a result that cannot be sent.
const UNPICKLABLE: &str = "hydrotest_bridge.work.Unpicklable";
/// The bridge's class for a name of the table that a module does not have.
const MISSING: &str = "hydrotest_bridge.objects.Missing";
/// The bridge's class for a class without the interface of boileroom's `Backend`.
const UNFIT: &str = "hydrotest_bridge.objects.Unfit";

impl PythonException {
    /// The error of a start that raised this in a step. `doing` describes the step, such as `ESMFold(backend='modal')`.
    /// Other exceptions than the known ones are failures of the hosted code.
    pub(super) fn at_start(self, step: Option<HostedStartStep>, doing: &str, origin: ExceptionOrigin) -> BackendError {
        // `Unfit` is the bridge's own class, which is not shown.
        let message =
            if self.is(UNFIT) { format!("{doing}: {}", self.message) } else { format!("{doing} {}", self.predicate()) };
        let (stage, fault) = if self.is(MISSING) || self.is_wrong_argument(step) || self.is_wrong_selector(origin) {
            (Stage::Configure, Fault::Misconfigured)
        } else if self.is(UNFIT) {
            (Stage::Ready, Fault::Protocol)
        } else if self.is("builtins.SystemExit") {
            (Stage::Ready, Fault::Refused)
        } else if let Some(fault) = self.of_platform() {
            (Stage::Ready, fault)
        } else if let Some((fault @ (Fault::OutOfMemory | Fault::Unreachable), advice)) =
            device::of_words(&self.message)
        {
            return self.error(Stage::Ready, fault, format!("{message}\n{advice}"));
        } else if OF_INSTALLATION.iter().any(|name| self.is(name)) {
            (Stage::Ready, Fault::Misconfigured)
        } else {
            (Stage::Ready, Fault::Refused)
        };
        let error = self.error(stage, fault, with_advice(message, fault));
        // The class counts only if the model raised it.
        BackendError { exception: error.exception.filter(|_| origin == ExceptionOrigin::Model), ..error }
    }

    /// Whether a constructor does not accept the arguments, which come from the table.
    fn is_wrong_argument(&self, step: Option<HostedStartStep>) -> bool {
        let by_bridge = |module: &String| module.starts_with("hydrotest_bridge");
        step == Some(HostedStartStep::Build) && self.class == "TypeError" && self.modules.last().is_some_and(by_bridge)
    }

    /// Whether boileroom's own wrapper rejects the selector, which comes from the table.
    fn is_wrong_selector(&self, origin: ExceptionOrigin) -> bool {
        let by_boileroom =
            |module: &String| module.starts_with("boileroom.") && !module.starts_with("boileroom.backend.");
        origin == ExceptionOrigin::Backend
            && self.class == "ValueError"
            && self.modules.last().is_some_and(by_boileroom)
    }

    /// The error of an import that raised this. A missing package is a mistake of the table; other exceptions are
    /// failures of the imported code, but for those of the network and the memory.
    pub(super) fn at_import(self, doing: &str) -> BackendError {
        let surrounding = |fault: &Fault| matches!(fault, Fault::Unreachable | Fault::Timeout | Fault::OutOfMemory);
        let is_absent = self.is(MISSING) || OF_INSTALLATION.iter().any(|name| self.is(name));
        let (stage, fault) = match self.of_platform().filter(surrounding) {
            Some(fault) => (Stage::Ready, fault),
            None if is_absent => (Stage::Configure, Fault::Misconfigured),
            None => (Stage::Ready, Fault::Refused),
        };
        let message = with_advice(format!("{doing} {}", self.predicate()), fault);
        BackendError::new(stage, fault, message).with_log(self.traceback)
    }

    /// The error of a call that raised this.
    pub(super) fn in_call(self, origin: ExceptionOrigin) -> BackendError {
        if self.is(UNPICKLABLE) {
            return BackendError::new(Stage::Decode, Fault::Undecodable, self.message).with_log(self.traceback);
        }
        if let Some(status) = self.status.and_then(DeclineStatus::of) {
            let message = format!("the call {}\n{}", self.predicate(), status.advice);
            return self.error(Stage::Call, declined(status.declined), message);
        }
        if let Some((fault, advice)) = device::of_words(&self.message) {
            return self.error(Stage::Call, fault, format!("{}\n{advice}", self.message));
        }
        if let Some(fault) = self.of_platform().filter(|fault| *fault != Fault::Refused) {
            return self.error(Stage::Call, fault, with_advice(format!("the call {}", self.predicate()), fault));
        }
        let is_own = origin == ExceptionOrigin::Model || self.is_of_model();
        let error = self.error(Stage::Call, Fault::Refused, self.message.clone());
        BackendError { exception: error.exception.filter(|_| is_own), ..error }
    }

    /// Whether the model itself raised it, and not the client of a backend that repeats its message with another class.
    fn is_of_model(&self) -> bool {
        let is_core = |module: &String| {
            module.strip_prefix("boileroom.models.").is_some_and(|inside| inside.rsplit('.').next() == Some("core"))
                || module.starts_with("boileroom.testing.")
        };
        let wrapper = |module: &String| module.starts_with("boileroom.models.");
        self.modules.iter().any(is_core) || self.modules.last().is_some_and(wrapper)
    }

    /// The error of an object's act in a scenario, such as `stop()`, that raised this.
    pub(super) fn in_act(&self, doing: &str) -> BackendError {
        let is_refusal = self.is("builtins.RuntimeError") && self.message.contains("not initialized");
        let fault = if is_refusal { Fault::NotRunning } else { Fault::Refused };
        self.error(Stage::Call, fault, format!("{doing} {}", self.predicate()))
    }

    /// The error of a stop that raised this.
    pub(super) fn at_stop(&self) -> BackendError {
        let message = format!("shutdown() {}; it counts as stopped all the same", self.predicate());
        self.error(Stage::Shutdown, Fault::Refused, message)
    }

    fn is(&self, class: &str) -> bool {
        self.ancestors.iter().any(|ancestor| ancestor == class)
    }

    fn of_platform(&self) -> Option<Fault> {
        // The nearest known class decides.
        let fault = |name: &String| OF_PLATFORMS.iter().find(|(known, _)| known == name).map(|(_, fault)| *fault);
        self.ancestors.iter().find_map(fault)
    }

    /// A predicate that follows a subject, such as `raised ValueError: …`.
    fn predicate(&self) -> String {
        match (self.class.as_str(), self.message.as_str()) {
            ("SystemExit", status) => format!("ended the interpreter: sys.exit({status})"),
            (class, "") => format!("raised {class}"),
            (class, message) => format!("raised {class}: {message}"),
        }
    }

    fn error(&self, stage: Stage, fault: Fault, message: String) -> BackendError {
        BackendError::new(stage, fault, message).with_exception(&self.class).with_log(self.traceback.clone())
    }
}

/// A message with what to do, if its class alone says that the memory is too small.
fn with_advice(message: String, fault: Fault) -> String {
    if fault == Fault::OutOfMemory { format!("{message}\n{}", device::MORE_MEMORY) } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Option<HostedStartStep> = Some(HostedStartStep::Start);
    use crate::backend::Responsible;

    fn raised(ancestors: &[&str], message: &str) -> PythonException {
        let class = ancestors[0].rsplit('.').next().unwrap();
        PythonException {
            class: class.into(),
            ancestors: ancestors.iter().map(|name| (*name).to_owned()).collect(),
            message: message.into(),
            traceback: vec!["Traceback".into()],
            modules: Vec::new(),
            status: None,
            missing: None,
        }
    }

    #[test]
    fn the_model_refuses_with_its_own_message() {
        let error = raised(&["builtins.ValueError", "builtins.Exception"], "Invalid amino acid(s)")
            .in_call(ExceptionOrigin::Model);
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Refused));
        assert_eq!(error.message, "Invalid amino acid(s)");
        assert_eq!(error.exception.as_deref(), Some("ValueError"));
        assert_eq!(error.log_tail, ["Traceback"]);
    }

    #[test]
    fn the_platform_differs_from_the_model() {
        let fault = |ancestors: &[&str]| raised(ancestors, "no").in_call(ExceptionOrigin::Model).fault;
        assert_eq!(fault(&["modal.exception.AuthError", "modal.exception.Error"]), Fault::Misconfigured);
        assert_eq!(fault(&["modal.exception.FunctionTimeoutError", "modal.exception.TimeoutError"]), Fault::Timeout);
        assert_eq!(fault(&["httpx.ConnectError", "httpx.NetworkError", "httpx.TransportError"]), Fault::Unreachable);
        assert_eq!(fault(&["urllib.error.HTTPError", "urllib.error.URLError", "builtins.OSError"]), Fault::Refused);
        assert_eq!(fault(&["builtins.SystemExit"]), Fault::Died);
        assert_eq!(fault(&["pkg.ModelError", "builtins.RuntimeError"]), Fault::Refused);
        assert_eq!(fault(&[UNPICKLABLE]), Fault::Undecodable);
    }

    #[test]
    fn a_missing_package_differs_from_code_that_fails_during_its_import() {
        let error = |ancestors: &[&str]| raised(ancestors, "5").at_import("importing pkg:Model");
        for ancestors in [
            &["builtins.ModuleNotFoundError", "builtins.ImportError"][..],
            &["hydrotest_bridge.objects.Missing", "builtins.AttributeError"],
        ] {
            let error = error(ancestors);
            assert_eq!((error.responsible(), error.exception), (Responsible::Settings, None), "{ancestors:?}");
        }
        for ancestors in [
            &["builtins.SyntaxError", "builtins.Exception"][..],
            &["builtins.SystemExit"],
            &["builtins.ValueError"],
            &["pkg.Odd", "builtins.RuntimeError"],
        ] {
            let error = error(ancestors);
            assert_eq!((error.responsible(), error.exception), (Responsible::Backend, None), "{ancestors:?}");
        }
        assert_eq!(error(&["builtins.ConnectionError"]).fault, Fault::Unreachable);
        assert_eq!(error(&["builtins.MemoryError"]).fault, Fault::OutOfMemory);
    }

    #[test]
    fn a_start_that_raises_is_the_failure_of_the_code_that_raises() {
        let start = |ancestors: &[&str]| raised(ancestors, "no").at_start(START, "B.start()", ExceptionOrigin::Backend);
        let error = start(&["builtins.RuntimeError", "builtins.Exception"]);
        assert_eq!((error.responsible(), &error.exception), (Responsible::Backend, &None));
        assert_eq!(error.message, "B.start() raised RuntimeError: no");
        assert_eq!(start(&["builtins.AttributeError"]).responsible(), Responsible::Backend);
        assert_eq!(start(&[UNFIT, "builtins.TypeError"]).responsible(), Responsible::Backend);
        assert_eq!(start(&["builtins.FileNotFoundError"]).responsible(), Responsible::Platform);
        assert_eq!(start(&["builtins.ConnectionError"]).responsible(), Responsible::Platform);
        let mut selector = raised(&["builtins.ValueError"], "Backend x not supported");
        selector.modules = vec!["boileroom.models.esm.esm2".into()];
        assert_eq!(selector.at_start(START, "ESM2()", ExceptionOrigin::Backend).responsible(), Responsible::Settings);
        let mut own = raised(&["builtins.ValueError"], "no");
        own.modules = vec!["boileroom.models.esm.esm2".into(), "boileroom.backend.mine".into()];
        assert_eq!(own.at_start(START, "ESM2()", ExceptionOrigin::Backend).responsible(), Responsible::Backend);
        let error = raised(&["builtins.ValueError"], "Unsupported");
        let error = error.at_start(START, "ESM3Core._initialize()", ExceptionOrigin::Model);
        assert_eq!((error.fault, error.exception.as_deref()), (Fault::Refused, Some("ValueError")));
    }

    #[test]
    fn the_class_counts_only_where_the_model_itself_raised_it() {
        let class = |modules: &[&str]| {
            let mut raised = raised(&["builtins.RuntimeError"], "Invalid amino acid(s)");
            raised.modules = modules.iter().map(|name| (*name).to_owned()).collect();
            let error = raised.in_call(ExceptionOrigin::Backend);
            assert_eq!((error.fault, error.message.as_str()), (Fault::Refused, "Invalid amino acid(s)"));
            error.exception
        };
        assert_eq!(class(&["your_backend"]), None);
        assert_eq!(class(&["boileroom.models.esm.esm2", "boileroom.base", "boileroom.backend.apptainer"]), None);
        let own = Some("RuntimeError".to_owned());
        assert_eq!(class(&["your_backend", "boileroom.models.esm.core", "torch.nn"]), own);
        assert_eq!(class(&["boileroom.models.esm.esm2"]), own);
    }

    #[test]
    fn a_status_of_a_proxy_and_errors_of_the_device_keep_their_owner() {
        for (status, responsible) in [
            (401, Responsible::Settings),
            (504, Responsible::Platform),
            (524, Responsible::Platform),
            (500, Responsible::Backend),
        ] {
            let mut declined = raised(&["httpx.HTTPStatusError"], "an error of the client or the server");
            declined.status = Some(status);
            assert_eq!(declined.in_call(ExceptionOrigin::Backend).responsible(), responsible, "{status}");
        }
        let memory = raised(&["torch.OutOfMemoryError", "builtins.RuntimeError"], "CUDA out of memory.");
        assert_eq!(memory.in_call(ExceptionOrigin::Model).fault, Fault::OutOfMemory);
    }

    #[test]
    fn a_gpu_that_cannot_be_used_is_the_platforms_in_a_start_and_in_a_call() {
        let lost =
            || raised(&["torch.AcceleratorError", "builtins.RuntimeError"], "CUDA error: uncorrectable ECC error");
        for error in [lost().in_call(ExceptionOrigin::Model), lost().at_start(START, "it", ExceptionOrigin::Model)] {
            assert_eq!((error.fault, error.responsible()), (Fault::Unreachable, Responsible::Platform), "{error}");
            assert!(error.message.ends_with("or use another GPU"), "{error}");
        }
    }

    #[test]
    fn the_memory_of_the_machine_is_the_platforms_whatever_asks_for_it() {
        let array = ["numpy._core._exceptions._ArrayMemoryError", "builtins.MemoryError"];
        let array = raised(&array, "Unable to allocate 12.0 GiB for an array").in_call(ExceptionOrigin::Model);
        assert_eq!((array.fault, array.responsible()), (Fault::OutOfMemory, Responsible::Platform));
        let bare = || raised(&["builtins.MemoryError", "builtins.Exception"], "");
        for error in [bare().in_call(ExceptionOrigin::Model), bare().at_start(START, "it", ExceptionOrigin::Backend)] {
            assert_eq!((error.fault, error.responsible()), (Fault::OutOfMemory, Responsible::Platform), "{error}");
            assert!(error.message.contains(" raised MemoryError\nthe memory of the device or the machine"), "{error}");
        }
    }
}
