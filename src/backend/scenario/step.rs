//! The steps of scenarios and their names in suites and findings. Does not run steps.

use std::fmt;

use super::ProgramExit;
use crate::backend::{Fault, Stage};
use crate::wire::WireFault;
use crate::wire::client::PlainRequest;

/// The number of calls of `call_many`.
pub(crate) const MANY: usize = 12;

/// One step of a scenario, with its expected result.
#[derive(Debug, Clone, PartialEq)]
pub enum ScenarioStep {
    /// The instance must start and count as running. If it runs already, nothing may happen.
    Start,
    /// The instance must stop, count as stopped and leak nothing. If it does not run, nothing may happen.
    Stop,
    /// A stop and then a start.
    Restart,
    /// A call must be answered.
    Call,
    /// Many calls must be answered, without growing memory or time.
    CallMany,
    /// The instance must not count as running.
    Down,
    /// A call must be refused because the instance is not initialized, and must not start it.
    Refuse,
    /// A start fails. It must report that and leak nothing.
    FailStart,
    /// A stop fails. The instance must count as stopped nevertheless.
    FailStop,
    /// A start is abandoned half-way. It must leak nothing.
    AbandonStart,
    /// The instance is killed from outside. The next call must report that, and a stop must work.
    Kill,
    /// Its processes are frozen, so a call waits.
    Pause,
    /// Its processes are resumed.
    Resume,
    /// The program that holds the instance exits without stopping it. The instance must be stopped.
    Exit(ProgramExit),
    /// Two instances start at once and must share nothing.
    StartBoth,
    /// Both instances are called at once and must answer.
    CallBoth,
    /// Like [`Self::Call`], for the second instance.
    CallOther,
    /// Like [`Self::Stop`], for the second instance.
    StopOther,
    /// Its server is asked for its health during a call. Both must be answered.
    HealthWhileBusy,
    /// Several requests on one connection, if the server keeps it open.
    KeepAlive,
    /// A call with a fault between client and server.
    Fault(WireFault, MustGive),
    /// Any HTTP request, with the statuses that are valid answers.
    Request(PlainRequest, Vec<u16>),
}

/// The expected result of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustGive {
    /// A response.
    Response,
    /// An error.
    Error(Stage, Fault),
}

/// The steps that are a word, with their titles in findings.
pub(super) static WORDS: [(&str, ScenarioStep, &str); 21] = [
    ("start", ScenarioStep::Start, "start"),
    ("stop", ScenarioStep::Stop, "stop"),
    ("restart", ScenarioStep::Restart, "restart"),
    ("call", ScenarioStep::Call, "call"),
    ("call_many", ScenarioStep::CallMany, "many calls"),
    ("down", ScenarioStep::Down, "call after the stop"),
    ("refuse", ScenarioStep::Refuse, "call before any start"),
    ("fail_start", ScenarioStep::FailStart, "start that fails"),
    ("fail_stop", ScenarioStep::FailStop, "stop that fails"),
    ("abandon_start", ScenarioStep::AbandonStart, "start that is given up"),
    ("kill", ScenarioStep::Kill, "crash"),
    ("pause", ScenarioStep::Pause, "pause"),
    ("resume", ScenarioStep::Resume, "resume"),
    ("exit", ScenarioStep::Exit(ProgramExit::Orderly), "end of the program"),
    ("terminate", ScenarioStep::Exit(ProgramExit::Terminated), "SIGTERM to the program"),
    ("start_both", ScenarioStep::StartBoth, "start of two"),
    ("call_both", ScenarioStep::CallBoth, "call of both"),
    ("call_other", ScenarioStep::CallOther, "call of the other"),
    ("stop_other", ScenarioStep::StopOther, "stop of the other"),
    ("health_while_busy", ScenarioStep::HealthWhileBusy, "health during a call"),
    ("keep_alive", ScenarioStep::KeepAlive, "requests on one connection"),
];

impl ScenarioStep {
    /// Its title in findings.
    pub(crate) fn title(&self) -> String {
        WORDS.iter().find(|(_, step, _)| step == self).map_or_else(|| self.to_string(), |found| found.2.to_owned())
    }

    /// Whether it needs the connection to a model server.
    pub(super) const fn needs_server(&self) -> bool {
        matches!(
            self,
            Self::Pause | Self::Resume | Self::HealthWhileBusy | Self::KeepAlive | Self::Fault(..) | Self::Request(..)
        )
    }
}

impl fmt::Display for ScenarioStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(WireFault::Status(status), _) => write!(f, "fault status {status}"),
            Self::Fault(WireFault::Cut(at), _) => write!(f, "fault cut at {at}"),
            Self::Fault(WireFault::Corrupt(at), _) => write!(f, "fault corrupt at {at}"),
            Self::Fault(WireFault::Drip, _) => f.write_str("fault drip"),
            Self::Fault(WireFault::Hang, _) => f.write_str("fault hang"),
            Self::Fault(WireFault::WrongSignature, _) => f.write_str("fault wrong_signature"),
            Self::Fault(WireFault::Replay, _) => f.write_str("fault replay"),
            Self::Request(request, _) => {
                write!(f, "{} {}", request.verb, request.path)?;
                match request.body.len() {
                    0 => Ok(()),
                    _ => write!(f, " with {:?}", String::from_utf8_lossy(&request.body)),
                }
            }
            step => f.write_str(WORDS.iter().find(|(_, word, _)| word == step).map_or("step", |(name, ..)| name)),
        }
    }
}

impl fmt::Display for MustGive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response => f.write_str("a response"),
            Self::Error(stage, fault) => write!(f, "the fault {} in stage {stage}", fault.name()),
        }
    }
}
