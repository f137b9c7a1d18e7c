//! What `hydrotest doctor` finds out about a server that runs already: whether it is there, is signed for, and has the model that its
//! table says. Makes one small call and starts nothing.

use std::sync::Arc;
use std::time::Duration;

use super::Http;
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::backend::served::failure;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::interpolate;
use crate::prediction::{Contract, Input, Method, Options, Request};
use crate::wire::Secret;
use crate::wire::client::ModelClient;

/// A sequence that every model takes.
const PROBE: &str = "ACDEFGHIKL";
/// How long a server may take to show which model it has.
const PROBED_FOR: Duration = Duration::from_secs(90);

impl Http {
    /// All that the backend needs, each with the line that says so.
    pub(super) async fn examination(&self, models: &[Arc<Contract>]) -> Vec<Requirement> {
        let secret = std::env::var(&self.secret_variable).ok().and_then(Secret::new);
        let name = &self.secret_variable;
        let shown = match &secret {
            Some(_) => Requirement::met("secret", format!("{name} is set")),
            None => Requirement {
                status: RequirementStatus::Unset,
                ..Requirement::unmet(
                    "secret",
                    format!("{name} is not set"),
                    format!("export {name} with the secret that the server signs with"),
                )
            },
        };
        let server = self.server(secret.clone()).await;
        let is_ready = server.status == RequirementStatus::Met;
        let mut requirements = vec![shown, server];
        if is_ready
            && secret.is_some()
            && let Ok(client) = self.client()
        {
            requirements.push(self.model(&client, models).await);
        }
        requirements
    }

    /// Asks the server whether it is ready. The secret plays no part in that.
    async fn server(&self, secret: Option<Secret>) -> Requirement {
        const SUBJECT: &str = "server";
        let url = match interpolate(&self.url, &[], |name| std::env::var(name).ok()) {
            Ok(url) => url,
            Err(error) => {
                let error = BackendError::new(Stage::Configure, Fault::Misconfigured, error.to_string());
                return Requirement::unset(&error);
            }
        };
        let client = secret
            .map_or_else(Secret::generate, Ok)
            .map_err(|error| error.to_string())
            .and_then(|secret| self.credentials(secret).map_err(|error| error.message))
            .and_then(|own| {
                let client = ModelClient::new(&url, own.secret, self.served.timeouts);
                let client = client.map_err(|error| error.to_string())?;
                Ok(client.with_headers(own.headers))
            });
        let healthy = match client {
            Ok(client) => client.health().await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        match healthy {
            Ok(()) => Requirement::met(SUBJECT, format!("{url} is ready")),
            Err(error) => Requirement::unmet(
                SUBJECT,
                format!("{url} is not ready: {error}"),
                format!("start the model server there, or correct `url` at {}", self.places.url),
            ),
        }
    }

    /// Finds out by one call whether secret and model are those of the server.
    async fn model(&self, client: &ModelClient, models: &[Arc<Contract>]) -> Requirement {
        let keys: Vec<&str> = models.iter().map(|model| model.key.as_str()).collect();
        let keys = keys.join(", ");
        match probe(client, models).await {
            Ok(class) if models.len() == 1 && models[0].output == class => {
                Requirement::met("model", format!("answers as {keys}, and signs with the secret"))
            }
            Ok(class) => Requirement::unmet(
                "model",
                format!("the server answers with {class}, and is to be {keys}"),
                format!("name the one model of the server in `models`, {}", self.places.models),
            ),
            Err(error) if error.fault == Fault::Signature => Requirement::unmet(
                "secret",
                error.message,
                format!(
                    "give {} the value that the server has in {} (`secret_env`, {})",
                    self.secret_variable,
                    Secret::VARIABLE,
                    self.places.secret
                ),
            ),
            Err(error) if error.fault == Fault::Denied => Requirement::unmet(
                "access",
                error.message,
                format!("give `headers` what the server wants, {}", self.places.url),
            ),
            Err(error) => Requirement::doubtful(
                "model",
                format!("a call of one short sequence failed: {}", error.message),
                "a run shows whether cases do",
            ),
        }
    }
}

/// The class of what the server answers, asked by each method that one of the models has.
pub(super) async fn probe(client: &ModelClient, models: &[Arc<Contract>]) -> Result<String, BackendError> {
    let mut failed =
        BackendError::new(Stage::Call, Fault::Timeout, format!("no response within {} s", PROBED_FOR.as_secs()));
    let asking = async {
        for method in [Method::Embed, Method::Fold] {
            if !models.iter().any(|model| model.method == method) {
                continue;
            }
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
