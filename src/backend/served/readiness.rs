//! Waits for a launched server until `/health` reports ready, the server exits, or time is up. Does not believe a response from a port
//! that another process owns.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{ServedSettings, failure};
use crate::backend::launcher::{Endpoint, Launcher};
use crate::backend::start_progress::StartProgress;
use crate::backend::{BackendError, Fault, Stage};
use crate::os::PortOwner;
use crate::wire::client::{ClientError, Declined, ModelClient};

/// The first pause between two requests. Pauses double up to the interval, so that a fast server is noticed soon.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long a server that we started may give responses that no model server gives: a proxy in front of it may answer first.
const STRANGE_FOR: Duration = Duration::from_secs(10);
/// How long a server that runs already may refuse connections: it closes its port for a moment when it reloads its code.
const REFUSED_FOR: Duration = Duration::from_secs(1);

/// Advice for a start that takes too long.
const ALLOWS_MORE: &str = "`start_timeout` of the backend allows more; the server's log says what it waits for";

/// The result of waiting.
#[derive(Debug)]
pub(super) enum Readiness {
    /// The server answers.
    Ready,
    /// Another process answers at its address.
    Taken,
    /// The server exited because its address was in use, with this error.
    InUse(BackendError),
}

/// The wait for a server that `L` has launched.
pub(super) struct ReadinessWait<'a, L> {
    pub(super) launcher: &'a L,
    pub(super) progress: &'a StartProgress,
    pub(super) settings: &'a ServedSettings,
    /// Whether the exit of the server can be observed.
    pub(super) is_watched: bool,
}

impl<L: Launcher> ReadinessWait<'_, L> {
    /// Waits for the server to answer.
    ///
    /// # Errors
    /// If it exited, or did not answer in time. The error contains its last response.
    pub(super) async fn until_ready(
        &self,
        endpoint: &Endpoint,
        client: &ModelClient,
        deadline: Instant,
    ) -> Result<Readiness, BackendError> {
        let waiting = format!("waiting for the server at {} to be ready", endpoint.url);
        self.progress.set(Stage::Ready, waiting);
        let mut last = None;
        tokio::select! {
            asked = timeout_at(deadline, self.poll_health(endpoint, client, &mut last)) => match asked {
                Ok(Ok(readiness)) => Ok(readiness),
                Ok(Err(error)) => Err(hopeless(endpoint, &error).with_log(self.launcher.log_tail())),
                Err(_) => {
                    Err(too_late(endpoint, self.settings, last.as_ref()).with_log(self.launcher.log_tail()))
                }
            },
            // A server that could not have its port exits like a broken one. The owner of the port tells them apart.
            server_exit = self.launcher.exited() => if self.launcher.owner(endpoint) == PortOwner::Other {
                Ok(Readiness::Taken)
            } else {
                let log = self.launcher.final_log().await;
                // The process that had the port may be gone again, or the port may be that of a client's connection.
                let says_in_use = |line: &String| line.to_ascii_lowercase().contains("address already in use");
                let in_use = endpoint.port.is_some() && log.iter().any(says_in_use);
                let error = failure::with_cause(server_exit.during(Stage::Ready, "before it was ready"), log);
                if in_use { Ok(Readiness::InUse(error)) } else { Err(error) }
            },
        }
    }

    /// Requests `/health` until there is a conclusive response.
    ///
    /// # Errors
    /// A failure that waiting does not fix.
    async fn poll_health(
        &self,
        endpoint: &Endpoint,
        client: &ModelClient,
        last: &mut Option<ClientError>,
    ) -> Result<Readiness, ClientError> {
        let interval = self.settings.interval;
        let mut strange: Option<Instant> = None;
        let mut pause = FIRST_PAUSE.min(interval);
        loop {
            match client.health().await {
                Ok(()) => match self.launcher.owner(endpoint) {
                    PortOwner::Ours | PortOwner::Unknown => return Ok(Readiness::Ready),
                    PortOwner::Other => return Ok(Readiness::Taken),
                    // The owner is gone; the next response will be from another process.
                    PortOwner::None => {}
                },
                Err(error) => {
                    let answered = !matches!(error, ClientError::Unreachable { .. });
                    if answered && self.launcher.owner(endpoint) == PortOwner::Other {
                        return Ok(Readiness::Taken);
                    }
                    match patience(&error, self.is_watched) {
                        Some(patience) => {
                            if strange.get_or_insert_with(Instant::now).elapsed() >= patience {
                                return Err(error);
                            }
                        }
                        None => strange = None,
                    }
                    self.progress.set_detail(failure::of(&error).message);
                    *last = Some(error);
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(interval);
        }
    }
}

/// How long a start tolerates a failure that waiting does not fix. Returns `None` for failures that waiting may fix. A server that
/// cannot be watched runs already: nothing that we start will open its port.
fn patience(error: &ClientError, is_watched: bool) -> Option<Duration> {
    match error {
        ClientError::Declined { status, .. } if status.declined != Declined::Credentials => None,
        ClientError::NoModelServer(_) | ClientError::Declined { .. } => {
            Some(if is_watched { STRANGE_FOR } else { Duration::ZERO })
        }
        // An unresolved name or an invalid certificate may be a moment's failure of the network.
        ClientError::Unreachable { refused, .. } if !is_watched => {
            Some(if *refused { REFUSED_FOR } else { STRANGE_FOR })
        }
        _ => None,
    }
}

/// The error of a start that waiting does not fix: the address does not answer, is not a model server, or rejects our credentials.
fn hopeless(endpoint: &Endpoint, error: &ClientError) -> BackendError {
    let is_absent = matches!(error, ClientError::Unreachable { .. });
    let error = failure::of(error);
    let message = if is_absent {
        let remedy = "this kind starts no server: start it before the run, or correct `url` of the backend";
        format!("{}\n{remedy}", error.message)
    } else {
        format!("the server at {}: {}", endpoint.url, error.message)
    };
    BackendError { stage: Stage::Ready, message, ..error }
}

fn too_late(endpoint: &Endpoint, settings: &ServedSettings, last: Option<&ClientError>) -> BackendError {
    let (url, seconds) = (&endpoint.url, settings.start.as_secs_f64());
    let detail = match last {
        Some(ClientError::Declined { status, text, .. }) => {
            format!(": still {} ({}) after {seconds} s: {text}", status.code, status.name)
        }
        Some(error) => format!(" within {seconds} s; at last: {}", failure::of(error).message),
        None => format!(" within {seconds} s; at last: there was no response yet"),
    };
    let message = format!("the server at {url} was not ready{detail}\n{ALLOWS_MORE}");
    BackendError::new(Stage::Ready, Fault::Timeout, message)
}
