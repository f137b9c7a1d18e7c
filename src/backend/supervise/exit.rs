//! How a supervised program ended, and the lines by which its supervisor reports that. Observes nothing itself.

use std::fmt;

use crate::os::{Signal, WaitStatus};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// It exited with a status.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// Its supervisor was ended from outside, and it with it.
    Lost,
}

impl ExitReason {
    /// Whether the program could not be run at all: the statuses that shells and container engines use for that.
    pub(crate) const fn is_not_runnable(self) -> bool {
        const LEAST: i32 = NOT_EXECUTABLE as i32;
        const GREATEST: i32 = NOT_FOUND as i32;
        matches!(self, Self::Exited(LEAST..=GREATEST))
    }

    /// Whether the program was ended from outside: no program sends itself these signals when it crashes.
    pub(crate) const fn is_from_outside(self) -> bool {
        const OTHERS: [i32; 4] =
            [Signal::KILL.as_raw(), Signal::TERM.as_raw(), Signal::INT.as_raw(), Signal::HUP.as_raw()];
        match self {
            Self::Exited(_) => false,
            Self::Killed(signal) => {
                signal == OTHERS[0] || signal == OTHERS[1] || signal == OTHERS[2] || signal == OTHERS[3]
            }
            Self::Lost => true,
        }
    }

    /// Whether it is the end of a program that was asked to end, and did: neither a crash nor a kill.
    pub(super) const fn is_orderly(self) -> bool {
        const ASKED: [i32; 2] = [Signal::TERM.as_raw(), Signal::INT.as_raw()];
        match self {
            Self::Exited(_) => true,
            Self::Killed(signal) => signal == ASKED[0] || signal == ASKED[1],
            Self::Lost => false,
        }
    }

    pub(super) fn of(status: WaitStatus) -> Option<Self> {
        status.exit_status().map(Self::Exited).or_else(|| status.terminating_signal().map(Self::Killed))
    }
}

/// Exit status of a command that is there but cannot be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// Exit status of a command that is not there.
pub(super) const NOT_FOUND: u8 = 127;

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::Killed(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "was ended by {name}"),
                None => write!(f, "was ended by signal {signal}"),
            },
            Self::Lost => f.write_str("was lost: its supervisor was ended from outside"),
        }
    }
}

fn signal_name(number: i32) -> Option<&'static str> {
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
    NAMES.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name)
}

/// A process that is still there after the program that started it has exited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeakedProcess {
    /// Its number.
    pub(crate) process: i32,
    /// Its command, and where it listens.
    pub(crate) detail: String,
}

/// One line from the supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SupervisorReport {
    /// The program runs; what it starts descends from the supervisor.
    Started,
    /// The program ended. Whatever else it started is being ended.
    Exited(ExitReason),
    /// The program had been asked to end and did, and this was still there when there had been time enough to go.
    Left(LeakedProcess),
    /// There is no more of that.
    Settled,
}

impl SupervisorReport {
    pub(super) fn parse(line: &str) -> Option<Self> {
        if line == "started" {
            return Some(Self::Started);
        }
        if line == "settled" {
            return Some(Self::Settled);
        }
        let (word, number) = line.split_once(' ')?;
        if word == "left" {
            let (process, detail) = number.split_once(' ')?;
            return Some(Self::Left(LeakedProcess { process: process.parse().ok()?, detail: detail.to_owned() }));
        }
        let number = number.parse().ok()?;
        match word {
            "exited" => Some(Self::Exited(ExitReason::Exited(number))),
            "killed" => Some(Self::Exited(ExitReason::Killed(number))),
            _ => None,
        }
    }
}

impl fmt::Display for SupervisorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Exited(ExitReason::Exited(status)) => write!(f, "exited {status}"),
            Self::Exited(ExitReason::Killed(signal)) => write!(f, "killed {signal}"),
            Self::Exited(ExitReason::Lost) => f.write_str("lost"),
            Self::Left(LeakedProcess { process, detail }) => write!(f, "left {process} {detail}"),
            Self::Settled => f.write_str("settled"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_read_back_as_they_were_written() {
        for report in [
            SupervisorReport::Started,
            SupervisorReport::Exited(ExitReason::Exited(3)),
            SupervisorReport::Exited(ExitReason::Killed(9)),
            SupervisorReport::Left(LeakedProcess { process: 17, detail: "sleep 600, listening on port 80".into() }),
            SupervisorReport::Settled,
        ] {
            assert_eq!(SupervisorReport::parse(&report.to_string()), Some(report));
        }
        assert_eq!(SupervisorReport::parse("exited"), None);
        assert_eq!(SupervisorReport::parse("exited x"), None);
        assert_eq!(SupervisorReport::parse("left x y"), None);
    }

    #[test]
    fn a_crash_or_a_kill_is_no_orderly_end() {
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
