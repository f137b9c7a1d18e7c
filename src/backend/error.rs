//! What can go wrong on a backend: which stage failed, in which way, and whom that blames. One concrete type for all kinds.

use std::fmt;

/// A failure of one stage of a backend's life, with what a reader needs to find the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stage} failed: {message}")]
pub struct BackendError {
    /// Where in the life cycle it happened.
    pub stage: Stage,
    /// In which way.
    pub fault: Fault,
    /// What happened, with the backend's own words where it gave any.
    pub message: String,
    /// The class of the exception that the model raised, where the platform keeps it, such as `ValueError`.
    pub exception: Option<String>,
    /// The last lines that the platform logged, oldest first.
    pub log_tail: Vec<String>,
}

/// A stage of a backend's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Settings became a backend.
    Configure,
    /// The platform was asked to run the model.
    Launch,
    /// The model was loading.
    Ready,
    /// A call was under way.
    Call,
    /// The response was being read.
    Decode,
    /// The model was being stopped.
    Shutdown,
}

/// In which way a stage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The model refused the input or raised an exception while working on it.
    Refused,
    /// The server did not accept the shape of the request.
    Schema,
    /// The server answered with something that the protocol does not have.
    Protocol,
    /// The response was not signed with our secret.
    Signature,
    /// The response could not be read as data.
    Undecodable,
    /// The process, container or job ended by itself.
    Died,
    /// Nothing came within the time allowed.
    Timeout,
    /// No connection to the platform or server.
    Unreachable,
    /// Settings, image, credentials or tools are not as the platform needs them.
    Misconfigured,
    /// We were asked to stop.
    Cancelled,
    /// It was used outside its life cycle.
    NotRunning,
    /// The harness itself broke.
    Internal,
}

/// Whom a fault blames, which decides between the verdicts fail and error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The backend answered, and wrongly.
    Backend,
    /// The platform or the harness broke before there was an answer to judge.
    Platform,
    /// The backend's table, the command line or the environment asks for what cannot be; nothing was started.
    Settings,
    /// There was an answer, and nothing sound to hold it against: the recorded result is missing, altered or cannot be read.
    Reference,
}

impl BackendError {
    /// An error without exception class or log.
    #[must_use]
    pub fn new(stage: Stage, fault: Fault, message: impl Into<String>) -> Self {
        Self {
            stage,
            fault,
            message: message.into(),
            exception: None,
            log_tail: Vec::new(),
        }
    }

    /// Whom it blames.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match (self.stage, self.fault) {
            (Stage::Configure, Fault::Misconfigured) => Blame::Settings,
            (_, fault) => fault.blame(),
        }
    }

    /// Adds the last lines of the log.
    #[must_use]
    pub fn with_log(mut self, lines: Vec<String>) -> Self {
        self.log_tail = lines;
        self
    }

    /// Adds the class of the exception that the model raised.
    #[must_use]
    pub fn with_exception(mut self, class: impl Into<String>) -> Self {
        self.exception = Some(class.into());
        self
    }
}

impl Fault {
    /// Whether the backend's answer is wrong or there was none to judge.
    #[must_use]
    pub const fn blame(self) -> Blame {
        match self {
            Self::Refused | Self::Schema | Self::Protocol | Self::Signature | Self::Undecodable => Blame::Backend,
            Self::Died
            | Self::Timeout
            | Self::Unreachable
            | Self::Misconfigured
            | Self::Cancelled
            | Self::NotRunning
            | Self::Internal => Blame::Platform,
        }
    }

    /// Whether the instance can be used for another call afterwards.
    #[must_use]
    pub const fn leaves_usable(self) -> bool {
        matches!(
            self,
            Self::Refused | Self::Schema | Self::Protocol | Self::Signature | Self::Undecodable
        )
    }

    /// The name that suites and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Schema => "schema",
            Self::Protocol => "protocol",
            Self::Signature => "signature",
            Self::Undecodable => "undecodable",
            Self::Died => "died",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Cancelled => "cancelled",
            Self::NotRunning => "not_running",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configure => "configure",
            Self::Launch => "launch",
            Self::Ready => "ready",
            Self::Call => "call",
            Self::Decode => "decode",
            Self::Shutdown => "shutdown",
        })
    }
}
