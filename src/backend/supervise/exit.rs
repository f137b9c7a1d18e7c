//! How a supervised program exited, and the lines in which its supervisor reports that. Does not watch processes
//! itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::os::{Signal, WaitStatus};

/// How a program exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ExitReason {
    /// It exited with this status.
    Exited(i32),
    /// This signal killed it.
    Killed(i32),
    /// Its supervisor was killed from outside, and the program with it.
    Lost,
}

impl ExitReason {
    /// Whether the program could not be run at all, by the exit statuses of shells and container engines.
    pub(crate) fn is_not_runnable(self) -> bool {
        [NOT_EXECUTABLE, NOT_FOUND].map(|status| Self::Exited(status.into())).contains(&self)
    }

    /// Whether the program was ended from outside: no program sends itself these signals when it crashes.
    pub(crate) fn is_from_outside(self) -> bool {
        self == Self::Lost || self.is_by([Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP])
    }

    /// Whether the program exited when it was asked to: neither a crash nor a kill.
    pub(super) fn is_orderly(self) -> bool {
        matches!(self, Self::Exited(_)) || self.is_by([Signal::TERM, Signal::INT])
    }

    fn is_by<const N: usize>(self, signals: [Signal; N]) -> bool {
        signals.map(|signal| Self::Killed(signal.as_raw())).contains(&self)
    }

    pub(super) fn of(status: WaitStatus) -> Option<Self> {
        status.exit_status().map(Self::Exited).or_else(|| status.terminating_signal().map(Self::Killed))
    }
}

/// Exit status of a command that exists but cannot be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// Exit status of a command that does not exist.
pub(super) const NOT_FOUND: u8 = 127;

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::Killed(signal) => match NAMES.iter().find(|(known, _)| known.as_raw() == *signal) {
                Some((_, name)) => write!(f, "was ended by {name}"),
                None => write!(f, "was ended by signal {signal}"),
            },
            Self::Lost => f.write_str("was lost: its supervisor was ended from outside"),
        }
    }
}

/// The names of signals that end programs.
const NAMES: [(Signal, &str); 9] = [
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::ILL, "SIGILL"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::TERM, "SIGTERM"),
];

/// A process that is still running after the program that started it has exited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeakedProcess {
    pub(crate) process: i32,
    /// Its command line and the ports it listens on.
    pub(crate) detail: String,
}

/// One line from the supervisor, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum SupervisorReport {
    /// The program is running; every process it starts descends from the supervisor.
    Started,
    /// The program exited. The supervisor now kills all other processes that it started.
    Exited(ExitReason),
    /// The program exited when it was asked to, and this process outlived it by more than the settling time.
    Left(LeakedProcess),
    /// Every leaked process has been reported.
    Settled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_one_line_and_reads_back_as_it_was_written() {
        for report in [
            SupervisorReport::Started,
            SupervisorReport::Exited(ExitReason::Exited(3)),
            SupervisorReport::Exited(ExitReason::Killed(9)),
            SupervisorReport::Left(LeakedProcess { process: 17, detail: "sleep 600\nlistening on port 80".into() }),
            SupervisorReport::Settled,
        ] {
            let line = serde_json::to_string(&report).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<SupervisorReport>(&line).unwrap(), report);
        }
        for line in ["", "exited", "{\"Exited\":{}}", "{\"Left\":[1]}"] {
            assert!(serde_json::from_str::<SupervisorReport>(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_crash_or_a_kill_is_not_orderly() {
        assert!(ExitReason::Exited(1).is_orderly() && ExitReason::Killed(Signal::TERM.as_raw()).is_orderly());
        assert!(
            !ExitReason::Killed(9).is_orderly()
                && !ExitReason::Killed(11).is_orderly()
                && !ExitReason::Lost.is_orderly()
        );
    }

    #[test]
    fn endings_are_named_as_people_know_them() {
        assert_eq!(ExitReason::Killed(9).to_string(), "was ended by SIGKILL");
        assert_eq!(ExitReason::Killed(64).to_string(), "was ended by signal 64");
        assert_eq!(ExitReason::Exited(1).to_string(), "exited with status 1");
    }
}
