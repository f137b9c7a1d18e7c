//! The checks of `hydrotest doctor` for a server that runs already: that it is reachable, signs with the secret, and has the model of its
//! table. Makes one small call and starts nothing.

use std::sync::Arc;
use std::time::Duration;

use super::{Http, keys};
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::backend::served::failure;
use crate::backend::{BackendError, Fault, Stage};
use crate::prediction::{Contract, Input, Method, Options, Request};
use crate::wire::Secret;
use crate::wire::client::ModelClient;

/// A sequence that every model accepts.
const PROBE: &str = "ACDEFGHIKL";
/// How long a server may take to answer the small call.
const PROBED_FOR: Duration = Duration::from_secs(90);

impl Http {
    /// The requirements of the backend.
    pub(super) async fn examination(&self, models: &[Arc<Contract>]) -> Vec<Requirement> {
        let (secret, name) = (self.secret(), &self.secret.value);
        let mut requirements = vec![if secret.is_some() {
            Requirement::met("secret", format!("{name} is set"))
        } else {
            let advice = format!("export {name} with the secret that the server signs with");
            let unmet = Requirement::unmet("secret", format!("{name} is not set"), advice);
            Requirement { status: RequirementStatus::Unset, ..unmet }
        }];
        let url = match self.address() {
            Ok(url) => url,
            Err(error) => {
                requirements.push(Requirement::unset(&error));
                return requirements;
            }
        };
        // Readiness can be checked with any secret.
        let any_secret = secret.clone().map_or_else(Secret::generate, Ok).map_err(|error| error.to_string());
        let client = any_secret.and_then(|secret| self.client(&url, secret).map_err(|error| error.message));
        let ready = match client {
            Ok(client) => client.health().await.map(|()| client).map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        match ready {
            Ok(client) => {
                requirements.push(Requirement::met("server", format!("{url} is ready")));
                if secret.is_some() {
                    requirements.push(self.model(&client, models).await);
                }
            }
            Err(error) => requirements.push(Requirement::unmet(
                "server",
                format!("{url} is not ready: {error}"),
                format!("start the model server there, or correct `url` at {}", self.url.location),
            )),
        }
        requirements
    }

    /// Checks the secret and the model of the server by one call.
    async fn model(&self, client: &ModelClient, models: &[Arc<Contract>]) -> Requirement {
        let keys = keys(models);
        match probe(client, models).await {
            Ok(class) if models.len() == 1 && models[0].output == class => {
                Requirement::met("model", format!("answers as {keys}, and signs with the secret"))
            }
            Ok(class) => Requirement::unmet(
                "model",
                format!("the server answers with {class}, and is to be {keys}"),
                format!("name the one model of the server in `models`, {}", self.models),
            ),
            Err(error) if error.fault == Fault::Signature => Requirement::unmet(
                "secret",
                error.message,
                format!(
                    "give {} the value that the server has in {} (`secret_env`, {})",
                    self.secret.value,
                    Secret::VARIABLE,
                    self.secret.location
                ),
            ),
            Err(error) if error.fault == Fault::Denied => Requirement::unmet(
                "access",
                error.message,
                format!("give `headers` what the server wants, {}", self.url.location),
            ),
            Err(error) => Requirement::doubtful(
                "model",
                format!("a call of one short sequence failed: {}", error.message),
                "a run shows whether cases do",
            ),
        }
    }
}

/// The class of the server's prediction, by each method that one of the models has.
pub(super) async fn probe(client: &ModelClient, models: &[Arc<Contract>]) -> Result<String, BackendError> {
    let mut failed =
        BackendError::new(Stage::Call, Fault::Timeout, format!("no response within {} s", PROBED_FOR.as_secs()));
    let asking = async {
        let has = |method: &Method| models.iter().any(|model| model.method == *method);
        for method in [Method::Embed, Method::Fold].into_iter().filter(has) {
            let request = Request { method, input: Input::One(PROBE.to_owned()), options: Options::new() };
            match client.predict(&request).await {
                Ok(prediction) => return Some(prediction.class),
                Err(error) => failed = failure::of(&error),
            }
        }
        None
    };
    let class = tokio::time::timeout(PROBED_FOR, asking).await.ok().flatten();
    class.ok_or(failed)
}
