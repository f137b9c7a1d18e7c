//! How a supervised program ended, and the lines by which its supervisor reports that. Observes nothing itself.

use std::fmt;

use rustix::process::{Signal, WaitStatus};

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It exited with a status.
    Exited(i32),
    /// A signal ended it.
    Killed(i32),
    /// Its supervisor was ended by somebody else, and it with it.
    Lost,
}

impl Ending {
    /// Whether the program could not be run at all: the statuses that shells and container engines use for that.
    #[must_use]
    pub const fn is_not_runnable(self) -> bool {
        const LEAST: i32 = NOT_EXECUTABLE as i32;
        const GREATEST: i32 = NOT_FOUND as i32;
        matches!(self, Self::Exited(LEAST..=GREATEST))
    }

    pub(super) fn of(status: WaitStatus) -> Option<Self> {
        let exited = status.exit_status().map(Self::Exited);
        exited.or_else(|| status.terminating_signal().map(Self::Killed))
    }
}

/// Exit status of a command that is there but cannot be executed.
pub(super) const NOT_EXECUTABLE: u8 = 126;
/// Exit status of a command that is not there.
pub(super) const NOT_FOUND: u8 = 127;

impl fmt::Display for Ending {
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
    let found = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    found.map(|(_, name)| *name)
}

/// One line from the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The program runs; what it starts descends from the supervisor.
    Started,
    /// The program ended. Whatever else it started is being ended.
    Ended(Ending),
}

impl Report {
    pub(super) fn parse(line: &str) -> Option<Self> {
        if line == "started" {
            return Some(Self::Started);
        }
        let (word, number) = line.split_once(' ')?;
        let number = number.parse().ok()?;
        match word {
            "exited" => Some(Self::Ended(Ending::Exited(number))),
            "killed" => Some(Self::Ended(Ending::Killed(number))),
            _ => None,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Ended(Ending::Exited(status)) => write!(f, "exited {status}"),
            Self::Ended(Ending::Killed(signal)) => write!(f, "killed {signal}"),
            Self::Ended(Ending::Lost) => f.write_str("lost"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_read_back_as_they_were_written() {
        for report in [
            Report::Started,
            Report::Ended(Ending::Exited(3)),
            Report::Ended(Ending::Killed(9)),
        ] {
            assert_eq!(Report::parse(&report.to_string()), Some(report));
        }
        assert_eq!(Report::parse("exited"), None);
        assert_eq!(Report::parse("exited x"), None);
    }

    #[test]
    fn endings_are_named_as_people_know_them() {
        assert_eq!(Ending::Killed(9).to_string(), "was ended by SIGKILL");
        assert_eq!(Ending::Killed(64).to_string(), "was ended by signal 64");
        assert_eq!(Ending::Exited(1).to_string(), "exited with status 1");
    }
}
