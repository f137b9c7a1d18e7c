//! A backend made of a launcher and the model-server protocol: readiness, secret, calls, and the state of the server after a failed call.
//! It is the same for every kind that runs a server. Running the server on a platform is the task of the [`Launcher`].

pub(crate) mod failure;
mod readiness;
mod settings;

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::kind::LaunchSpec;
use super::launcher::{Launcher, ServerExit};
use super::time_limit::{extend, wait_as_asked};
use super::{Backend, BackendError, Fault, Stage, Work};
use crate::prediction::{Prediction, Request, largest_response};
use crate::wire::client::{ClientError, ModelClient, Route};
use crate::wire::{ResponseLimits, Secret};

pub(super) use failure::declined;
pub(crate) use settings::ServedSettings;

use readiness::{Readiness, ReadinessWait};

/// The number of starts that are tried if other processes take the server's address.
const ATTEMPTS: usize = 3;
/// How often a call is repeated because the server asks to try again later.
const REPEATS: usize = 3;
/// How long to wait for the report of a server's exit after its connection ended. Engines and busy machines take a while to notice.
const EXIT_REPORT: Duration = Duration::from_secs(15);
/// How long to wait for it if the server is known to be exiting: a scheduler's node may clean up for a minute.
const EXITING: Duration = Duration::from_secs(75);
/// Pause between two requests for the report. A scheduler is asked rarely while all is well, and at once on a request.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// How long the address of an unwatched server must refuse connections before the server counts as gone.
const GONE_FOR: Duration = Duration::from_secs(3);
/// How often its address is tried.
const PAUSE: Duration = Duration::from_millis(100);
/// How long to wait for the report of a server's exit after a call that failed in another way.
const MOMENT: Duration = Duration::from_secs(1);

/// A model behind a server that `L` runs.
pub(crate) struct Served<L> {
    launcher: L,
    launch: LaunchSpec,
    settings: ServedSettings,
    /// The credentials of a server that runs already.
    own: Option<Credentials>,
    client: Option<ModelClient>,
}

/// The credentials for a server that hydrotest did not start.
pub(crate) struct Credentials {
    /// The secret with which it signs.
    pub(crate) secret: Secret,
    /// Headers for every request.
    pub(crate) headers: HeaderMap,
}

