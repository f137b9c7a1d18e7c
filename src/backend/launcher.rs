//! The interface of kinds that run the model server somewhere: launch it, watch it, terminate it. [`super::served`] does the rest for
//! all of them.

use std::time::Duration;

use super::kind::LaunchSpec;
use super::resources;
use super::{BackendError, Fault, Stage, Watch, Work};
use crate::config::TableReader;
use crate::os::PortOwner;
use crate::prediction::Options;
use crate::wire::Secret;

/// How long a server may take to exit after SIGTERM if its table does not say: as long as boileroom gives it.
const GRACE: Duration = Duration::from_secs(10);

/// Runs one model server.
pub(crate) trait Launcher: Send + Sync {
    /// Starts the server with the variables of the launch in its environment and returns where it will answer once the model is
    /// loaded. Called again after [`Self::terminate`] if the address turned out to be taken.
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint>;

    /// Completes when the server has exited by itself, immediately if it already has. Never completes for a server that cannot be watched.
    fn exited(&self) -> Watch<'_, ServerExit>;

    /// Whether the server is known to be exiting, so that [`Self::exited`] will complete, but perhaps only after a minute.
    fn is_exiting(&self) -> bool {
        false
    }

    /// Who owns the port of the endpoint now, if that can be found out.
    fn owner(&self, _endpoint: &Endpoint) -> PortOwner {
        PortOwner::Unknown
    }

    /// The last lines of the server's log, oldest first.
    fn log_tail(&self) -> Vec<String> {
        Vec::new()
    }

    /// The last lines of the log of a server that has exited. Waits for the last of them, but not for ever.
    fn final_log(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async { self.log_tail() })
    }

    /// Ends the server, even if its launch failed or was dropped half-way. Bounded in time.
    fn terminate(&mut self) -> Work<'_, ()>;
}

/// The exit of a server that was not asked to exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerExit {
    /// The fault that it counts as.
    pub(crate) fault: Fault,
    /// How it exited, to follow the words "the server", such as `exited with status 1`.
    pub(crate) message: String,
    /// Whether the cause is external.
    pub(crate) from_outside: bool,
}

impl ServerExit {
    /// The error of a stage that this exit interrupted.
    pub(crate) fn during(&self, stage: Stage, when: &str) -> BackendError {
        BackendError {
            from_outside: self.from_outside,
            ..BackendError::new(stage, self.fault, format!("the server {} {when}", self.message))
        }
    }
}

/// Where a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address, without a route.
    pub(crate) url: String,
    /// The port, if it is on this machine.
    pub(crate) port: Option<u16>,
}

impl LaunchSpec {
    /// This launch on its device: that of the command line, else of its configuration, else of the backend's table.
    pub(crate) fn on_device(&self, table: Option<&str>) -> Self {
        let mut spec = self.clone();
        spec.overrides.device = device_of(self.overrides.device.as_deref(), table, &mut spec.config);
        if let Some(device) = &spec.overrides.device {
            spec.facts.device(device);
        }
        spec
    }

    /// The environment variables of the server: those of the protocol and the label of the instance. `None` removes a variable that
    /// hydrotest may have itself.
    pub(crate) fn variables(&self, secret: &Secret) -> [(&'static str, Option<String>); 5] {
        [
            ("MODEL_CLASS", Some(self.contract.core.clone())),
            ("MODEL_CONFIG", Some(serde_json::Value::Object(self.config.clone()).to_string())),
            ("DEVICE", self.overrides.device.clone()),
            (Secret::VARIABLE, Some(secret.expose().to_owned())),
            (resources::VARIABLE, Some(self.instance.label())),
        ]
    }
}

/// Reads the key `grace`: how long a server may take to exit after SIGTERM before it is killed.
pub(super) fn grace(reader: &mut TableReader<'_>, longest: Duration) -> Duration {
    let grace = reader.duration("grace").unwrap_or(GRACE);
    if grace > longest {
        let label = format!("expected at most {} s", longest.as_secs());
        reader.reject("grace", format_args!("`grace` is {} s", grace.as_secs_f64()), label);
    }
    grace
}

/// The error of a server that had to be killed.
pub(super) fn killed(grace: Duration) -> BackendError {
    let message = format!("the server did not end within {} s of SIGTERM and was killed", grace.as_secs_f64());
    BackendError::new(Stage::Shutdown, Fault::Timeout, message)
}

/// The device that a model runs on: that of the command line, else of the configuration, else of the backend's table. Sets it in the
/// configuration too.
pub(super) fn device_of(overriding: Option<&str>, table: Option<&str>, config: &mut Options) -> Option<String> {
    let configured = config.get("device").and_then(|device| device.as_str());
    let device = overriding.or(configured).or(table)?.to_owned();
    config.insert("device".to_owned(), device.clone().into());
    Some(device)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::facts::PlatformFacts;
    use crate::backend::kind::Overrides;
    use crate::backend::resources::{InstanceId, RunDirectory};
    use crate::backend::start_progress::StartProgress;
    use crate::config::Config;

    fn launch(device: Option<&str>) -> LaunchSpec {
        let contract = Arc::clone(Config::built_in().unwrap().model("esm2").unwrap());
        let config = serde_json::json!({"model_name": "esm2_t6_8M_UR50D"});
        LaunchSpec {
            contract,
            config: config.as_object().unwrap().clone(),
            overrides: Overrides { device: device.map(str::to_owned), ..Overrides::default() },
            instance: InstanceId::next(&Arc::new(RunDirectory::new())),
            progress: StartProgress::default(),
            facts: PlatformFacts::default(),
            recorder: None,
        }
    }

    #[test]
    fn the_device_reaches_the_server_and_the_model() {
        let secret = Secret::new("s").unwrap();
        let spec = launch(Some("cpu")).on_device(Some("cuda:1"));
        assert_eq!(spec.facts.devices().as_deref(), Some("cpu"));
        let variables = spec.variables(&secret);
        assert_eq!(variables[0].1.as_deref(), Some("boileroom.models.esm.core.ESM2Core"));
        assert_eq!(variables[1].1.as_deref(), Some(r#"{"model_name":"esm2_t6_8M_UR50D","device":"cpu"}"#));
        assert_eq!(variables[2], ("DEVICE", Some("cpu".into())));
        assert_eq!(variables[3], ("BOILEROOM_TRANSPORT_HMAC_KEY", Some("s".into())));
    }

    #[test]
    fn without_a_device_none_is_inherited_or_configured() {
        let spec = launch(None).on_device(None);
        assert_eq!(spec.facts.devices(), None);
        assert_eq!(spec.variables(&Secret::new("s").unwrap())[2], ("DEVICE", None));
        assert!(!spec.config.contains_key("device"));
    }
}
