//! The reasons why a call to a model server gave no prediction, and after which delay it may be repeated. Does not decide who is
//! responsible.

use std::fmt;
use std::time::Duration;

use super::status::{DeclineStatus, Declined};
use crate::wire::envelope::EnvelopeError;
use crate::wire::pickle::PickleError;

/// The longest delay that a server may request.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The delay after a busy server declined a call without requesting one.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// A failure of one exchange with a model server. Texts of the server are bounded and without control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address or the certificates of this machine cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// No connection.
    #[error("no connection to {address}: {cause}")]
    Unreachable {
        /// The address of the server.
        address: String,
        /// The reason.
        cause: String,
        /// Whether the machine exists, but nothing listens at this address.
        refused: bool,
    },
    /// The server, or a proxy in front of it, declined the call without processing it.
    #[error("{} (HTTP {}): {text}; {}", status.name, status.code, status.advice)]
    Declined {
        /// The meaning of the status.
        status: &'static DeclineStatus,
        /// The text of the response.
        text: String,
        /// The requested delay in seconds.
        retry_after: Option<u64>,
    },
    /// The response to `/health` cannot come from a model server.
    #[error("GET /health must answer status 200 with {{\"status\": \"ready\"}}; it answered {0}")]
    NoModelServer(String),
    /// Something took longer than allowed.
    #[error("{phase} took longer than {} s{}", limit.as_secs_f64(), phase.remedy())]
    Timeout {
        /// The part that took too long.
        phase: Phase,
        /// The allowed time.
        limit: Duration,
    },
    /// The connection ended in the middle of the exchange.
    #[error("the connection ended before the response was complete: {0}")]
    Dropped(String),
    /// The model raised an exception. Holds its message without the server's prefix.
    #[error("{0}")]
    Refused(String),
    /// The server did not accept the request.
    #[error("{}", show_problems(.0))]
    Schema(Vec<RequestProblem>),
    /// The response has a status outside the protocol.
    #[error("the server answered with status {status}: {text}")]
    OddStatus {
        /// The status.
        status: u16,
        /// The text of the response.
        text: String,
    },
    /// The response does not follow the protocol.
    #[error("{0}")]
    Protocol(String),
    /// The response is not an envelope that is signed with our secret.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The response is signed but cannot be read as data.
    #[error("the payload cannot be read as data: {0}")]
    Undecodable(#[from] PickleError),
    /// Hydrotest itself failed.
    #[error("{0}")]
    Internal(String),
}

/// A part of an exchange with its own time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Opening the connection.
    Connect,
    /// Sending the request.
    Send,
    /// Waiting for the next part of the response.
    Wait,
    /// Receiving a slow response.
    Progress,
    /// The whole call.
    Total,
    /// A whole health check.
    Health,
}

/// One mistake in a request that a server reports, in the form of `FastAPI`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestProblem {
    /// The kind of problem, such as `missing` or `string_type`; empty if the server gave only a text.
    pub(crate) kind: String,
    /// The path of the value, such as `body.sequences`.
    pub(crate) place: String,
    pub(crate) message: String,
}

impl ClientError {
    /// The delay before the call is repeated; `None` if it must not be repeated.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let Self::Declined { status, retry_after, .. } = self else { return None };
        let wait = match (status.declined, retry_after) {
            (Declined::Load | Declined::Absence, Some(seconds)) => Duration::from_secs(*seconds),
            (Declined::Load, None) => USUAL_WAIT,
            _ => return None,
        };
        (wait <= LONGEST_WAIT).then_some(wait)
    }
}

impl Phase {
    /// The name of the phase, and the key of a backend's table for its limit.
    const fn name_and_key(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Connect => ("connecting", Some("connect_timeout")),
            Self::Send => ("sending the request", Some("write_timeout")),
            Self::Wait => ("waiting for the response", Some("read_timeout")),
            Self::Progress => ("every 4 kB of the response", None),
            Self::Total => ("the call", Some("call_timeout")),
            Self::Health => ("the health check", Some("health_timeout")),
        }
    }

    fn remedy(self) -> String {
        let (_, key) = self.name_and_key();
        key.map_or_else(String::new, |key| format!(" (`{key}` of the backend allows more)"))
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name_and_key().0)
    }
}

impl fmt::Display for RequestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.place, self.message) }
    }
}

fn show_problems(problems: &[RequestProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declined(code: u16, retry_after: Option<u64>) -> ClientError {
        ClientError::Declined { status: DeclineStatus::of(code).unwrap(), text: String::new(), retry_after }
    }

    #[test]
    fn a_wait_is_bounded_and_only_for_what_passes() {
        let seconds = |code, after| declined(code, after).wait().map(|wait| wait.as_secs());
        assert_eq!(seconds(429, None), Some(1));
        assert_eq!(seconds(429, Some(7)), Some(7));
        assert_eq!(seconds(503, Some(60)), Some(60));
        assert_eq!(seconds(429, Some(61)), None, "longer than the longest wait");
        assert_eq!(seconds(503, None), None);
        assert_eq!(seconds(401, Some(1)), None);
        assert_eq!(ClientError::Dropped(String::new()).wait(), None);
    }
}
