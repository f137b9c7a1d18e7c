//! The scenarios of the life-cycle suite by name, and what a kind implements whose platform has objects with a life cycle of
//! their own. Names and interfaces only: which steps a scenario takes is for `run`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Work;
use crate::prediction::{Prediction, Request};

/// One scenario. What must hold in it is boileroom's contract of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Started twice: the second start does nothing.
    StartTwice,
    /// Stopped twice: the second stop does nothing.
    StopTwice,
    /// Stopped before it was started: nothing happens, and it can be started.
    StopBeforeStart,
    /// Called before it was started: refused, saying that it is not initialized.
    UseBeforeStart,
    /// A start that fails leaves nothing, does not count as running and can be tried again.
    FailedStart,
    /// A stop that fails is a stop all the same.
    FailedStop,
    /// Its server, container, job or process is killed from outside: the next call says so, and it can be started again.
    RestartAfterCrash,
    /// Stopped while it starts: nothing is left, and it can be started again.
    StopDuringStart,
    /// The program that holds it ends in an orderly way without stopping it: it is stopped.
    OrderlyExit,
    /// The program that holds it is ended by SIGTERM: it is stopped.
    Terminated,
    /// Two instances at once: neither answers for the other, and the end of one leaves the other running.
    TwoAtOnce,
}

impl Scenario {
    /// All scenarios, in the order in which they run.
    pub(crate) const ALL: [Self; 11] = [
        Self::StartTwice,
        Self::StopTwice,
        Self::StopBeforeStart,
        Self::UseBeforeStart,
        Self::FailedStart,
        Self::FailedStop,
        Self::RestartAfterCrash,
        Self::StopDuringStart,
        Self::OrderlyExit,
        Self::Terminated,
        Self::TwoAtOnce,
    ];

    /// The scenario of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == name)
    }

    /// How many instances run at once in it.
    pub(crate) const fn instances(self) -> usize {
        if matches!(self, Self::TwoAtOnce) { 2 } else { 1 }
    }

    /// Whether processes or other resources of the instance have to be killed or frozen from outside.
    pub(crate) const fn needs_external_kill(self) -> bool {
        matches!(self, Self::RestartAfterCrash | Self::FailedStop)
    }

    /// The name that suites use.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::StartTwice => "start_twice",
            Self::StopTwice => "stop_twice",
            Self::StopBeforeStart => "stop_before_start",
            Self::UseBeforeStart => "use_before_start",
            Self::FailedStart => "failed_start",
            Self::FailedStop => "failed_stop",
            Self::RestartAfterCrash => "restart_after_crash",
            Self::StopDuringStart => "stop_during_start",
            Self::OrderlyExit => "orderly_exit",
            Self::Terminated => "terminated",
            Self::TwoAtOnce => "two_at_once",
        }
    }
}

/// A program that hosts objects with a life cycle of their own, such as the `Backend` of a contributor. Scenarios run on its
/// objects as they do on instances, without the guarantees that an [`Instance`](super::Instance) adds.
pub trait ObjectHost: Send + Sync {
    /// Makes an object without starting it, and gives its number.
    fn make(&self) -> Work<'_, u64>;

    /// Has an object do something; an exception that it raises is the error.
    fn act(&self, object: u64, act: ObjectAct) -> Work<'_, ()>;

    /// Starts an object and interrupts that as Ctrl-C does. Gives whether the start was complete before.
    fn interrupt_start(&self, object: u64) -> Work<'_, bool>;

    /// Calls an object's model.
    fn predict<'a>(&'a self, object: u64, request: &'a Request) -> Work<'a, Prediction>;

    /// What can be seen of an object.
    fn state(&self, object: u64) -> Work<'_, ObjectState>;

    /// What all objects have started on this machine and is still there, by name.
    fn resources(&self) -> BTreeSet<String>;

    /// Kills what the objects have started on this machine, and says what there was.
    fn crash(&self) -> Vec<String>;

    /// Keeps a warning that changes no verdict.
    fn warn(&self, topic: &'static str, text: String);

    /// Lets the program end without stopping its objects.
    fn exit(&mut self, exit: ProgramExit) -> Work<'_, ExitedProgram>;

    /// Stops what still runs, and ends the program.
    fn end(&mut self) -> Work<'_, ()>;
}

/// What an object does when it is told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectAct {
    /// `start()`.
    Start,
    /// `start()`, whose `startup()` raises. No error when `start()` hands the exception on.
    FailingStart,
    /// `stop()`.
    Stop,
    /// `stop()`, whose `shutdown()` raises once it is done.
    FailingStop,
    /// `shutdown()`.
    Shutdown,
    /// `get_model()`.
    GetModel,
}

/// What can be seen of an object.
#[derive(Debug, Clone, Deserialize)]
pub struct ObjectState {
    /// Whether it counts as running; `None` where its class does not say.
    pub(crate) running: Option<bool>,
    /// How many exit hooks of the program belong to it.
    pub(crate) exit_hooks: usize,
    /// How often `startup()` was called; `None` where it cannot be counted.
    pub(crate) startups: Option<usize>,
    /// How often `shutdown()` was called.
    pub(crate) shutdowns: Option<usize>,
}

/// How a program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramExit {
    /// By itself, having come to its end.
    Orderly,
    /// By SIGTERM.
    Terminated,
}

/// How a program has ended.
#[derive(Debug)]
pub struct ExitedProgram {
    /// To follow a subject, such as `exited with status 1`.
    pub(crate) ending: String,
    /// Whether an object was shut down on the way.
    pub(crate) shut_down: bool,
    /// What was left of it.
    pub(crate) leaked: Vec<String>,
}
