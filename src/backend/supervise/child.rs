//! The harness's side of a supervised program: starts it, waits for its exit and stops it. Does not judge how it
//! exited.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;

use super::exit::{ExitReason, LeakedProcess, SupervisorReport};
use super::log::Log;
use super::supervisor::{EXPECT, SETTLING, SUPERVISE, TERMINATE};
use crate::backend::installation::program_to_start;

/// How long a supervisor may take to kill everything. Only a process that hangs in the kernel needs longer.
const CLEARING: Duration = Duration::from_secs(5);

/// A program to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) command: Vec<OsString>,
    /// Its working directory; `None` for the current one.
    pub(crate) directory: Option<PathBuf>,
    /// Variables that are set, or removed if `None`, in the inherited environment.
    pub(crate) environment: Vec<(OsString, Option<OsString>)>,
}

/// A program that runs, or ran, under a supervisor. Dropping it kills the program.
#[derive(Debug)]
pub(crate) struct Supervised {
    supervisor: Child,
    /// The process number of the supervisor, the ancestor of every process of the program.
    pub(crate) ancestor: u32,
    control: Option<ChildStdin>,
    /// It was asked to exit, or the harness announced that it will exit by itself.
    expected: bool,
    state: watch::Receiver<SupervisedState>,
    log: Log,
}

#[derive(Debug, Clone, Default)]
struct SupervisedState {
    reason: Option<ExitReason>,
    leaked: Vec<LeakedProcess>,
    /// Whether `leaked` is complete.
    settled: bool,
    /// Whether every process of the program is gone.
    cleared: bool,
}

/// How a program was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopOutcome {
    /// It exited when asked to, or had exited before.
    Exited,
    /// It did not exit when asked to, and was killed.
    Killed,
    /// Some process of it is still running: it hangs in the kernel, where no signal reaches it.
    Stuck,
}

impl Supervised {
    /// Starts a program whose output goes to `output`, the writing end of `log`. Must be called within a tokio runtime,
    /// by hydrotest itself or by a process that has chosen an
    /// [`Installation`](crate::backend::installation::Installation).
    ///
    /// # Errors
    /// If the supervisor cannot be started. A program that cannot be run shows in its [`ExitReason`].
    pub(crate) fn start(program: &Program, log: Log, output: io::PipeWriter) -> io::Result<Self> {
        let mut command = Command::new(program_to_start()?);
        command.as_std_mut().arg0("hydrotest").process_group(0);
        command.arg(SUPERVISE).args(&program.command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(output);
        if let Some(directory) = &program.directory {
            command.current_dir(directory);
        }
        for (name, value) in &program.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut supervisor = command.spawn()?;
        let (sender, state) = watch::channel(SupervisedState::default());
        if let Some(reports) = supervisor.stdout.take() {
            tokio::spawn(listen(reports, sender));
        }
        let (ancestor, control) = (supervisor.id().unwrap_or_default(), supervisor.stdin.take());
        Ok(Self { supervisor, ancestor, control, expected: false, state, log })
    }

    /// How it exited; `None` while it runs.
    pub(crate) fn exit_reason(&self) -> Option<ExitReason> {
        self.state.borrow().reason
    }

    /// Waits until it has exited.
    pub(crate) async fn exited(&self) -> ExitReason {
        let mut state = self.state.clone();
        let state = state.wait_for(|state| state.reason.is_some()).await;
        state.ok().and_then(|state| state.reason).unwrap_or(ExitReason::Lost)
    }

    /// Announces that it is about to exit by itself, so that processes that outlive it count as leaked.
    pub(crate) async fn expect_end(&mut self) {
        if let Some(control) = &mut self.control {
            // A supervisor that cannot be reached has exited.
            self.expected |= control.write_all(&[EXPECT]).await.is_ok();
        }
    }

    /// The processes that outlived it, once it has been stopped. `None` if its exit was not orderly, so that it could
    /// not clean up.
    pub(crate) fn leaked_processes(&self) -> Option<Vec<LeakedProcess>> {
        let state = self.state.borrow();
        state.settled.then(|| state.leaked.clone())
    }

    /// Waits until all its processes are gone and its log is complete, at most for a short while.
    pub(crate) async fn settled(&self) {
        let settled = async {
            self.wait_for(|state| state.cleared).await;
            self.log.closed().await;
        };
        // On a timeout, late lines are lost.
        let _ = tokio::time::timeout(CLEARING, settled).await;
    }

    /// Asks it to exit and waits for that, at most for `patience`. It must still be stopped afterwards.
    pub(crate) async fn ask_to_end(&mut self, patience: Duration) -> StopOutcome {
        if self.exit_reason().is_none()
            && let Some(control) = &mut self.control
            && control.write_all(&[TERMINATE]).await.is_ok()
        {
            self.expected = true;
            if tokio::time::timeout(patience, self.exited()).await.is_err() {
                return StopOutcome::Killed;
            }
        }
        StopOutcome::Exited
    }

    /// Asks it to exit, waits for `grace`, and kills it and everything it started. Can be called again after it was
    /// dropped half-way.
    pub(crate) async fn stop(&mut self, grace: Duration) -> StopOutcome {
        let stopped = self.ask_to_end(grace).await;
        if self.expected && self.exit_reason().is_some() {
            // Closing the control pipe would kill the leaked processes before they are reported.
            let reported = self.wait_for(|state| state.settled || state.cleared);
            let _ = tokio::time::timeout(SETTLING + CLEARING, reported).await;
        }
        self.control = None;
        if tokio::time::timeout(CLEARING, self.wait_for(|state| state.cleared)).await.is_err() {
            return StopOutcome::Stuck;
        }
        // It has closed its pipes and is exiting; waiting for it leaves no zombie.
        let _ = tokio::time::timeout(CLEARING, self.supervisor.wait()).await;
        self.settled().await;
        stopped
    }

    async fn wait_for(&self, reached: impl FnMut(&SupervisedState) -> bool) {
        // An error means that the sender, and with it the program, is gone.
        let _ = self.state.clone().wait_for(reached).await;
    }
}

/// Follows the reports to their end, which comes when every process of the program is gone.
async fn listen(reports: ChildStdout, state: watch::Sender<SupervisedState>) {
    let mut lines = BufReader::new(reports).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str(&line) {
            Ok(SupervisorReport::Exited(reason)) => state.send_modify(|state| state.reason = Some(reason)),
            Ok(SupervisorReport::Left(process)) => state.send_modify(|state| state.leaked.push(process)),
            Ok(SupervisorReport::Settled) => state.send_modify(|state| state.settled = true),
            Ok(SupervisorReport::Started) | Err(_) => {}
        }
    }
    state.send_modify(|state| {
        state.reason.get_or_insert(ExitReason::Lost);
        state.cleared = true;
    });
}
