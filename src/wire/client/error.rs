//! Why a call to a model server gave no prediction, as types. Who is responsible is decided in higher layers.

use std::fmt;
use std::time::Duration;

use super::status::DeclineStatus;
use crate::wire::envelope::EnvelopeError;
use crate::wire::pickle::PickleError;

/// A failure of one exchange with a model server. Texts of the server are kept, bounded and without control characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address or the certificates of this machine are of no use.
    #[error("{0}")]
    Unusable(String),
    /// No connection.
    #[error("no connection to {address}: {cause}")]
    Unreachable {
        /// Where it was tried.
        address: String,
        /// Why it failed.
        cause: String,
        /// The machine is there, and nothing listens at this address.
        refused: bool,
    },
    /// The server, or a proxy before it, declined the call without working on it.
    #[error("{} (HTTP {}): {text}; {}", status.name, status.code, status.advice)]
    Declined {
        /// What its status means.
        status: &'static DeclineStatus,
        /// The words with it.
        text: String,
        /// The seconds that it asks to wait.
        retry_after: Option<u64>,
    },
    /// The response to `/health` is none that a model server gives, now or later.
    #[error("GET /health must answer status 200 with {{\"status\": \"ready\"}}; it answered {0}")]
    NoModelServer(String),
    /// Something took longer than allowed.
    #[error("{phase} took longer than {} s{}", limit.as_secs_f64(), phase.remedy())]
    Timeout {
        /// What took too long.
        phase: Phase,
        /// How long it was allowed to take.
        limit: Duration,
    },
    /// The connection ended in the middle of the exchange.
    #[error("the connection ended before the response was complete: {0}")]
    Dropped(String),
    /// The model raised an exception: the server's words without its prefix.
    #[error("{0}")]
    Refused(String),
    /// The server did not accept the request.
    #[error("{}", show_problems(.0))]
    Schema(Vec<RequestProblem>),
    /// The response has a status that the protocol does not have.
    #[error("the server answered with status {status}: {text}")]
    OddStatus {
        /// The status.
        status: u16,
        /// The words with it.
        text: String,
    },
    /// The response is none that the protocol has.
    #[error("{0}")]
    Protocol(String),
    /// The response is not a signed envelope, or not signed with our secret.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The response is signed but cannot be read as data.
    #[error("the payload cannot be read as data: {0}")]
    Undecodable(#[from] PickleError),
    /// Hydrotest itself failed.
    #[error("{0}")]
    Internal(String),
}

/// A part of an exchange that has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Opening the connection.
    Connect,
    /// Sending the request.
    Send,
    /// Waiting for the next part of the response.
    Wait,
    /// A response that drips.
    Progress,
    /// The whole call.
    Total,
    /// The whole of a health check.
    Health,
}

/// One thing that a server finds wrong with a request, in the form of `FastAPI`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestProblem {
    /// What kind of problem, such as `missing` or `string_type`; empty where the server gave a bare text.
    pub(crate) kind: String,
    /// The path to what it is about, such as `body.sequences`.
    pub(crate) place: String,
    /// The problem in words.
    pub(crate) message: String,
}

impl Phase {
    /// What took too long, and the key of a backend's table that allows more.
    const fn words(self) -> (&'static str, Option<&'static str>) {
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
        let (_, key) = self.words();
        key.map_or_else(String::new, |key| format!(" (`{key}` of the backend allows more)"))
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words().0)
    }
}

impl fmt::Display for RequestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.place, self.message) }
    }
}

fn show_problems(problems: &[RequestProblem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
