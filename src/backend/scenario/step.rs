//! The steps of scenarios, one table with the names that suites use and what each must give.

use std::fmt;

use super::ProgramExit;
use crate::backend::{Fault, Stage};
use crate::wire::WireFault;
use crate::wire::client::PlainRequest;

/// How many calls `call_many` makes.
pub(crate) const MANY: usize = 12;

/// What happens in one step of a scenario, and what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub enum ScenarioStep {
    /// It must start and count as running; where it runs already, nothing may happen.
    Start,
    /// It must stop, count as stopped and leave nothing; where it does not run, nothing may happen.
    Stop,
    /// A stop, and a start after it.
    Restart,
    /// A call must be answered.
    Call,
    /// Many calls must be answered, and neither memory nor time grow with each.
    CallMany,
    /// It must not count as running.
    Down,
    /// A call must be refused because it is not initialized, and start nothing.
    Refuse,
    /// A start fails: it must say so and leave nothing.
    FailStart,
    /// A stop fails: it must count as stopped all the same.
    FailStop,
    /// A start is given up half-way: nothing may be left.
    AbandonStart,
    /// It is killed from outside: the next call must say so, and a stop bring it down.
    Kill,
    /// Its processes are frozen: a call waits.
    Pause,
    /// Its processes go on.
    Resume,
    /// The program that holds it ends without stopping it: it must be stopped.
    Exit(ProgramExit),
    /// Two start at once, and must share nothing.
    StartBoth,
    /// Both are called at once, and both must answer.
    CallBoth,
    /// As [`Self::Call`], for the second of two.
    CallOther,
    /// As [`Self::Stop`], for the second of two.
    StopOther,
    /// Its server is asked for its health together with a call: both must be answered.
    HealthWhileBusy,
    /// Several requests follow each other on one connection, where the server keeps it.
    KeepAlive,
    /// A call in which something goes wrong between client and server.
    Fault(WireFault, MustGive),
    /// A request that need not be one of the protocol, and the statuses that it may be answered with.
    Request(PlainRequest, Vec<u16>),
}

/// What a call must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustGive {
    /// A response.
    Response,
    /// An error.
    Error(Stage, Fault),
}

/// The steps that are a word, with what findings call them.
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
    /// What findings call it.
    pub(crate) fn title(&self) -> String {
        let words = WORDS.iter().find(|(_, step, _)| step == self);
        words.map_or_else(|| self.to_string(), |(_, _, title)| (*title).to_owned())
    }

    /// Whether it happens on the connection to a model server.
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
