//! What Slurm says of a job, one line of `squeue`, and what it means: whether the job is over, and how it came to that.
//! Reads text only.
//!
//! The columns are asked for one by one, with a separator, and not as JSON: its shape changes from one release to the next,
//! and needs a plugin that not every site has.

use std::fmt::Write;

use crate::backend::launcher::ServerExit;
use crate::backend::start_progress::StartProgress;
use crate::backend::supervise::ExitReason;
use crate::backend::{Fault, Stage};

/// The columns, in order. The name comes last: it alone may hold a separator.
pub(super) const COLUMNS: &str = "JobID:|,State:|,Reason:|,exit_code:|,RestartCnt:|,BatchHost:|,StartTime:|,Name:|";

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobLine {
    /// Its number.
    pub(super) id: String,
    /// Its state, such as `PENDING`.
    pub(super) state: String,
    /// Why it waits or failed, such as `Resources`; `None` where there is no reason.
    pub(super) reason: String,
    /// What became of its script, as `wait` tells it: the signal in the low seven bits, the status above eight.
    exit: u32,
    /// How often it was started anew.
    pub(super) restarts: u32,
    /// The node that its script runs on; empty before that.
    pub(super) node: String,
    /// When it started or is expected to, where that is known.
    start: Option<String>,
    pub(super) name: String,
}

/// States after which nothing of a job runs. Unknown ones are not among them: whatever is not surely over is still there.
const OVER: [&str; 10] = [
    "COMPLETED",
    "CANCELLED",
    "FAILED",
    "TIMEOUT",
    "NODE_FAIL",
    "PREEMPTED",
    "BOOT_FAIL",
    "DEADLINE",
    "OUT_OF_MEMORY",
    "REVOKED",
];

/// States in which a job has no node.
const WAITING: [&str; 7] =
    ["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"];

/// What the reasons of waiting mean for the user, and what may help.
const REASONS: [(&str, &str); 12] = [
    ("JobHeldUser", "it is held; `scontrol release` lets it go"),
    ("JobHeldAdmin", "an administrator holds it"),
    ("PartitionDown", "its partition starts no jobs; see `sinfo`"),
    ("PartitionInactive", "its partition takes no jobs; see `sinfo`"),
    ("PartitionTimeLimit", "`time` is more than its partition allows; see `sinfo`"),
    ("PartitionNodeLimit", "it asks for more nodes than its partition allows"),
    ("Resources", "no node with what it asks for is free"),
    ("Priority", "other jobs go first"),
    ("ReqNodeNotAvail", "a node that it needs is down or reserved; see `sinfo --list-reasons`"),
    ("Nodes required for job", "its nodes are down or reserved; see `sinfo --list-reasons`"),
    ("BeginTime", "it may not start before its time"),
    ("BadConstraints", "nothing can ever be as it asks for"),
];

