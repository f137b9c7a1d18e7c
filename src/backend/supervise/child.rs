//! The harness's side of a supervised program: starts it, hears how it ended, ends it. Waits, but decides nothing.

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

/// How long a supervisor may take to end everything once it has been told to. Only a process that hangs in the kernel
/// needs more.
const CLEARING: Duration = Duration::from_secs(5);

/// A program to run.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// The command and its arguments.
    pub(crate) command: Vec<OsString>,
    /// Where it runs; here when `None`.
    pub(crate) directory: Option<PathBuf>,
    /// Variables it finds, besides or instead of those of this process; `None` takes one away.
    pub(crate) environment: Vec<(OsString, Option<OsString>)>,
}

/// A program that runs, or ran, under a supervisor. Dropping it ends the program.
#[derive(Debug)]
pub(crate) struct Supervised {
    supervisor: Child,
    number: u32,
    control: Option<ChildStdin>,
    /// Its end was asked for or announced.
    expected: bool,
    state: watch::Receiver<SupervisedState>,
    log: Log,
}

#[derive(Debug, Clone, Default)]
struct SupervisedState {
    reason: Option<ExitReason>,
    /// What has been named so far.
    named: Vec<LeakedProcess>,
    /// Whether all of it has been named.
    settled: bool,
    cleared: bool,
}

/// How a program was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopOutcome {
    /// It had ended before.
    Before,
    /// It ended when asked to.
    Asked,
    /// It did not end when asked to, and was killed.
    Killed,
    /// Something of it is still there: it hangs in the kernel, where no signal reaches it.
    Stuck,
}

impl Supervised {
    /// Starts a program whose output goes to `output`, the writing end of `log`. Must be called within a tokio runtime, by
    /// hydrotest itself or by a process that has chosen an [`Installation`](crate::backend::installation::Installation) of it.
    ///
    /// # Errors
    /// When the supervisor cannot be started. What is wrong with the program itself shows in its [`ExitReason`].
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
        Ok(Self {
            number: supervisor.id().unwrap_or_default(),
            control: supervisor.stdin.take(),
            expected: false,
            supervisor,
            state,
            log,
        })
    }

    /// The process number of the supervisor, the ancestor of everything that came of the program.
    pub(crate) const fn ancestor(&self) -> u32 {
        self.number
    }

    /// How it ended; `None` while it runs.
    pub(crate) fn exit_reason(&self) -> Option<ExitReason> {
        self.state.borrow().reason
    }

    /// Waits until it has ended.
    pub(crate) async fn exited(&self) -> ExitReason {
        let mut state = self.state.clone();
        let state = state.wait_for(|state| state.reason.is_some()).await;
        state.ok().and_then(|state| state.reason).unwrap_or(ExitReason::Lost)
    }

    /// Announces that it is about to end by itself, so that what outlives it is left behind.
    pub(crate) async fn expect_end(&mut self) {
        if let Some(control) = &mut self.control {
            // A supervisor that cannot be told has exited.
            self.expected |= control.write_all(&[EXPECT]).await.is_ok();
        }
    }

    /// What was left of it, once it has been stopped; `None` when it did not exit in an orderly way, so that it could not be expected
    /// to have cleared up.
    pub(crate) fn leaked_processes(&self) -> Option<Vec<LeakedProcess>> {
        let state = self.state.borrow();
        state.settled.then(|| state.named.clone())
    }

    /// Waits until it and everything it started are gone and its log is complete, at most for a short while.
    pub(crate) async fn settled(&self) {
        let settled = async {
            self.cleared().await;
            self.log.closed().await;
        };
        // Late lines are lost, the ending is not.
        let _ = tokio::time::timeout(CLEARING, settled).await;
    }

    /// Asks it to end and waits for that, at most for `patience`. Whatever comes of it, it has to be stopped after.
    pub(crate) async fn ask_to_end(&mut self, patience: Duration) -> StopOutcome {
        if self.exit_reason().is_none()
            && let Some(control) = &mut self.control
            && control.write_all(&[TERMINATE]).await.is_ok()
        {
            self.expected = true;
            return match tokio::time::timeout(patience, self.exited()).await {
                Ok(_) => StopOutcome::Asked,
                Err(_) => StopOutcome::Killed,
            };
        }
        StopOutcome::Before
    }

    /// Asks it to end, waits for `grace`, and kills it and everything it started. Can be called again after being dropped
    /// half-way.
    pub(crate) async fn stop(&mut self, grace: Duration) -> StopOutcome {
        let stopped = self.ask_to_end(grace).await;
        if self.expected && self.exit_reason().is_some() {
            // The end of the control pipe would end everything before it is named.
            let _ = tokio::time::timeout(SETTLING + CLEARING, self.named()).await;
        }
        self.control = None;
        if tokio::time::timeout(CLEARING, self.cleared()).await.is_err() {
            return StopOutcome::Stuck;
        }
        // It has closed its pipes and exits; waiting for it leaves no zombie.
        let _ = tokio::time::timeout(CLEARING, self.supervisor.wait()).await;
        self.settled().await;
        stopped
    }

    /// Waits until what is left has been named, or will not be.
    async fn named(&self) {
        let mut state = self.state.clone();
        let _ = state.wait_for(|state| state.settled || state.cleared).await;
    }

    async fn cleared(&self) {
        let mut state = self.state.clone();
        // Without a sender it is over as well.
        let _ = state.wait_for(|state| state.cleared).await;
    }
}

/// Follows the reports to their end, which comes when everything of the program is gone.
async fn listen(reports: ChildStdout, state: watch::Sender<SupervisedState>) {
    let mut lines = BufReader::new(reports).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match SupervisorReport::parse(&line) {
            Some(SupervisorReport::Exited(reason)) => state.send_modify(|state| state.reason = Some(reason)),
            Some(SupervisorReport::Left(leaked)) => state.send_modify(|state| state.named.push(leaked)),
            Some(SupervisorReport::Settled) => state.send_modify(|state| state.settled = true),
            Some(SupervisorReport::Started) | None => {}
        }
    }
    state.send_modify(|state| {
        state.reason.get_or_insert(ExitReason::Lost);
        state.cleared = true;
    });
}