impl<L: Launcher> Served<L> {
    /// A backend that is not started yet. `own` are the credentials of a server that runs already; otherwise every start makes a new
    /// secret.
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
        let (mut taken, mut in_use) = (Vec::new(), None);
        for _ in 0..ATTEMPTS {
            let own = self.own.as_ref().map(|own| own.secret.clone());
            let secret = own.map_or_else(Secret::generate, Ok);
            let secret =
                secret.map_err(|error| BackendError::internal_at_launch("cannot make a random secret", &error))?;
            let endpoint = self.launcher.launch(&self.launch, &secret).await?;
            // There is no proxy between us and a server that we started ourselves.
            let route = if self.own.is_some() { Route::Environment } else { Route::Direct };
            let client = ModelClient::by(route, &endpoint.url, secret, self.settings.timeouts);
            let headers = self.own.as_ref().map(|own| own.headers.clone()).unwrap_or_default();
            let client = client.map_err(|error| failure::of(&error))?.with_headers(headers);
            match self.waiting().until_ready(&endpoint, &client, deadline).await? {
                Readiness::Ready => {
                    self.client = Some(client);
                    return Ok(());
                }
                Readiness::Taken => taken.push(endpoint.url),
                Readiness::InUse(error) => in_use = Some(error),
            }
            // A server that had to be killed is gone as well: it may ignore SIGTERM while it loads its model.
            let _ = self.launcher.terminate().await;
        }
        // A server that finds every port in use may not listen on the port that it is given.
        Err(in_use.unwrap_or_else(|| {
            let message = format!("other servers took every address that was tried: {}", taken.join(", "));
            BackendError::new(Stage::Launch, Fault::Unreachable, message)
        }))
    }

    /// The wait for a launched server.
    fn waiting(&self) -> ReadinessWait<'_, L> {
        ReadinessWait {
            launcher: &self.launcher,
            progress: &self.launch.progress,
            settings: &self.settings,
            is_watched: self.is_watched(),
        }
    }

    /// Whether the exit of the server can be observed.
    const fn is_watched(&self) -> bool {
        self.own.is_none()
    }

    /// Makes one call. Keeps the raw response before it is decoded, if responses are to be kept.
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
                recorder.keep_error(request, &failure::of_exchange(client, &error)).await;
                Err(error)
            }
        }
    }

    /// Makes a call, and repeats it if the server asks to wait for an acceptable time.
    async fn call(&self, client: &ModelClient, request: &Request) -> Result<Prediction, ClientError> {
        let mut repeats = 0;
        loop {
            let response = self.ask(client, request).await;
            match response.as_ref().err().and_then(ClientError::wait) {
                Some(wait) if repeats < REPEATS => wait_as_asked(wait).await,
                _ => return response,
            }
            repeats += 1;
        }
    }

    /// The error of a failed call: the exit of the server if it has exited.
    async fn explain(&self, error: &ClientError) -> BackendError {
        if let Some(error) = self.own.as_ref().and_then(|own| failure::other_secret(&own.secret, error)) {
            return error;
        }
        // A server that answered in full is alive, unless another one has taken its place.
        let is_alive = matches!(error, ClientError::Refused(_) | ClientError::Schema(_));
        let error = failure::explained(error);
        if !self.is_watched() && error.fault == Fault::Died {
            return self.look_after(error).await;
        }
        let wait = match error.fault {
            _ if is_alive || !self.is_watched() => Duration::ZERO,
            Fault::Died | Fault::Unreachable => EXIT_REPORT,
            _ => MOMENT,
        };
        let server_exit = match self.exit_within(wait).await {
            Some(server_exit) => server_exit,
            None if wait == EXIT_REPORT && self.launcher.is_exiting() => match self.exit_within(EXITING).await {
                Some(server_exit) => server_exit,
                // The platform ends it, and does not say why.
                None => return BackendError { from_outside: true, ..error },
            },
            None => return error,
        };
        let when =
            if error.fault == Fault::Unreachable && !is_alive { "before the call" } else { "in the middle of a call" };
        server_exit.during(Stage::Call, when).with_log(self.launcher.final_log().await)
    }

    /// The report of the server's exit, if it comes within a limit. The case's own limit leaves this wait out.
    async fn exit_within(&self, limit: Duration) -> Option<ServerExit> {
        extend(limit);
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let next = deadline.min(tokio::time::Instant::now() + ASK_AGAIN);
            if let Ok(server_exit) = tokio::time::timeout_at(next, self.launcher.exited()).await {
                return Some(server_exit);
            }
            if next == deadline {
                return None;
            }
        }
    }

    /// The error of an unwatched server whose connection ended in the middle of a call. If the server is gone, it ended with the call.
    /// A server that is restarted from outside answers again after a while. One whose address never refuses may not have ended: a proxy
    /// or tunnel may have closed the connection, and would do so again at the same call.
    async fn look_after(&self, error: BackendError) -> BackendError {
        let Some(client) = &self.client else { return error };
        let address = client.address();
        let deadline = tokio::time::Instant::now() + GONE_FOR;
        let mut was_gone = false;
        while matches!(client.health().await, Err(ClientError::Unreachable { refused: true, .. })) {
            was_gone = true;
            if tokio::time::Instant::now() >= deadline {
                let message = format!(
                    "the server ended in the middle of a call, and nothing listens at {address} any more: {}\n\
                     the server's own log says what ended it",
                    error.message
                );
                return BackendError { fault: Fault::Crashed, message, ..error };
            }
            tokio::time::sleep(PAUSE).await;
        }
        if was_gone {
            return error;
        }
        let message = format!(
            "{}\n\
             nothing shows that the server ended, because {address} does not refuse connections: raise the time that a proxy, load \
             balancer or tunnel in front of it keeps a silent connection, or look at the server's own log",
            error.message
        );
        BackendError { from_outside: true, message, ..error }
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
            tokio::select! {
                // A complete response counts, even if the server exited right after it.
                biased;
                response = self.call(&client, request) => match response {
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
        Some(self.client.clone()?.with_limits(ResponseLimits::for_fields(largest)))
    }

    fn log_tail(&self) -> Vec<String> {
        self.launcher.log_tail()
    }
}
