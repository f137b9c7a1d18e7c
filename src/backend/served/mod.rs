//! A backend made of a launcher and the model-server protocol: readiness, secret, calls, and what became of the server when
//! one fails. The same for every kind that runs a server; how a platform runs it is for its [`Launcher`].

pub(crate) mod failure;
mod readiness;
mod settings;

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::kind::LaunchSpec;
use super::launcher::{Endpoint, Launcher};
use super::{Backend, BackendError, Fault, Stage, Work};
use crate::prediction::{Prediction, Request, largest_response};
use crate::wire::client::{ClientError, ModelClient, Route};
use crate::wire::envelope::EnvelopeError;
use crate::wire::{ResponseLimits, Secret};

pub(super) use failure::declined;
pub(crate) use settings::ServedSettings;

use readiness::Readiness;

/// How often a server is started anew because another process had taken its address.
const ATTEMPTS: usize = 3;
/// How often a call is made again because the server asks to come later.
const REPEATS: usize = 3;
/// How long to wait for the report of a server's exit after its connection ended, which comes first: engines take a while to notice,
/// a busy machine longer.
const EXIT_REPORT: Duration = Duration::from_secs(15);
/// How long nothing listens where a server was that is not watched, before it counts as ended.
const GONE_FOR: Duration = Duration::from_secs(3);
/// How often it is looked whether it is there again.
const PAUSE: Duration = Duration::from_millis(100);
/// How long after a call that failed otherwise.
const MOMENT: Duration = Duration::from_secs(1);

/// A model behind a server that `L` runs.
pub(crate) struct Served<L> {
    launcher: L,
    launch: LaunchSpec,
    settings: ServedSettings,
    own: Option<Credentials>,
    client: Option<ModelClient>,
}

/// The credentials and the identity of a server that hydrotest did not start.
pub(crate) struct Credentials {
    /// What it signs with.
    pub(crate) secret: Secret,
    /// The variable that holds the secret.
    pub(crate) variable: String,
    /// Headers for every request.
    pub(crate) headers: HeaderMap,
}

impl<L: Launcher> Served<L> {
    /// A backend that starts nothing yet. `own` is what the server has already; else every start makes a new secret.
    pub(crate) const fn new(
        launcher: L,
        launch: LaunchSpec,
        settings: ServedSettings,
        own: Option<Credentials>,
    ) -> Self {
        Self { launcher, launch, settings, own, client: None }
    }

    async fn start(&mut self) -> Result<(), BackendError> {
        let deadline = tokio::time::Instant::now() + self.settings.patience();
        let mut taken = Vec::new();
        let mut in_use = None;
        let progress = &self.launch.progress;
        for _ in 0..ATTEMPTS {
            let secret = self.own_secret()?;
            let endpoint = self.launcher.launch(&self.launch, &secret).await?;
            let client = ModelClient::by(self.route(), &endpoint.url, secret, self.settings.timeouts);
            let headers = self.own.as_ref().map(|own| own.headers.clone()).unwrap_or_default();
            let client = client.map_err(|error| failure::of(&error))?.with_headers(headers);
            match readiness::wait(&self.launcher, &endpoint, &client, &self.settings, progress, deadline).await? {
                Readiness::Ready => {
                    self.client = Some(client);
                    return Ok(());
                }
                Readiness::Taken => taken.push(endpoint),
                Readiness::InUse(error) => in_use = Some(error),
            }
            // One that had to be killed is gone as well: a server that loads its model does not hear SIGTERM.
            let _ = self.launcher.terminate().await;
        }
        // One that finds every port in use may not listen where it is told to.
        Err(in_use.unwrap_or_else(|| all_taken(&taken)))
    }

    /// No proxy stands between us and what we have started ourselves.
    const fn route(&self) -> Route {
        match self.own {
            Some(_) => Route::Environment,
            None => Route::Direct,
        }
    }

    fn own_secret(&self) -> Result<Secret, BackendError> {
        let own = self.own.as_ref().map(|own| own.secret.clone());
        own.map_or_else(Secret::generate, Ok).map_err(|error| {
            let message = format!("cannot make a random secret: {error}");
            BackendError::new(Stage::Launch, Fault::Internal, message)
        })
    }