impl JobLine {
    /// Reads one line of [`COLUMNS`]; `None` when it is none.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut columns = line.splitn(8, '|').map(str::trim);
        let mut next = || columns.next();
        let id = next().filter(|id| id.starts_with(|letter: char| letter.is_ascii_digit()))?;
        let (state, reason, exit, restarts, node, start) = (next()?, next()?, next()?, next()?, next()?, next()?);
        Some(Self {
            id: id.to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            exit: exit.parse().unwrap_or_default(),
            restarts: restarts.parse().unwrap_or_default(),
            node: node.to_owned(),
            start: Some(start.to_owned()).filter(|start| start.starts_with(|letter: char| letter.is_ascii_digit())),
            name: next()?.trim_end_matches('|').to_owned(),
        })
    }

    /// Whether nothing of it runs any more.
    pub(super) fn is_over(&self) -> bool {
        OVER.contains(&self.state.as_str())
    }

    /// Whether it has no node.
    pub(super) fn waits(&self) -> bool {
        WAITING.contains(&self.state.as_str())
    }

    /// The state with what is known about it, such as `job 7 is PENDING (Priority), expected to start at 2026-…`.
    pub(super) fn describe(&self) -> String {
        match self.outlook() {
            Some(outlook) => format!("{}, {outlook}", self.brief()),
            None => self.brief(),
        }
    }

    /// Tells who waits for it to start: what it waits for, what that means, and when it is expected to start.
    pub(super) fn state_in(&self, progress: &StartProgress) {
        if !self.waits() {
            return progress.set(Stage::Ready, format!("{}: waiting for its server to listen", self.brief()));
        }
        progress.set(Stage::Launch, self.brief());
        let meaning = Some(self.explain()).filter(|meaning| !meaning.is_empty());
        let known: Vec<String> = self.outlook().into_iter().chain(meaning.map(str::to_owned)).collect();
        progress.set_detail(known.join("; "));
    }

    /// The state without what changes with every look.
    fn brief(&self) -> String {
        let mut text = format!("job {} is {}", self.id, self.state);
        // Writing to a string cannot fail.
        if self.has_reason() {
            let _ = write!(text, " ({})", self.reason);
        }
        if !self.waits() && !self.node.is_empty() {
            let _ = write!(text, " on {}", self.node);
        }
        text
    }

    /// When it is expected to start, while it waits.
    fn outlook(&self) -> Option<String> {
        let start = self.start.as_ref().filter(|_| self.waits())?;
        Some(format!("expected to start at {start}"))
    }

    /// What the reason of waiting means; empty when there is nothing to add.
    pub(super) fn explain(&self) -> &'static str {
        REASONS.iter().find(|(reason, _)| self.reason.starts_with(reason)).map_or("", |(_, meaning)| meaning)
    }

    /// The exit status of its script, as a shell shows it: 128 and the signal for one that a signal ended.
    pub(super) const fn status(&self) -> u32 {
        match self.exit & 0x7f {
            0 => (self.exit >> 8) & 0xff,
            signal => 128 + signal,
        }
    }

    /// How the server exited in a job that hydrotest did not end, and that had been started anew `restarts` times then.
    pub(super) fn server_exit(&self, restarts: u32) -> ServerExit {
        let place =
            if self.node.is_empty() { format!("job {}", self.id) } else { format!("job {} on {}", self.id, self.node) };
        let ended = |by: &str| format!("was ended with {place} by {by}");
        let status = self.status();
        let message = match self.state.as_str() {
            "TIMEOUT" => ended("its time limit (TIMEOUT; `time` asks for more)"),
            "DEADLINE" => ended("its deadline (DEADLINE)"),
            "CANCELLED" => ended("a scancel from outside (CANCELLED)"),
            "NODE_FAIL" => ended("the failure of its node (NODE_FAIL; see `sinfo --list-reasons`)"),
            "BOOT_FAIL" => ended("a node that did not boot (BOOT_FAIL)"),
            "PREEMPTED" => ended("a job that goes before it (PREEMPTED; another `partition` or `qos` may be spared)"),
            "OUT_OF_MEMORY" => ended("the limit of its memory (OUT_OF_MEMORY; `memory` asks for more)"),
            _ if self.was_requeued(restarts) => {
                format!("was ended with {place}, which was put back into the queue ({})", self.state)
            }
            _ if self.never_ran() => format!(
                "was never started in {place} ({} {}; can the node write to the job's directory, `shared_dir`?)",
                self.state, self.reason
            ),
            // A shell tells of a signal by 128 and its number, of which there are 64.
            _ if (129..=192).contains(&status) => {
                format!("{} in {place}", ExitReason::Killed((status - 128).cast_signed()))
            }
            _ => format!("{} in {place}", ExitReason::Exited(status.cast_signed())),
        };
        let exited = ["FAILED", "COMPLETED", "COMPLETING"].contains(&self.state.as_str());
        let reason = match status {
            129..=192 => ExitReason::Killed((status - 128).cast_signed()),
            _ => ExitReason::Exited(status.cast_signed()),
        };
        ServerExit {
            from_outside: !exited || self.was_requeued(restarts) || self.never_ran() || reason.is_from_outside(),
            fault: if self.state == "FAILED" && ExitReason::Exited(status.cast_signed()).is_not_runnable() {
                Fault::Misconfigured
            } else {
                Fault::Died
            },
            message,
        }
    }

    /// Whether Slurm has started it anew since, or is about to.
    pub(super) fn was_requeued(&self, restarts: u32) -> bool {
        self.waits() || self.restarts != restarts
    }

    fn never_ran(&self) -> bool {
        self.state == "FAILED" && (self.reason == "JobLaunchFailure" || self.exit & 0x7f == LAUNCH_FAILED)
    }

    fn has_reason(&self) -> bool {
        !matches!(self.reason.as_str(), "" | "None")
    }
}

