//! The scenarios, each as a table of steps. Says what happens in which order; `usual` and `faults` do it, on instances
//! and on hosted objects alike.

use crate::backend::{ProgramExit, Scenario};

use Action::{AbandonStart, Call, CallBoth, Crash, Down, Exit, FailStart, FailStop, Refuse, Start, StartBoth, Stop};

/// One step of a scenario.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScenarioStep {
    pub(super) action: Action,
    /// Which of the two subjects it happens to.
    pub(super) subject: usize,
    /// When that is, for findings.
    pub(super) when: &'static str,
}

/// What happens in a step, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action {
    /// It must start and count as running; where it runs already, nothing may happen.
    Start,
    /// It must stop, count as stopped and leave nothing; where it does not run, nothing may happen.
    Stop,
    /// A call must be answered.
    Call,
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
    Crash,
    /// The program that holds it ends without stopping it: it must be stopped.
    Exit(ProgramExit),
    /// Both start at once, and share nothing.
    StartBoth,
    /// Both are called at once, and both answer.
    CallBoth,
}

const fn one(action: Action, when: &'static str) -> ScenarioStep {
    ScenarioStep {
        action,
        subject: 0,
        when,
    }
}

const fn other(action: Action, when: &'static str) -> ScenarioStep {
    ScenarioStep {
        action,
        subject: 1,
        when,
    }
}

const START_TWICE: &[ScenarioStep] = &[
    one(Start, "the first start"),
    one(Call, "after the first start"),
    one(Start, "the second start"),
    one(Call, "after the second start"),
    // Whatever a second start had started besides is still there after one stop, and a leak.
    one(Stop, "the stop after two starts"),
];

const STOP_TWICE: &[ScenarioStep] = &[
    one(Start, "the start"),
    one(Call, "after the start"),
    one(Stop, "the first stop"),
    one(Stop, "the second stop"),
    one(Start, "a start after two stops"),
    one(Call, "after the start that followed two stops"),
    one(Stop, "the last stop"),
];

const STOP_BEFORE_START: &[ScenarioStep] = &[
    one(Stop, "a stop before any start"),
    one(Start, "the start after a stop"),
    one(Call, "after the start that followed a stop"),
    one(Stop, "the last stop"),
];

const USE_BEFORE_START: &[ScenarioStep] = &[
    one(Refuse, "a call before any start"),
    one(Start, "the start after a call that came too early"),
    one(Call, "after the start"),
    one(Stop, "the stop"),
];

const FAILED_START: &[ScenarioStep] = &[
    one(FailStart, "a start that fails"),
    one(Start, "the start after a failed one"),
    one(Call, "after the start that followed a failed one"),
    one(Stop, "the stop"),
];

const FAILED_STOP: &[ScenarioStep] = &[
    one(Start, "the start"),
    one(Call, "after the start"),
    one(FailStop, "a stop that fails"),
    one(Start, "the start after a failed stop"),
    one(Call, "after the start that followed a failed stop"),
    one(Stop, "the last stop"),
];

const RESTART_AFTER_CRASH: &[ScenarioStep] = &[
    one(Start, "the start"),
    one(Call, "after the start"),
    one(Crash, "after a crash"),
    one(Start, "the start after a crash"),
    one(Call, "after the start that followed a crash"),
    one(Stop, "the last stop"),
];

const STOP_DURING_START: &[ScenarioStep] = &[
    one(AbandonStart, "after a start was given up"),
    one(Start, "the start after one was given up"),
    one(Call, "after the start that followed one that was given up"),
    one(Stop, "the stop"),
];

const ORDERLY_EXIT: &[ScenarioStep] = &[
    one(Start, "the start"),
    one(Exit(ProgramExit::Orderly), "the end of the program that holds it"),
];

const TERMINATED: &[ScenarioStep] = &[
    one(Start, "the start"),
    one(Exit(ProgramExit::Terminated), "SIGTERM to the program that holds it"),
];

const TWO_AT_ONCE: &[ScenarioStep] = &[
    one(StartBoth, "the start of two at once"),
    one(CallBoth, "two calls at once"),
    one(Stop, "the stop of one of two"),
    other(Call, "after the stop of the other"),
    one(Down, "after its stop, while the other runs"),
    other(Stop, "the stop of the other"),
];

/// The steps of a scenario.
pub(super) const fn steps(scenario: Scenario) -> &'static [ScenarioStep] {
    match scenario {
        Scenario::StartTwice => START_TWICE,
        Scenario::StopTwice => STOP_TWICE,
        Scenario::StopBeforeStart => STOP_BEFORE_START,
        Scenario::UseBeforeStart => USE_BEFORE_START,
        Scenario::FailedStart => FAILED_START,
        Scenario::FailedStop => FAILED_STOP,
        Scenario::RestartAfterCrash => RESTART_AFTER_CRASH,
        Scenario::StopDuringStart => STOP_DURING_START,
        Scenario::OrderlyExit => ORDERLY_EXIT,
        Scenario::Terminated => TERMINATED,
        Scenario::TwoAtOnce => TWO_AT_ONCE,
    }
}
