//! What can go wrong on a backend: which stage failed, in which way, and who is responsible: the backend, the platform, the
//! configuration or hydrotest itself. One concrete type for all kinds; prints nothing.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::pickle::PickleError;

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
    /// The end came from outside: a signal, a scheduler, an engine or a machine that ran out of memory.
    pub from_outside: bool,
    /// It happened to an earlier case, which reports it in full: this one was not asked because of it.
    pub inherited: bool,
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
    /// The response is sound Python, in a form that hydrotest does not read.
    Unsupported,
    /// The process, container or job ended by itself.
    Died,
    /// The same call ended the process, container or job again, on a fresh instance.
    Crashed,
    /// An error of the GPU that makes every later call of the process fail as well.
    Poisoned,
    /// Nothing came within the time that the platform is allowed.
    Timeout,
    /// Nothing came within the time that the case allows.
    TooSlow,
    /// No connection to the platform or server.
    Unreachable,
    /// The platform is there and takes no more calls for now.
    Busy,
    /// The memory of the device or of the machine is too small.
    OutOfMemory,
    /// The server, or a proxy before it, does not accept our credentials.
    Denied,
    /// The server, or a proxy before it, does not accept requests as large as ours.
    TooLarge,
    /// Settings, image, credentials or tools are not as the platform needs them.
    Misconfigured,
    /// We were asked to stop.
    Cancelled,
    /// It was used outside its life cycle.
    NotRunning,
    /// Nothing was recorded that answers the call.
    Unrecorded,
    /// The harness itself broke.
    Internal,
}

/// Who is responsible for a fault, which decides between the verdicts fail and error, and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Responsible {
    /// The backend answered wrongly, crashes on a call, or its own code raises an exception.
    Backend,
    /// What the backend runs on failed before there was a response to judge.
    Platform,
    /// The backend's table, the command line or the environment asks for what cannot be.
    #[serde(rename = "configuration")]
    Settings,
    /// Hydrotest itself failed, or could not judge.
    Harness,
    /// There was a response, and nothing sound to hold it against: the recorded result is missing, altered or cannot be read.
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
            from_outside: false,
            inherited: false,
        }
    }

    /// Who is responsible.
    #[must_use]
    pub const fn responsible(&self) -> Responsible {
        match (self.stage, self.fault) {
            (Stage::Configure, Fault::Misconfigured) => Responsible::Settings,
            (_, fault) => fault.responsible(),
        }
    }

    /// Adds the last lines of the log.
    #[must_use]
    pub fn with_log(mut self, lines: Vec<String>) -> Self {
        self.log_tail = lines;
        self
    }

    /// Whether the call itself ended the process, or made it useless, as far as one time tells.
    #[must_use]
    pub fn is_crash(&self) -> bool {
        self.stage == Stage::Call && !self.from_outside && matches!(self.fault, Fault::Died | Fault::Poisoned)
    }

    /// The same after the same call crashed a fresh instance as well.
    #[must_use]
    pub fn crashed_again(mut self) -> Self {
        if self.fault == Fault::Died {
            self.fault = Fault::Crashed;
        }
        self.message.push_str("; the same call did so again on a fresh instance");
        self
    }

    /// The same for a case that was not asked because of it.
    #[must_use]
    pub fn inherited(mut self) -> Self {
        self.inherited = true;
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
    /// Every fault that a suite may expect.
    pub(crate) const EXPECTABLE: [Self; 19] = [
        Self::Refused,
        Self::Schema,
        Self::Protocol,
        Self::Signature,
        Self::Undecodable,
        Self::Unsupported,
        Self::Died,
        Self::Crashed,
        Self::Poisoned,
        Self::Timeout,
        Self::TooSlow,
        Self::Unreachable,
        Self::Busy,
        Self::OutOfMemory,
        Self::Denied,
        Self::TooLarge,
        Self::Misconfigured,
        Self::Cancelled,
        Self::NotRunning,
    ];

    /// What a response is that a decoder refused.
    #[must_use]
    pub const fn of_payload(error: &PickleError) -> Self {
        if error.fault.is_ours() { Self::Unsupported } else { Self::Undecodable }
    }

    /// Who is responsible where the stage does not say otherwise.
    #[must_use]
    pub const fn responsible(self) -> Responsible {
        match self {
            Self::Refused
            | Self::Schema
            | Self::Protocol
            | Self::Signature
            | Self::Undecodable
            | Self::Crashed
            | Self::Poisoned
            | Self::TooSlow => Responsible::Backend,
            Self::Died | Self::Timeout | Self::Unreachable | Self::Busy | Self::OutOfMemory | Self::Misconfigured => {
                Responsible::Platform
            }
            Self::Denied | Self::TooLarge => Responsible::Settings,
            Self::Unsupported | Self::Cancelled | Self::NotRunning | Self::Unrecorded | Self::Internal => {
                Responsible::Harness
            }
        }
    }

    /// Whether the instance can be used for another call afterwards.
    #[must_use]
    pub const fn leaves_usable(self) -> bool {
        self.is_response()
            || matches!(
                self,
                Self::Unsupported | Self::Busy | Self::OutOfMemory | Self::Denied | Self::TooLarge | Self::Unrecorded
            )
    }

    /// The ways to fail in which the model, or what speaks for it, has answered.
    pub const RESPONSES: [Self; 5] = [Self::Refused, Self::Schema, Self::Protocol, Self::Signature, Self::Undecodable];

    /// Whether it is one of [`Self::RESPONSES`].
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self, Self::Refused | Self::Schema | Self::Protocol | Self::Signature | Self::Undecodable)
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
            Self::Unsupported => "unsupported",
            Self::Died => "died",
            Self::Crashed => "crashed",
            Self::Poisoned => "poisoned",
            Self::Timeout => "timeout",
            Self::TooSlow => "too_slow",
            Self::Unreachable => "unreachable",
            Self::Busy => "busy",
            Self::OutOfMemory => "out_of_memory",
            Self::Denied => "denied",
            Self::TooLarge => "too_large",
            Self::Misconfigured => "misconfigured",
            Self::Cancelled => "cancelled",
            Self::NotRunning => "not_running",
            Self::Unrecorded => "unrecorded",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for Responsible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backend => "backend",
            Self::Platform => "platform",
            Self::Settings => "configuration",
            Self::Harness => "harness",
            Self::Reference => "reference",
        })
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
