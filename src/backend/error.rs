//! Errors of backends: the stage that failed, how, and who is responsible for it. There is one concrete type for all kinds. It prints
//! nothing.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::pickle::PickleError;

/// A failure in one stage of a backend's life cycle, with the details that are needed to find the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stage} failed: {message}")]
pub struct BackendError {
    /// The stage that failed.
    pub stage: Stage,
    /// How it failed.
    pub fault: Fault,
    /// What happened, in the backend's own words where it gave any.
    pub message: String,
    /// The class of the exception that the model raised, such as `ValueError`, if the platform reports it.
    pub exception: Option<String>,
    /// The last lines of the platform's log, oldest first.
    pub log_tail: Vec<String>,
    /// Whether the cause is external, or may be: a signal, a scheduler, an engine, a machine that ran out of memory, or whatever is in
    /// front of a server that may still run.
    pub from_outside: bool,
    /// Whether an earlier case met this error and reports it in full. This case was not run because of it.
    pub inherited: bool,
}

/// A stage of a backend's life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Turning settings into a backend.
    Configure,
    /// Asking the platform to run the model.
    Launch,
    /// Loading the model.
    Ready,
    /// Answering a call.
    Call,
    /// Reading the response.
    Decode,
    /// Stopping the model.
    Shutdown,
}

/// How a stage failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The model rejected the input or raised an exception while it worked on it.
    Refused,
    /// The server rejected the shape of the request.
    Schema,
    /// The server sent a response that the protocol does not have.
    Protocol,
    /// The response was not signed with our secret.
    Signature,
    /// The response could not be read as data.
    Undecodable,
    /// The response is valid Python in a form that hydrotest does not read.
    Unsupported,
    /// The process, container or job ended by itself.
    Died,
    /// The same call ended the process, container or job again, on a fresh instance.
    Crashed,
    /// A GPU error after which every later call of the process fails.
    Poisoned,
    /// No response within the time that the platform is allowed.
    Timeout,
    /// No response within the time that the case allows.
    TooSlow,
    /// No connection to the platform or server, or no GPU that works.
    Unreachable,
    /// The platform accepts no more calls for now.
    Busy,
    /// The memory of the device or the machine is too small.
    OutOfMemory,
    /// The server, or a proxy in front of it, rejects our credentials.
    Denied,
    /// The server, or a proxy in front of it, rejects requests of this size.
    TooLarge,
    /// Settings, image, credentials or tools are not what the platform needs.
    Misconfigured,
    /// The run was interrupted.
    Cancelled,
    /// The backend was used outside its life cycle.
    NotRunning,
    /// No recorded response answers the call.
    Unrecorded,
    /// A bug or failure of hydrotest itself.
    Internal,
}

/// The party responsible for a fault. It decides between the verdicts fail and error, and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Responsible {
    /// The backend answered wrongly, crashes on a call, or its own code raises an exception.
    Backend,
    /// The platform failed before there was a response to judge.
    Platform,
    /// The backend's table, the command line or the environment asks for something impossible.
    #[serde(rename = "configuration")]
    Settings,
    /// Hydrotest itself failed, or could not judge.
    Harness,
    /// There is no usable reference result for the response: it is missing, altered or unreadable.
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

    /// The error of settings with which no backend can be made.
    pub(crate) fn configuration(message: impl fmt::Display) -> Self {
        Self::new(Stage::Configure, Fault::Misconfigured, message.to_string())
    }

    /// The error of a launch that failed in hydrotest itself.
    pub(crate) fn internal_at_launch(what: &str, error: &dyn std::error::Error) -> Self {
        Self::new(Stage::Launch, Fault::Internal, format!("{what}: {error}"))
    }

    /// The party responsible for this error.
    #[must_use]
    pub const fn responsible(&self) -> Responsible {
        match (self.stage, self.fault) {
            (Stage::Configure, Fault::Misconfigured) => Responsible::Settings,
            (_, fault) => fault.responsible(),
        }
    }

    /// Adds the last lines of the log.
    #[must_use]
    pub fn with_log(self, log_tail: Vec<String>) -> Self {
        Self { log_tail, ..self }
    }

    /// Whether the call itself ended the process or made it useless, as far as one attempt can show.
    #[must_use]
    pub fn is_crash(&self) -> bool {
        self.stage == Stage::Call && !self.from_outside && matches!(self.fault, Fault::Died | Fault::Poisoned)
    }

    /// This error after the same call also crashed a fresh instance.
    #[must_use]
    pub fn crashed_again(mut self) -> Self {
        if self.fault == Fault::Died {
            self.fault = Fault::Crashed;
        }
        self.message.push_str("; the same call did so again on a fresh instance");
        self
    }

    /// This error for a later case that was not run because of it.
    #[must_use]
    pub fn inherited(self) -> Self {
        Self { inherited: true, ..self }
    }

    /// Adds the class of the exception that the model raised.
    #[must_use]
    pub fn with_exception(self, class: impl Into<String>) -> Self {
        Self { exception: Some(class.into()), ..self }
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

    /// The faults in which the model or its server has responded.
    pub const RESPONSES: [Self; 5] = [Self::Refused, Self::Schema, Self::Protocol, Self::Signature, Self::Undecodable];

    /// The fault of a payload that cannot be decoded.
    #[must_use]
    pub const fn of_payload(error: &PickleError) -> Self {
        if error.fault.is_ours() { Self::Unsupported } else { Self::Undecodable }
    }

    /// The name in suites and reports, and the responsible party unless the stage decides otherwise.
    const fn describe(self) -> (&'static str, Responsible) {
        use Responsible::{Backend, Harness, Platform, Settings};
        match self {
            Self::Refused => ("refused", Backend),
            Self::Schema => ("schema", Backend),
            Self::Protocol => ("protocol", Backend),
            Self::Signature => ("signature", Backend),
            Self::Undecodable => ("undecodable", Backend),
            Self::Unsupported => ("unsupported", Harness),
            Self::Died => ("died", Platform),
            Self::Crashed => ("crashed", Backend),
            Self::Poisoned => ("poisoned", Backend),
            Self::Timeout => ("timeout", Platform),
            Self::TooSlow => ("too_slow", Backend),
            Self::Unreachable => ("unreachable", Platform),
            Self::Busy => ("busy", Platform),
            Self::OutOfMemory => ("out_of_memory", Platform),
            Self::Denied => ("denied", Settings),
            Self::TooLarge => ("too_large", Settings),
            Self::Misconfigured => ("misconfigured", Platform),
            Self::Cancelled => ("cancelled", Harness),
            Self::NotRunning => ("not_running", Harness),
            Self::Unrecorded => ("unrecorded", Harness),
            Self::Internal => ("internal", Harness),
        }
    }

    /// The responsible party, unless the stage decides otherwise.
    #[must_use]
    pub const fn responsible(self) -> Responsible {
        self.describe().1
    }

    /// The name in suites and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.describe().0
    }

    /// Whether the model or its server has responded.
    #[must_use]
    pub fn is_response(self) -> bool {
        Self::RESPONSES.contains(&self)
    }

    /// Whether the instance can answer another call afterwards.
    #[must_use]
    pub fn leaves_usable(self) -> bool {
        use Fault::{Busy, Denied, OutOfMemory, TooLarge, Unrecorded, Unsupported};
        self.is_response() || matches!(self, Unsupported | Busy | OutOfMemory | Denied | TooLarge | Unrecorded)
    }
}

impl fmt::Display for Responsible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