    /// Makes one call; the raw response is kept first when it is to be, so that one which cannot be decoded is kept as well.
    async fn ask(&self, client: &ModelClient, request: &Request) -> Result<Prediction, ClientError> {
        let Some(recorder) = &self.launch.recorder else {
            return client.predict(request).await;
        };
        match client.ask(request).await {
            Ok(raw) => {
                recorder.keep(request, &raw, Some(client.secret())).await;
                client.decode(raw).await
            }
            Err(error) => {
                recorder.keep_error(request, &failure::of(&error)).await;
                Err(error)
            }
        }
    }

    /// Makes a call, and again when the server asks for a while that is not too long.
    async fn call(&self, client: &ModelClient, request: &Request) -> Result<Prediction, ClientError> {
        let mut repeats = 0;
        loop {
            let response = self.ask(client, request).await;
            match response.as_ref().err().and_then(ClientError::wait) {
                Some(wait) if repeats < REPEATS => tokio::time::sleep(wait).await,
                _ => return response,
            }
            repeats += 1;
        }
    }

    /// The error of a failed call, which is the server's end when it has come.
    async fn explain(&self, error: &ClientError) -> BackendError {
        if let (Some(own), ClientError::Envelope(EnvelopeError::WrongSignature)) = (&self.own, error) {
            let message = format!(
                "the server signs with another secret than the environment variable {} holds: set it to the server's own {}",
                own.variable,
                Secret::VARIABLE
            );
            return BackendError::new(Stage::Configure, Fault::Misconfigured, message);
        }
        let error = failure::explained(error);
        if !self.launcher.watches() && error.fault == Fault::Died {
            return self.look_after(error).await;
        }
        let wait = match error.fault {
            // A server that answered in full is alive, unless another one has its place by now.
            Fault::Refused | Fault::Schema | Fault::OutOfMemory | Fault::Poisoned => Duration::ZERO,
            _ if !self.launcher.watches() => Duration::ZERO,
            Fault::Died | Fault::Unreachable => EXIT_REPORT,
            _ => MOMENT,
        };
        let Ok(server_exit) = tokio::time::timeout(wait, self.launcher.exited()).await else {
            return error;
        };
        let when = if error.fault == Fault::Unreachable { "before the call" } else { "in the middle of a call" };
        server_exit.during(Stage::Call, when).with_log(self.launcher.final_log().await)
    }
}

impl<L: Launcher> Served<L> {
    /// What became of a server that is not watched, whose connection ended in the middle of a call: one that is gone ended
    /// with it. A server that is started anew from outside answers after a while.
    async fn look_after(&self, error: BackendError) -> BackendError {
        let Some(client) = &self.client else { return error };
        let deadline = tokio::time::Instant::now() + GONE_FOR;
        loop {
            match client.health().await {
                Err(ClientError::Unreachable { refused: true, .. }) => {}
                _ => return error,
            }
            if tokio::time::Instant::now() >= deadline {
                let address = client.address();
                let message = format!(
                    "the server ended in the middle of a call, and nothing listens at {address} any more: {}\n\
                     the server's own log says what ended it",
                    error.message
                );
                return BackendError { fault: Fault::Crashed, message, ..error };
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl<L: Launcher> Backend for Served<L> {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(self.start())
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        self.client = None;
        self.launcher.terminate()
    }

    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async move {
            let Some(client) = self.client(request) else {
                return Err(BackendError::new(Stage::Call, Fault::NotRunning, "the server is not running"));
            };
            let call = self.call(&client, request);
            tokio::select! {
                // A complete response counts, even of a server that ended right after it.
                biased;
                response = call => match response {
                    Ok(prediction) => Ok(prediction),
                    Err(error) => Err(self.explain(&error).await),
                },
                server_exit = self.launcher.exited() => {
                    let error = server_exit.during(Stage::Call, "in the middle of a call");
                    Err(error.with_log(self.launcher.final_log().await))
                }
            }
        })
    }

    fn client(&self, request: &Request) -> Option<ModelClient> {
        let largest = largest_response(&self.launch.contract, request, &self.launch.config);
        let client = self.client.clone()?;
        Some(client.with_limits(ResponseLimits::for_fields(largest)))
    }

    fn log_tail(&self) -> Vec<String> {
        self.launcher.log_tail()
    }
}

fn all_taken(endpoints: &[Endpoint]) -> BackendError {
    let addresses: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.url.as_str()).collect();
    let message = format!("other servers took every address that was tried: {}", addresses.join(", "));
    BackendError::new(Stage::Launch, Fault::Unreachable, message)
}
