//! Scenarios as lists of steps, and what a kind implements whose platform has objects with a life cycle of their own. Says what
//! happens in which order; `run` does it.

mod order;
mod read;
mod step;

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::Work;
use crate::prediction::{Prediction, Request};
use crate::wire::WireFault;

pub(crate) use step::MANY;
pub use step::{MustGive, ScenarioStep};

/// A part of the life of an instance: steps in an order that can be taken, at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    steps: Vec<ScenarioStep>,
}

impl Scenario {
    /// What happens, in order.
    pub(crate) fn steps(&self) -> &[ScenarioStep] {
        &self.steps
    }

    fn any(&self, is_it: impl Fn(&ScenarioStep) -> bool) -> bool {
        self.steps.iter().any(is_it)
    }

    /// How many calls are answered in it.
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

    /// How often the model is loaded in it, as far as it gets.
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

    /// How many instances run at once in it.
    pub(crate) fn instances(&self) -> usize {
        if self.any(|step| matches!(step, ScenarioStep::StartBoth)) { 2 } else { 1 }
    }

    /// Whether processes or other resources of the instance have to be killed or frozen from outside.
    pub(crate) fn needs_external_kill(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::Kill | ScenarioStep::FailStop | ScenarioStep::Pause))
    }

    /// Whether the program that holds the instance has to end.
    pub(crate) fn ends_its_program(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::Exit(_)))
    }

    /// Whether it looks for growth over many calls.
    pub(crate) fn makes_many_calls(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::CallMany))
    }

    /// Whether a start has to fail.
    pub(crate) fn fails_a_start(&self) -> bool {
        self.any(|step| matches!(step, ScenarioStep::FailStart))
    }

    /// Whether something happens on the connection to a model server.
    pub(crate) fn needs_server(&self) -> bool {
        self.any(ScenarioStep::needs_server)
    }

    /// Whether it says something of a server that runs already: nothing but that it is called.
    pub(crate) fn is_only_of_calls(&self) -> bool {
        let replays = |step: &ScenarioStep| matches!(step, ScenarioStep::Fault(WireFault::Replay, _));
        let is_plain =
            |step: &ScenarioStep| matches!(step, ScenarioStep::Start | ScenarioStep::Stop | ScenarioStep::Call);
        let of_calls =
            |step: &ScenarioStep| is_plain(step) || (step.needs_server() && !matches!(step, ScenarioStep::Pause));
        // Such a server has one secret for all its life.
        self.needs_server() && self.steps.iter().all(of_calls) && !self.any(replays)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        f.write_str(&steps.join(", "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_loads_are_those_of_the_steps() {
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
