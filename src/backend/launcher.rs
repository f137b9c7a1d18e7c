//! What a kind adds that runs the model server somewhere: launch it, watch it, terminate it. [`super::served`] does the rest,
//! the same for all of them.

use super::kind::LaunchSpec;
use super::resources;
use super::{BackendError, Fault, Stage, Watch, Work};
use crate::os::PortOwner;
use crate::prediction::Options;
use crate::wire::Secret;

/// Runs one model server.
pub(crate) trait Launcher: Send + Sync {
    /// Makes the server start, with the job's variables in its environment, and says where it will answer once the model is
    /// loaded. Called again after [`Self::terminate`] when the address turned out to be taken.
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint>;

    /// Completes when the server has ended by itself, at once when it has already; never for one that cannot be watched.
    fn exited(&self) -> Watch<'_, ServerExit>;

    /// Whether the end of the server can be heard of.
    fn watches(&self) -> bool {
        true
    }

    /// To whom the endpoint belongs by now, where that can be told.
    fn owner(&self, endpoint: &Endpoint) -> PortOwner {
        let _ = endpoint;
        PortOwner::Unknown
    }

    /// The last lines that the server logged, oldest first.
    fn log_tail(&self) -> Vec<String> {
        Vec::new()
    }

    /// The last lines of a server that has ended, once they are all here; waits for them only a short while.
    fn final_log(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async { self.log_tail() })
    }

    /// Ends the server, also one whose launch failed or was dropped half-way. Bounded in time.
    fn terminate(&mut self) -> Work<'_, ()>;
}

/// The exit of a server that was not asked to exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerExit {
    /// As what it counts.
    pub(crate) fault: Fault,
    /// What became of it, to follow the words "the server", such as `exited with progress 1`.
    pub(crate) message: String,
    /// Whether it was ended from outside.
    pub(crate) from_outside: bool,
}

impl ServerExit {
    /// An end that nothing outside of the server is known to have caused.
    pub(crate) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), from_outside: false }
    }
}

/// Where a server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address, without a route.
    pub(crate) url: String,
    /// The port, when it is one of this machine.
    pub(crate) port: Option<u16>,
}

impl LaunchSpec {
    /// The same on its device: that of the command line, else of its configuration, else of the backend's table.
    pub(crate) fn on_device(&self, table: Option<&str>) -> Self {
        let mut spec = self.clone();
        spec.overrides.device = device_of(self.overrides.device.as_deref(), table, &mut spec.config);
        if let Some(device) = &spec.overrides.device {
            spec.facts.device(device);
        }
        spec
    }

    /// The variables of the server's environment: what the protocol wants, and the label of the instance. `None` takes one away that the
    /// harness may have itself.
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

/// The device that a model runs on, which its configuration then says too: that of the command line, else what the
/// configuration has already, else that of the backend's table.
pub(super) fn device_of(overriding: Option<&str>, table: Option<&str>, config: &mut Options) -> Option<String> {
    const OPTION: &str = "device";
    let configured = config.get(OPTION).and_then(|device| device.as_str());
    let device = overriding.or(configured).or(table).map(str::to_owned)?;
    config.insert(OPTION.to_owned(), device.clone().into());
    Some(device)
}

impl ServerExit {
    /// The error of a stage that this end cut off.
    pub(crate) fn during(&self, stage: Stage, when: &str) -> BackendError {
        BackendError {
            from_outside: self.from_outside,
            ..BackendError::new(stage, self.fault, format!("the server {} {when}", self.message))
        }
    }
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