/// The signal, which no system has, by which Slurm says that it could not open the files of a job.
const LAUNCH_FAILED: u32 = 53;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> JobLine {
        JobLine::parse(text).unwrap()
    }

    #[test]
    fn a_line_is_read_and_described() {
        let waiting = line("12|PENDING|Nodes required for job are DOWN|0|0||N/A|hydrotest-ab-1|");
        assert!(waiting.waits() && !waiting.is_over());
        insta::assert_snapshot!(waiting.describe(), @"job 12 is PENDING (Nodes required for job are DOWN)");
        insta::assert_snapshot!(waiting.explain(), @"its nodes are down or reserved; see `sinfo --list-reasons`");
        let running = line("13|RUNNING|None|0|2|vm|2026-11-23T23:54:44|a|b|");
        assert_eq!((running.describe().as_str(), running.restarts), ("job 13 is RUNNING on vm", 2));
        assert_eq!(running.name, "a|b");
        let priority = line("14|PENDING|Priority|0|0||2026-11-24T10:00:00|n|");
        insta::assert_snapshot!(priority.describe(), @"job 14 is PENDING (Priority), expected to start at 2026-11-24T10:00:00");
        let reported = |line: &JobLine| {
            let progress = StartProgress::default();
            line.state_in(&progress);
            let doing = progress.now().unwrap();
            (doing.stage, doing.to_string())
        };
        assert_eq!(
            reported(&priority),
            (
                Stage::Launch,
                "job 14 is PENDING (Priority): expected to start at 2026-11-24T10:00:00; other jobs go first".into()
            )
        );
        assert_eq!(
            reported(&running),
            (Stage::Ready, "job 13 is RUNNING on vm: waiting for its server to listen".into())
        );
        assert_eq!(JobLine::parse("CLUSTER: lab"), None);
        assert_eq!(JobLine::parse("12|PENDING"), None);
    }

    #[test]
    fn every_end_has_its_words_and_its_fault() {
        let server_exit = |state: &str, reason: &str, exit: u32| {
            line(&format!("7|{state}|{reason}|{exit}|1|n1|N/A|hydrotest-ab-1|")).server_exit(1)
        };
        let reported = ["TIMEOUT", "CANCELLED", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "PENDING"].map(|state| {
            let server_exit = server_exit(state, "None", 143 << 8);
            assert_eq!(server_exit.fault, Fault::Died, "{state}");
            server_exit.message
        });
        insta::assert_snapshot!(reported.join("\n"), @"
        was ended with job 7 on n1 by its time limit (TIMEOUT; `time` asks for more)
        was ended with job 7 on n1 by a scancel from outside (CANCELLED)
        was ended with job 7 on n1 by the failure of its node (NODE_FAIL; see `sinfo --list-reasons`)
        was ended with job 7 on n1 by a job that goes before it (PREEMPTED; another `partition` or `qos` may be spared)
        was ended with job 7 on n1 by the limit of its memory (OUT_OF_MEMORY; `memory` asks for more)
        was ended with job 7 on n1, which was put back into the queue (PENDING)
        ");
        insta::assert_snapshot!(server_exit("FAILED", "NonZeroExitCode", 3 << 8).message, @"exited with status 3 in job 7 on n1");
        assert_eq!(server_exit("FAILED", "None", 127 << 8).fault, Fault::Misconfigured);
        insta::assert_snapshot!(server_exit("FAILED", "JobLaunchFailure", 4021).message, @"was never started in job 7 on n1 (FAILED JobLaunchFailure; can the node write to the job's directory, `shared_dir`?)");
        for exit in [11, 139 << 8] {
            assert_eq!(server_exit("FAILED", "None", exit).message, "was ended by SIGSEGV in job 7 on n1");
        }
        insta::assert_snapshot!(server_exit("COMPLETED", "None", 0).message, @"exited with status 0 in job 7 on n1");
    }
}
