//! The scenes of the life-cycle suite: what may happen to an instance between nothing and nothing. Names only.

/// One scene. What must hold in it is boileroom's contract of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scene {
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
    /// Its server, container, job or process ends behind its back: the next call says so, and it can be started again.
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

impl Scene {
    /// All scenes, in the order in which they are played.
    pub const ALL: [Self; 11] = [
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

    /// The scene of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scene| scene.name() == name)
    }

    /// How many instances run at once in it.
    #[must_use]
    pub const fn instances(self) -> usize {
        if matches!(self, Self::TwoAtOnce) { 2 } else { 1 }
    }

    /// Whether something has to happen to the instance from outside of the harness.
    #[must_use]
    pub const fn needs_a_grip(self) -> bool {
        matches!(self, Self::RestartAfterCrash | Self::FailedStop)
    }

    /// The name that suites use.
    #[must_use]
    pub const fn name(self) -> &'static str {
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
