//! Why a call to a model server gave no prediction, as types. Says what happened; whom it blames is for higher floors.

use std::fmt;
use std::time::Duration;

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
    },
    /// Somebody between us and the server says that it cannot be reached.
    #[error("the server cannot be reached, says what answers in its place: status {status}, {text}")]
    Gateway {
        /// 502, 503 or 504.
        status: u16,
        /// The words with it.
        text: String,
    },
    /// Something took longer than allowed.
    #[error("{phase} took longer than {} s", limit.as_secs_f64())]
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
    #[error("{}", show_findings(.0))]
    Schema(Vec<Finding>),
    /// The server answered with something that the protocol does not have.
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

/// One complaint of the server about a request, as `FastAPI` words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of complaint, such as `missing` or `string_type`; empty where the server gave a bare text.
    pub kind: String,
    /// The path to what it is about, such as `body.sequences`.
    pub place: String,
    /// The complaint in words.
    pub message: String,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Send => "sending the request",
            Self::Wait => "waiting for the response",
            Self::Progress => "every 4 kB of the response",
            Self::Total => "the call",
            Self::Health => "the health check",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.place, self.message)
        }
    }
}

fn show_findings(findings: &[Finding]) -> String {
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
