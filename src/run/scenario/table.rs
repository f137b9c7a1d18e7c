//! The scenarios as a table of steps. Says what happens in which order; `usual` and `faults` do it, on instances and on hosted
//! objects alike.

use crate::backend::{ProgramExit, Scenario};

/// What happens in one step of a scenario, and what must come of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum ScenarioStep {
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
    /// Two start at once, and must share nothing.
    StartBoth,
    /// Both are called at once, and both must answer.
    CallBoth,
    /// As [`Self::Call`], for the second of two.
    CallOther,
    /// As [`Self::Stop`], for the second of two.
    StopOther,
}

/// The steps of a scenario.
pub(super) const fn steps(scenario: Scenario) -> &'static [ScenarioStep] {
    use ScenarioStep::{
        AbandonStart, Call, CallBoth, CallOther, Crash, Down, Exit, FailStart, FailStop, Refuse, Start, StartBoth,
        Stop, StopOther,
    };

    match scenario {
        // What a second start had started besides is still there after one stop, and a leak.
        Scenario::StartTwice => &[Start, Call, Start, Call, Stop],
        Scenario::StopTwice => &[Start, Call, Stop, Stop, Start, Call, Stop],
        Scenario::StopBeforeStart => &[Stop, Start, Call, Stop],
        Scenario::UseBeforeStart => &[Refuse, Start, Call, Stop],
        Scenario::FailedStart => &[FailStart, Start, Call, Stop],
        Scenario::FailedStop => &[Start, Call, FailStop, Start, Call, Stop],
        Scenario::RestartAfterCrash => &[Start, Call, Crash, Start, Call, Stop],
        Scenario::StopDuringStart => &[AbandonStart, Start, Call, Stop],
        Scenario::OrderlyExit => &[Start, Exit(ProgramExit::Orderly)],
        Scenario::Terminated => &[Start, Exit(ProgramExit::Terminated)],
        Scenario::TwoAtOnce => &[StartBoth, CallBoth, Stop, CallOther, Down, StopOther],
    }
}

impl ScenarioStep {
    /// What findings call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Call => "call",
            Self::Down => "call after the stop",
            Self::Refuse => "call before any start",
            Self::FailStart => "start that fails",
            Self::FailStop => "stop that fails",
            Self::AbandonStart => "start that is given up",
            Self::Crash => "crash",
            Self::Exit(ProgramExit::Orderly) => "end of the program",
            Self::Exit(ProgramExit::Terminated) => "SIGTERM to the program",
            Self::StartBoth => "start of two",
            Self::CallBoth => "call of both",
            Self::CallOther => "call of the other",
            Self::StopOther => "stop of the other",
        }
    }
}
