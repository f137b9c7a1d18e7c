//! Waits for a launched server: until `/health` says ready, the server ends, or time is up. Believes only a server that can
//! be ours.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{ServedSettings, failure};
use crate::backend::launcher::{Endpoint, Launcher};
use crate::backend::start_progress::StartProgress;
use crate::backend::{BackendError, Fault, Stage};
use crate::os::PortOwner;
use crate::wire::client::{ClientError, Declined, ModelClient};

/// The first pause between two questions; they double up to the interval, so that a quick server is noticed quickly.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long a server that we have started may give responses that no model server gives: a proxy before it may answer first.
const STRANGE_FOR: Duration = Duration::from_secs(10);
/// How long a server that runs already may refuse connections: one that reloads its code closes its port for a moment.
const REFUSED_FOR: Duration = Duration::from_secs(1);

/// What to do where a start takes too long.
const ALLOWS_MORE: &str = "`start_timeout` of the backend allows more; the server's log says what it waits for";

/// What came of waiting.
#[derive(Debug)]
pub(super) enum Readiness {
    /// The server answers.
    Ready,
    /// Another process answers at its address.
    Taken,
    /// The server ended, saying that its address was in use: this is the error of its end.
    InUse(BackendError),
}

/// Waits for the server to answer.
///
/// # Errors
/// When it ended, or did not answer in time: then with what it last said.
pub(super) async fn wait<L: Launcher>(
    launcher: &L,
    endpoint: &Endpoint,
    client: &ModelClient,
    settings: &ServedSettings,
    progress: &StartProgress,
    deadline: Instant,
) -> Result<Readiness, BackendError> {
    progress.set(Stage::Ready, format!("waiting for the server at {} to be ready", endpoint.url));
    let mut last = None;
    let asking = ask(launcher, endpoint, client, settings.interval, progress, &mut last);
    tokio::select! {
        asked = timeout_at(deadline, asking) => {
            match asked {
                Ok(Ok(readiness)) => return Ok(readiness),
                Ok(Err(error)) => return Err(hopeless(endpoint, &error).with_log(launcher.log_tail())),
                Err(_) => {}
            }
        }
        server_exit = launcher.exited() => {
            // A server that could not have its port ends as one that is broken; who has the port tells them apart.
            return match launcher.owner(endpoint) {
                PortOwner::Other => Ok(Readiness::Taken),
                PortOwner::Ours | PortOwner::None | PortOwner::Unknown => {
                    let words = launcher.final_log().await;
                    // The process that had the port may have gone again, or be a client's connection.
                    let in_use = endpoint.port.is_some() && words.iter().any(|line| says_in_use(line));
                    let error = failure::with_cause(server_exit.during(Stage::Ready, "before it was ready"), words);
                    if in_use { Ok(Readiness::InUse(error)) } else { Err(error) }
                }
            };
        }
    }
    Err(too_late(endpoint, settings, last.as_ref()).with_log(launcher.log_tail()))
}

/// Whether a line is the system's word for an address that cannot be had, which servers hand on.
fn says_in_use(line: &str) -> bool {
    line.to_ascii_lowercase().contains("address already in use")
}

/// Asks until there is a response that counts.
///
/// # Errors
/// A response that time does not mend.
async fn ask<L: Launcher>(
    launcher: &L,
    endpoint: &Endpoint,
    client: &ModelClient,
    interval: Duration,
    progress: &StartProgress,
    last: &mut Option<ClientError>,
) -> Result<Readiness, ClientError> {
    let mut strange: Option<Instant> = None;
    let mut pause = FIRST_PAUSE.min(interval);
    loop {
        match client.health().await {
            Ok(()) => match launcher.owner(endpoint) {
                PortOwner::Ours | PortOwner::Unknown => return Ok(Readiness::Ready),
                PortOwner::Other => return Ok(Readiness::Taken),
                // It was there a moment ago; the next response will be its successor's.
                PortOwner::None => {}
            },
            Err(error) => {
                let answered = !matches!(error, ClientError::Unreachable { .. });
                if answered && launcher.owner(endpoint) == PortOwner::Other {
                    return Ok(Readiness::Taken);
                }
                if let Some(patience) = patience(&error, launcher.watches()) {
                    let since = *strange.get_or_insert_with(Instant::now);
                    if since.elapsed() >= patience {
                        return Err(error);
                    }
                } else {
                    strange = None;
                }
                progress.set_detail(failure::of(&error).message);
                *last = Some(error);
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(interval);
    }
}

/// How long a start bears with a failure that waiting does not mend; `None` for one that it may. A server that cannot be watched runs
/// already: nothing that we start will open its port.
fn patience(error: &ClientError, is_watched: bool) -> Option<Duration> {
    match error {
        ClientError::NoModelServer(_) => Some(if is_watched { STRANGE_FOR } else { Duration::ZERO }),
        ClientError::Declined { status, .. } if status.declined == Declined::Credentials => {
            Some(if is_watched { STRANGE_FOR } else { Duration::ZERO })
        }
        ClientError::Unreachable { refused: true, .. } if !is_watched => Some(REFUSED_FOR),
        // A name that is not resolved, a certificate that is not valid: the network may have its moment.
        ClientError::Unreachable { .. } if !is_watched => Some(STRANGE_FOR),
        _ => None,
    }
}

/// The error of a start that waiting does not mend: nothing answers at the address, something else than a model server does, or one
/// that does not accept us.
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
    let seconds = settings.start.as_secs_f64();
    if let Some(ClientError::Declined { status, text, .. }) = last {
        let (url, code, name) = (&endpoint.url, status.code, status.name);
        let message = format!(
            "the server at {url} was not ready: still {code} ({name}) after {seconds} s: {text}\n{ALLOWS_MORE}"
        );
        return BackendError::new(Stage::Ready, Fault::Timeout, message);
    }
    let last = last.map_or_else(|| "there was no response yet".to_owned(), |error| failure::of(error).message);
    let message =
        format!("the server at {} was not ready within {seconds} s; at last: {last}\n{ALLOWS_MORE}", endpoint.url);
    BackendError::new(Stage::Ready, Fault::Timeout, message)
}
