//! The state of a job, from one line of `squeue`: whether the job is over, and how it ended. Parses text; runs no
//! command.
//!
//! `squeue` prints columns with a separator and not JSON, because its JSON changes between releases and needs a plugin
//! that not every site has.

use std::fmt::Write;

use crate::backend::launcher::ServerExit;
use crate::backend::start_progress::StartProgress;
use crate::backend::supervise::ExitReason;
use crate::backend::{Fault, Stage};

/// The columns, in order. The name comes last, because it alone may contain a separator.
pub(super) const COLUMNS: &str = "JobID:|,State:|,Reason:|,exit_code:|,RestartCnt:|,BatchHost:|,StartTime:|,Name:|";

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JobLine {
    pub(super) id: String,
    /// Such as `PENDING`.
    pub(super) state: String,
    /// Why it waits or failed, such as `Resources`; `None` or empty without a reason.
    pub(super) reason: String,
    /// The status of its script as `wait` returns it: the signal in the low seven bits, the exit status above eight
    /// bits.
    exit: u32,
    /// How often it was restarted.
    pub(super) restarts: u32,
    /// The node that its script runs on; empty before it runs.
    pub(super) node: String,
    /// The time of its actual or expected start, if known.
    start: Option<String>,
    pub(super) name: String,
}

/// States in which no process of a job runs any more. A job in an unknown state counts as running.
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

/// The state of a job that ends. Only its last state tells why.
const COMPLETING: &str = "COMPLETING";

/// States in which a job has no node.
const WAITING: [&str; 7] =
    ["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"];

/// The reasons for waiting, with their meaning for the user.
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
    /// Parses one line of [`COLUMNS`]. Returns `None` for other lines.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let columns: Vec<&str> = line.splitn(8, '|').map(str::trim).collect();
        let [id, state, reason, exit, restarts, node, start, name] = columns[..] else { return None };
        let has_digit = |text: &str| text.starts_with(|letter: char| letter.is_ascii_digit());
        has_digit(id).then(|| Self {
            id: id.to_owned(),
            state: state.to_owned(),
            reason: reason.to_owned(),
            exit: exit.parse().unwrap_or_default(),
            restarts: restarts.parse().unwrap_or_default(),
            node: node.to_owned(),
            start: has_digit(start).then(|| start.to_owned()),
            name: name.trim_end_matches('|').to_owned(),
        })
    }

    /// Whether none of its processes runs any more.
    pub(super) fn is_over(&self) -> bool {
        OVER.contains(&self.state.as_str())
    }

    /// Whether Slurm is ending it: what is left of it is killed, and the node cleans up.
    pub(super) fn is_completing(&self) -> bool {
        self.state == COMPLETING
    }

    /// Whether it has no node.
    pub(super) fn waits(&self) -> bool {
        WAITING.contains(&self.state.as_str())
    }

    /// Whether it runs on a node, and is not about to end.
    pub(super) fn has_node(&self) -> bool {
        !self.waits() && !self.is_completing()
    }

    /// The state with details, such as `job 7 is PENDING (Priority), expected to start at 2026-…`.
    pub(super) fn describe(&self) -> String {
        match self.outlook() {
            Some(outlook) => format!("{}, {outlook}", self.brief()),
            None => self.brief(),
        }
    }

    /// Reports the progress of its start: what it waits for, what that means, and when it is expected to start.
    pub(super) fn state_in(&self, progress: &StartProgress) {
        if !self.waits() {
            let awaited = if self.is_completing() { "its last state" } else { "its server to listen" };
            return progress.set(Stage::Ready, format!("{}: waiting for {awaited}", self.brief()));
        }
        progress.set(Stage::Launch, self.brief());
        let details: Vec<String> = self.outlook().into_iter().chain(self.explain().map(str::to_owned)).collect();
        progress.set_detail(details.join("; "));
    }

    /// The state without details that change between looks.
    fn brief(&self) -> String {
        let mut text = format!("job {} is {}", self.id, self.state);
        // Writing to a string cannot fail.
        if !matches!(self.reason.as_str(), "" | "None") {
            let _ = write!(text, " ({})", self.reason);
        }
        if !self.waits() && !self.node.is_empty() {
            let _ = write!(text, " on {}", self.node);
        }
        text
    }

    /// The expected start of a waiting job.
    fn outlook(&self) -> Option<String> {
        let start = self.start.as_ref().filter(|_| self.waits())?;
        Some(format!("expected to start at {start}"))
    }

    /// The meaning of the reason for waiting, if it is known.
    pub(super) fn explain(&self) -> Option<&'static str> {
        REASONS.iter().find(|(reason, _)| self.reason.starts_with(reason)).map(|(_, meaning)| *meaning)
    }

    /// The exit status of its script, as a shell shows it: 128 plus the signal for a script that a signal killed.
    pub(super) const fn status(&self) -> u32 {
        match self.exit & 0x7f {
            0 => (self.exit >> 8) & 0xff,
            signal => 128 + signal,
        }
    }

    /// How the server exited in a job that hydrotest did not cancel, and that had been restarted `restarts` times when
    /// it started.
    pub(super) fn server_exit(&self, restarts: u32) -> ServerExit {
        let place =
            if self.node.is_empty() { format!("job {}", self.id) } else { format!("job {} on {}", self.id, self.node) };
        let ended = |by: &str| format!("was ended with {place} by {by}");
        let status = self.status().cast_signed();
        // A shell shows a signal as 128 plus its number, and there are 64 signals.
        let reason = match status {
            129..=192 => ExitReason::Killed(status - 128),
            _ => ExitReason::Exited(status),
        };
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
            COMPLETING => format!("ended in {place} (Slurm does not say why, for the job is still {COMPLETING})"),
            _ => format!("{reason} in {place}"),
        };
        let exited = ["FAILED", "COMPLETED"].contains(&self.state.as_str());
        let is_not_runnable = self.state == "FAILED" && reason.is_not_runnable();
        ServerExit {
            from_outside: !exited || self.was_requeued(restarts) || self.never_ran() || reason.is_from_outside(),
            fault: if is_not_runnable { Fault::Misconfigured } else { Fault::Died },
            message,
        }
    }

    /// Whether Slurm has restarted it since, or is about to.
    pub(super) fn was_requeued(&self, restarts: u32) -> bool {
        self.waits() || self.restarts != restarts
    }

    fn never_ran(&self) -> bool {
        self.state == "FAILED" && (self.reason == "JobLaunchFailure" || self.exit & 0x7f == LAUNCH_FAILED)
    }
}

/// The signal number, unused by systems, by which Slurm reports that it could not open the files of a job.
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
        insta::assert_snapshot!(waiting.explain().unwrap(), @"its nodes are down or reserved; see `sinfo --list-reasons`");
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
    fn every_end_has_its_message_and_its_fault() {
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
        // Neither the server's own mistake nor its own exit is known.
        let unknown = server_exit("COMPLETING", "None", 0);
        insta::assert_snapshot!(unknown.during(Stage::Call, "in the middle of a call").message, @"the server ended in job 7 on n1 (Slurm does not say why, for the job is still COMPLETING) in the middle of a call");
        assert!(unknown.from_outside);
    }
}
