//! Scenarios as lists of steps, and the trait of kinds whose platform has objects with their own life cycle. Describes
//! the steps; `run` runs them.

mod read;
mod step;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Work;
use crate::prediction::{Prediction, Request};
use crate::wire::WireFault;

pub(crate) use step::MANY;
pub use step::{MustGive, ScenarioStep};

/// A part of the life of an instance: at least one step, in a valid order.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    steps: Vec<ScenarioStep>,
}

impl Scenario {
    /// The steps in order.
    pub(crate) fn steps(&self) -> &[ScenarioStep] {
        &self.steps
    }

    fn any(&self, is_it: impl Fn(&ScenarioStep) -> bool) -> bool {
        self.steps.iter().any(is_it)
    }

    /// How many calls it makes that are answered.
    pub(crate) fn calls(&self) -> usize {
        let of = |step: &ScenarioStep| match step {
            ScenarioStep::Call
            | ScenarioStep::CallOther
            | ScenarioStep::HealthWhileBusy
            | ScenarioStep::KeepAlive
            | ScenarioStep::Pause
            | ScenarioStep::Fault(..) => 1,
            ScenarioStep::CallBoth => 2,
            ScenarioStep::CallMany => MANY,
            _ => 0,
        };
        self.steps.iter().map(of).sum()
    }

    /// How often it loads the model, if it is run to its end.
    pub(crate) fn starts(&self) -> usize {
        let mut runs = false;
        let of = |step: &ScenarioStep| match step {
            ScenarioStep::Start => usize::from(!std::mem::replace(&mut runs, true)),
            ScenarioStep::Stop | ScenarioStep::Kill | ScenarioStep::FailStop => {
                runs = false;
                0
            }
            ScenarioStep::Restart | ScenarioStep::AbandonStart => 1,
            ScenarioStep::StartBoth => 2,
            _ => 0,
        };
        self.steps.iter().map(of).sum()
    }

    /// How many instances it runs at once.
    pub(crate) fn instances(&self) -> usize {
        if self.any(|step| matches!(step, ScenarioStep::StartBoth)) { 2 } else { 1 }
    }

    /// Whether it kills or freezes resources of the instance from outside.
    pub(crate) fn needs_external_kill(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::Kill | ScenarioStep::FailStop | ScenarioStep::Pause))
    }

    /// Whether it ends the program that holds the instance.
    pub(crate) fn ends_its_program(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::Exit(_)))
    }

    /// Whether it checks for growth over many calls.
    pub(crate) fn makes_many_calls(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::CallMany))
    }

    /// Whether it makes a start fail.
    pub(crate) fn fails_a_start(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::FailStart))
    }

    /// Whether it needs the connection to a model server.
    pub(crate) fn needs_server(&self) -> bool {
        self.any(ScenarioStep::needs_server)
    }

    /// Whether it only makes calls, so that it can test a server that is already running.
    pub(crate) fn is_only_of_calls(&self) -> bool {
        let replays = |step: &ScenarioStep| matches!(step, ScenarioStep::Fault(WireFault::Replay, _));
        let is_plain =
            |step: &ScenarioStep| matches!(step, ScenarioStep::Start | ScenarioStep::Stop | ScenarioStep::Call);
        let of_calls =
            |step: &ScenarioStep| is_plain(step) || (step.needs_server() && !matches!(step, ScenarioStep::Pause));
        // A replay needs a new secret, and such a server never changes its secret.
        self.needs_server() && self.steps.iter().all(of_calls) && !self.any(replays)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&steps.join(", "))
    }
}

/// A program that hosts objects with their own life cycle, such as the `Backend` of a contributor. Scenarios run on its
/// objects as they do on instances, without the guarantees that an [`Instance`](super::Instance) adds.
pub trait ObjectHost: Send + Sync {
    /// Creates an object without starting it, and returns its number.
    fn make(&self) -> Work<'_, u64>;

    /// Makes an object act. An exception that it raises is the error.
    fn act(&self, object: u64, act: ObjectAct) -> Work<'_, ()>;

    /// Starts an object and interrupts the start as Ctrl-C does. Returns whether the start completed first.
    fn interrupt_start(&self, object: u64) -> Work<'_, bool>;

    /// Calls an object's model.
    fn predict<'a>(&'a self, object: u64, request: &'a Request) -> Work<'a, Prediction>;

    /// The visible state of an object.
    fn state(&self, object: u64) -> Work<'_, ObjectState>;

    /// The resources on this machine that the objects have created, by name.
    fn resources(&self) -> BTreeSet<String>;

    /// Kills the processes that the objects have started on this machine, and returns their names.
    fn crash(&self) -> Vec<String>;

    /// Records a warning, which changes no verdict.
    fn warn(&self, topic: &'static str, text: String);

    /// Lets the program exit without stopping its objects.
    fn exit(&mut self, exit: ProgramExit) -> Work<'_, ExitedProgram>;

    /// Stops the objects that still run, and ends the program.
    fn end(&mut self) -> Work<'_, ()>;
}

/// An act of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectAct {
    /// `start()`.
    Start,
    /// `start()` with a `startup()` that raises. It is no error if `start()` passes the exception on.
    FailingStart,
    /// `stop()`.
    Stop,
    /// `stop()` with a `shutdown()` that raises at its end.
    FailingStop,
    /// `shutdown()`.
    Shutdown,
    /// `get_model()`.
    GetModel,
}

/// The visible state of an object.
#[derive(Debug, Clone, Deserialize)]
pub struct ObjectState {
    /// Whether it counts as running; `None` if its class does not tell.
    pub(crate) running: Option<bool>,
    /// The number of exit hooks of the program that refer to it.
    pub(crate) exit_hooks: usize,
    /// How often `startup()` was called; `None` if it cannot be counted.
    pub(crate) startups: Option<usize>,
    /// How often `shutdown()` was called; `None` if it cannot be counted.
    pub(crate) shutdowns: Option<usize>,
}

/// The way in which a program is made to exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramExit {
    /// By itself, at its end.
    Orderly,
    /// By SIGTERM.
    Terminated,
}

/// How a program has exited.
#[derive(Debug)]
pub struct ExitedProgram {
    /// A predicate, such as `exited with status 1`.
    pub(crate) ending: String,
    /// Whether an object was shut down by the exit.
    pub(crate) shut_down: bool,
    /// The processes that it leaked.
    pub(crate) leaked: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_loads_are_counted() {
        let cost = |steps: &[&str]| {
            let named = steps.iter().map(|name| {
                let (_, step, _) = step::WORDS.iter().find(|(word, ..)| word == name).unwrap();
                step.clone()
            });
            let scenario = Scenario { steps: named.collect() };
            (scenario.calls(), scenario.starts())
        };
        assert_eq!(cost(&["start", "call", "start", "restart", "call_many", "stop"]), (13, 2));
        assert_eq!(cost(&["start", "kill", "start", "keep_alive", "health_while_busy", "stop"]), (2, 2));
        assert_eq!(cost(&["start_both", "call_both", "stop", "call_other", "stop_other"]), (3, 2));
        assert_eq!(cost(&["stop", "refuse", "fail_start"]), (0, 0));
    }
}
