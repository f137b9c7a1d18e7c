//! The kind `http`: a model server that somebody else runs. Waits for it, calls it, never starts or stops it.

use std::sync::Arc;

use super::examination::{State, Symptom};
use super::kind::{Configured, Kind, Launch, Leaves, Override, Overrides, Settings};
use super::launcher::{Demise, Endpoint, Job, Launcher};
use super::served::{Served, ServedSettings};
use super::{Backend, BackendError, Fault, Stage, Watch, Work};
use crate::config::{BackendTable, Diagnostics, PerModel, Reader, interpolate};
use crate::prediction::{Contract, Options};
use crate::wire::Secret;
use crate::wire::client::ModelClient;

/// The row of this kind.
pub const KIND: Kind = Kind {
    name: "http",
    summary: "a model server that runs already",
    overrides: &[Override::KeepResponses],
    weights: None,
    calls_per_instance: 1,
    leaves: Leaves::Nothing,
    configured: Configured::Already,
    template: r#"# Where the server answers; a server has one model.
url = "http://127.0.0.1:8000"
models = ["esm2"]
# The variable of your environment that holds the secret which the server signs with.
secret_env = "HYDROTEST_SECRET"
"#,
    configure,
};

struct Http {
    url: String,
    secret_variable: String,
    /// The name of the backend, as its table has it.
    name: String,
    /// What the server was started with.
    per_model: PerModel,
    served: ServedSettings,
}

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = Reader::new(&table.settings, diagnostics);
    let url = reader.required_text("url");
    if let Some(Err(error)) = url.as_ref().map(|url| interpolate(url, &[], |_| Some(String::new()))) {
        reader.reject("url", error, "in this address");
    }
    let secret_variable = reader.text("secret_env").unwrap_or_else(|| Secret::VARIABLE.to_owned());
    let served = ServedSettings::read(table, &mut reader);
    reader.finish();
    Some(Arc::new(Http {
        url: url?,
        secret_variable,
        name: table.name.clone(),
        per_model: table.per_model.clone(),
        served,
    }))
}

impl Settings for Http {
    fn open(&self, launch: &Launch) -> Result<Box<dyn Backend>, BackendError> {
        let unusable = |message| BackendError::new(Stage::Configure, Fault::Misconfigured, message);
        let variable = |name: &str| std::env::var(name).ok();
        let url = interpolate(&self.url, &[], variable).map_err(|error| unusable(error.to_string()))?;
        if let Some(reason) = self.declines(&launch.contract, &launch.config) {
            return Err(unusable(reason));
        }
        let Some(secret) = variable(&self.secret_variable).and_then(Secret::new) else {
            let message = format!(
                "the server's secret is expected in the environment variable {}, which is not set",
                self.secret_variable
            );
            return Err(unusable(message));
        };
        let launcher = Running {
            endpoint: Endpoint { url, port: None },
        };
        let job = Job::new(launch, None);
        Ok(Box::new(Served::new(launcher, job, self.served, Some(secret))))
    }

    fn examine<'a>(&'a self, _: &'a [Arc<Contract>], _: &'a Overrides) -> Watch<'a, Vec<Symptom>> {
        Box::pin(async {
            let secret = std::env::var(&self.secret_variable).ok().and_then(Secret::new);
            let name = &self.secret_variable;
            let shown = match &secret {
                Some(_) => Symptom::well("secret", format!("{name} is set")),
                None => Symptom {
                    state: State::Unset,
                    ..Symptom::broken(
                        "secret",
                        format!("{name} is not set"),
                        format!("export {name} with the secret that the server signs with"),
                    )
                },
            };
            vec![shown, self.call_on(secret).await]
        })
    }

    fn declines(&self, contract: &Contract, config: &Options) -> Option<String> {
        let has = self.per_model.config(contract);
        let differences = contract.differences(config, &has);
        if differences.is_empty() {
            return None;
        }
        let differences = differences
            .iter()
            .map(|(option, wanted, has)| format!("`{option}` {wanted} is wanted, and the server has {has}"));
        let (name, key) = (&self.name, &contract.key);
        Some(format!(
            "a server that runs already cannot be given another configuration: {}, as `config.{key}` of [backends.{name}] \
             or the model's default says",
            differences.collect::<Vec<_>>().join(", ")
        ))
    }
}

impl Http {
    /// Asks the server whether it is ready. The secret plays no part in that.
    async fn call_on(&self, secret: Option<Secret>) -> Symptom {
        const SUBJECT: &str = "server";
        let url = match interpolate(&self.url, &[], |name| std::env::var(name).ok()) {
            Ok(url) => url,
            Err(error) => {
                let error = BackendError::new(Stage::Configure, Fault::Misconfigured, error.to_string());
                return Symptom::unset(&error);
            }
        };
        let client = secret
            .map_or_else(Secret::generate, Ok)
            .map_err(|error| error.to_string())
            .and_then(|secret| ModelClient::new(&url, secret, self.served.timeouts).map_err(|error| error.to_string()));
        let healthy = match client {
            Ok(client) => client.health().await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        match healthy {
            Ok(()) => Symptom::well(SUBJECT, format!("{url} is ready")),
            Err(error) => Symptom::broken(
                SUBJECT,
                format!("{url} is not ready: {error}"),
                "start the model server there, or correct `url`",
            ),
        }
    }
}

/// A server that is there without our doing.
struct Running {
    endpoint: Endpoint,
}

impl Launcher for Running {
    fn launch<'a>(&'a mut self, _: &'a Job, _: &'a Secret) -> Work<'a, Endpoint> {
        let endpoint = self.endpoint.clone();
        Box::pin(async { Ok(endpoint) })
    }

    fn ended(&self) -> Watch<'_, Demise> {
        Box::pin(std::future::pending())
    }

    fn watches(&self) -> bool {
        false
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::kind::Overrides;
    use super::super::registry::Platform;
    use crate::config::{Config, Source};
    use crate::prediction::Options;

    fn select(table: &str) -> Result<Platform, String> {
        let text = format!("default = 'lab'\n[backends.lab]\nkind = 'http'\n{table}");
        let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
        Platform::select(&config, "lab", Overrides::default()).map_err(|diagnostics| diagnostics.to_string())
    }

    #[test]
    fn mistakes_are_shown_where_they_are_written() {
        let shown = select("url = 'http://{host}:80'\nsecrte_env = 'X'\n").err().unwrap();
        assert!(shown.contains("unknown placeholder `{host}`"), "{shown}");
        assert!(shown.contains("did you mean `secret_env`?"), "{shown}");
        assert!(select("").err().unwrap().contains("missing key `url`"));
    }

    #[test]
    fn only_what_a_call_cannot_say_and_changes_results_makes_another_configuration() {
        let declined = |table: &str, wanted: serde_json::Value| {
            let platform = select(&format!("url = 'http://127.0.0.1:1'\n{table}")).unwrap();
            let config = Config::built_in().unwrap();
            platform.declines(config.model("esm2").unwrap(), wanted.as_object().unwrap())
        };
        let default = "esm2_t33_650M_UR50D";
        assert_eq!(declined("config = { device = 'cpu' }", json!({})), None);
        assert_eq!(
            declined(
                "",
                json!({ "device": "cpu", "include_fields": ["*"], "model_name": default })
            ),
            None
        );
        assert_eq!(
            declined(&format!("config.esm2 = {{ model_name = '{default}' }}"), json!({})),
            None
        );
        let reason = declined("", json!({ "model_name": "nope" })).unwrap();
        assert!(
            reason.contains(r#"`model_name` "nope" is wanted, and the server has "esm2_t33_650M_UR50D""#),
            "{reason}"
        );
    }

    #[test]
    fn a_secret_that_is_not_set_is_named_before_anything_is_asked() {
        let platform = select("url = 'http://127.0.0.1:1'\nsecret_env = 'NO_SUCH_VARIABLE'\n").unwrap();
        let contract = Config::built_in().unwrap().models[0].clone();
        let error = platform.open(&contract, &Options::new()).err().unwrap();
        assert!(error.message.contains("NO_SUCH_VARIABLE"), "{error}");
    }
}
