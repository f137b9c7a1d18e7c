//! One interpreter that runs the bridge: starts it, waits until it connects, and stops it. Sends no orders except the
//! last.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use super::bridge;
use super::channel::{BridgeState, Channel};
use super::frame::ShutdownReport;
use super::hosting::{Host, Hosting};
use crate::backend::instance::STOP_LIMIT;
use crate::backend::remark::Remark;
use crate::backend::resources::{self, InstanceId, Resource, processes_of};
use crate::backend::supervise::{self, Log, Program, StopOutcome, Supervised};
use crate::backend::{BackendError, ExitedProgram, Fault, Stage};
use crate::os;
use crate::wire::Secret;

/// The name of the socket in its directory.
const SOCKET: &str = "channel";
/// The longest path of a Unix socket that every system accepts.
const LONGEST_PATH: usize = 100;
/// The time that the bridge itself may take to report that everything is stopped.
pub(super) const SHUTDOWN_REPORT: Duration = Duration::from_secs(4);
/// The time that the interpreter may take to exit once everything is stopped, unless the hosted code may take longer to
/// stop: threads and exit hooks run then. torch alone takes 2.7 s to unload when eight processes share two cores.
const EXIT: Duration = Duration::from_secs(5);
/// When the interpreter is killed at the latest, counted from the order to stop. An instance has 30 s to stop; the
/// rest is for SIGTERM, for processes that outlive the interpreter, and for the kill.
const LATEST_KILL: Duration = Duration::from_secs(24);
// Leaves time for the kill itself.
const _: () = assert!(LATEST_KILL.as_secs() + GRACE.as_secs() + supervise::SETTLING.as_secs() < STOP_LIMIT.as_secs());
/// How long processes of the hosted code may take to exit after its stop.
const SETTLING: Duration = Duration::from_secs(3);
/// Pause between two looks at them.
const LOOK: Duration = Duration::from_millis(20);
/// How long the bridge may take to report where a call hangs.
pub(super) const WHERE: Duration = Duration::from_secs(5);
/// How long it may take to exit after SIGTERM.
const GRACE: Duration = Duration::from_secs(1);
/// Processes of Python's standard library that live as long as the program.
const HELPERS: [&str; 2] = ["multiprocessing.resource_tracker", "multiprocessing.forkserver"];

/// An interpreter that is running, or was.
pub(super) struct Interpreter {
    process: Supervised,
    listener: Option<UnixListener>,
    channel: Option<Channel>,
    pub(super) log: Log,
    instance: InstanceId,
    pub(super) hosting: Arc<Hosting>,
    // Contains the bridge and the socket.
    _directory: TempDir,
}

impl Interpreter {
    /// Starts it, without the hosted code.
    pub(super) fn start(hosting: &Arc<Hosting>, instance: &InstanceId) -> Result<Self, BackendError> {
        if let Some(missing) = hosting.directory.as_ref().filter(|directory| !directory.is_dir()) {
            let message = format!("`cwd` is not a directory: {}", missing.display());
            return Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        }
        Self::try_start(hosting, instance).map_err(|error| {
            BackendError::new(Stage::Launch, Fault::Internal, format!("no interpreter can be started: {error}"))
        })
    }

    fn try_start(hosting: &Arc<Hosting>, instance: &InstanceId) -> io::Result<Self> {
        let temporary = instance.temporary()?;
        // A new directory with a unique name, readable only by this user.
        let directory = tempfile::Builder::new().prefix("python-").tempdir_in(instance.directory()?)?;
        let script = bridge::write(directory.path())?;
        let socket = directory.path().join(SOCKET);
        let listener = listen(directory.path())?;
        let (log, output) = Log::create(&directory.path().with_extension("log"), &Secret::generate()?)?;
        let mut command: Vec<OsString> = hosting.interpreter.iter().map(OsString::from).collect();
        command.extend([script.into_os_string(), socket.into_os_string()]);
        let mut environment = vec![("TMPDIR".into(), Some(temporary.into_os_string()))];
        environment.extend(hosting.environment.iter().map(|(name, value)| (name.into(), Some(value.into()))));
        environment.push((resources::VARIABLE.into(), Some(instance.label().into())));
        let program = Program { command, directory: hosting.directory.clone(), environment };
        Ok(Self {
            process: Supervised::start(&program, log.clone(), output)?,
            listener: Some(listener),
            channel: None,
            log,
            instance: instance.clone(),
            hosting: Arc::clone(hosting),
            _directory: directory,
        })
    }

    /// Waits until the bridge has connected.
    pub(super) async fn connect(&mut self, limit: Duration) -> Result<&Channel, BackendError> {
        if let Some(listener) = self.listener.take() {
            let advice = self.hosting.meant_interpreter();
            let advice = advice.as_deref().unwrap_or("is `interpreter` a Python?");
            let stream = tokio::select! {
                biased;
                stream = accept(&listener) => stream,
                ending = self.process.exited() => {
                    self.process.settled().await;
                    let message = format!("the interpreter {ending} before it said a word; {advice}");
                    return Err(self.error(Stage::Launch, Fault::Misconfigured, message));
                }
                () = tokio::time::sleep(limit) => {
                    let seconds = limit.as_secs_f64();
                    let message = format!("the interpreter did not connect within {seconds} s; {advice}");
                    return Err(self.error(Stage::Launch, Fault::Timeout, message));
                }
            };
            let stream = stream.map_err(|error| {
                BackendError::new(Stage::Launch, Fault::Internal, format!("the bridge cannot be heard: {error}"))
            })?;
            self.channel = Some(Channel::open(stream));
        }
        self.channel()
    }

    /// The channel, if it is connected.
    pub(super) fn channel(&self) -> Result<&Channel, BackendError> {
        let absent = || BackendError::new(Stage::Call, Fault::NotRunning, "the interpreter is not running");
        self.channel.as_ref().ok_or_else(absent)
    }

    fn error(&self, stage: Stage, fault: Fault, message: impl Into<String>) -> BackendError {
        BackendError::new(stage, fault, message).with_log(self.log.tail())
    }

    /// The running processes of this machine that the hosted code has started: those under the supervisor or with the
    /// instance's label, except the interpreter and its parents, such as uv. Empty if the system cannot find them,
    /// which the leak check reports.
    pub(super) fn started_processes(&self) -> Vec<Resource> {
        let Some(ready) = self.state().ready else { return Vec::new() };
        let supervisor = i32::try_from(self.process.ancestor).unwrap_or(i32::MAX);
        let mut found = os::with_descendants(supervisor).unwrap_or_default();
        found.extend(processes_of(&self.instance.label()).unwrap_or_default());
        found.sort_unstable();
        found.dedup();
        let is_parent = |process| os::with_descendants(process).is_ok_and(|family| family.contains(&ready.process));
        found
            .into_iter()
            .filter(|&process| os::is_alive(process) && !is_parent(process))
            .map(Resource::of_process)
            .filter(|process| !HELPERS.iter().any(|helper| process.detail.contains(helper)))
            .collect()
    }

    /// The state of the bridge so far.
    pub(super) fn state(&self) -> BridgeState {
        self.channel.as_ref().map(|channel| channel.state.borrow().clone()).unwrap_or_default()
    }

    /// The error of an order without a response. Waits a while for the interpreter's exit.
    pub(super) async fn lost(&self, stage: Stage, when: &str) -> BackendError {
        const EXIT_REPORT: Duration = Duration::from_secs(15);
        let seen = self.state();
        let why = seen.closed.unwrap_or_default();
        if !why.is_empty() {
            let message = format!("what came from the interpreter {when} cannot be read: {why}");
            return self.error(stage, if seen.crowded { Fault::Internal } else { Fault::Died }, message);
        }
        let Ok(ending) = tokio::time::timeout(EXIT_REPORT, self.process.exited()).await else {
            let message = format!("the interpreter closed the channel {when}, and still runs");
            return self.error(stage, Fault::Died, message);
        };
        self.process.settled().await;
        let error = self.error(stage, Fault::Died, format!("the interpreter {ending} {when}"));
        BackendError { from_outside: ending.is_from_outside(), ..error }
    }

    /// Writes the stack of every thread to the log, unless the hosted code never lets other threads run.
    pub(super) async fn show_where(&self, limit: Duration) {
        if let Some(channel) = &self.channel
            && let Ok(Ok(_)) = tokio::time::timeout(limit, channel.order(json!({"do": "where"}))).await
        {
            self.log.caught_up().await;
        }
    }

    /// The processes of the hosted code that remain after its stop and the settling time.
    async fn left_by_stop(&self) -> Vec<Resource> {
        // A core cannot be stopped without stopping its interpreter.
        if matches!(self.hosting.host, Host::Core { .. }) {
            return Vec::new();
        }
        let deadline = tokio::time::Instant::now() + SETTLING;
        loop {
            let left = self.started_processes();
            if left.is_empty() || tokio::time::Instant::now() >= deadline {
                return left;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Reports the leaks: processes that remained when everything was stopped, and those that outlived the interpreter.
    fn report_leaks(&self, report: &ShutdownReport, mut left_by_stop: Vec<Resource>) {
        let leaked_processes = self.process.leaked_processes();
        if leaked_processes.is_some() {
            self.instance.exited_orderly();
        }
        let left: Vec<Resource> = leaked_processes.into_iter().flatten().map(Resource::from).collect();
        left_by_stop.retain(|found| !left.iter().any(|known| known.id == found.id));
        self.instance.leaked(left.into_iter().chain(left_by_stop));
        for note in &report.notes {
            self.instance.remark(Remark::note("imports", note));
        }
    }

    /// Lets the interpreter exit without stopping the hosted code: by itself (`exit`) or by SIGTERM (`terminate`).
    pub(super) async fn exit(&mut self, order: &str, patience: Duration) -> Result<ExitedProgram, BackendError> {
        self.process.expect_end().await;
        self.channel()?.tell(&json!({ "do": order }));
        let limit = patience + EXIT;
        if tokio::time::timeout(limit, self.process.exited()).await.is_err() {
            self.show_where(WHERE).await;
            return Err(self.too_long(Stage::Shutdown, "the end of the program", limit));
        }
        let _ = self.process.stop(GRACE).await;
        if let Some(channel) = &self.channel {
            let _ = tokio::time::timeout(SHUTDOWN_REPORT, channel.exited()).await;
        }
        let leaked = self.process.leaked_processes().unwrap_or_default().into_iter();
        Ok(ExitedProgram {
            ending: self.process.exit_reason().map(|ending| ending.to_string()).unwrap_or_default(),
            shut_down: self.state().shut_down,
            leaked: leaked.map(|leaked| Resource::from(leaked).to_string()).collect(),
        })
    }

    /// The error of something that took too long.
    pub(super) fn too_long(&self, stage: Stage, what: &str, limit: Duration) -> BackendError {
        let message = format!("{what} took longer than {} s; the log ends with where it was", limit.as_secs_f64());
        self.error(stage, Fault::Timeout, message)
    }

    /// Stops the hosted code, and the interpreter with everything it started.
    pub(super) async fn stop(&mut self, patience: Duration) -> Result<(), BackendError> {
        let begun = tokio::time::Instant::now();
        let (mut report, mut left) = (None, Vec::new());
        let (mut silent, mut lingers) = (false, false);
        if self.process.exit_reason().is_none()
            && let Some(channel) = &self.channel
        {
            self.process.expect_end().await;
            channel.tell(&json!({"do": "stop"}));
            match tokio::time::timeout(patience + SHUTDOWN_REPORT, channel.stopped()).await {
                Ok(last) => report = last,
                Err(_) => silent = true,
            }
            if report.is_some() {
                left = self.left_by_stop().await;
                channel.tell(&json!({"do": "release"}));
                let limit = exit_limit(patience, begun.elapsed());
                lingers = tokio::time::timeout(limit, self.process.exited()).await.is_err();
            }
            if lingers {
                channel.tell(&json!({"do": "where"}));
            }
        }
        let stopped = self.process.stop(GRACE).await;
        if let Some(report) = &report {
            self.report_leaks(report, left);
        }
        let failed = |message: &str| Err(self.error(Stage::Shutdown, Fault::Timeout, message));
        if stopped == StopOutcome::Stuck {
            return failed("the interpreter could not be killed: it hangs in the kernel");
        }
        if silent {
            let seconds = patience.as_secs_f64();
            return failed(&format!("the hosted code did not stop within {seconds} s; the interpreter was killed"));
        }
        if let Some(error) = report.and_then(|report| report.error) {
            return Err(error.at_stop());
        }
        if lingers {
            return failed(
                "everything was stopped, and the interpreter did not end: a thread that is no daemon, or an exit hook",
            );
        }
        Ok(())
    }
}

/// How long the interpreter may take to exit, once everything is stopped that may take `patience` and took `spent`.
fn exit_limit(patience: Duration, spent: Duration) -> Duration {
    patience.max(EXIT).min(LATEST_KILL.saturating_sub(spent))
}

/// Listens on a socket in a directory, even if its path is too long for a socket.
fn listen(directory: &Path) -> io::Result<UnixListener> {
    let path = directory.join(SOCKET);
    if path.as_os_str().len() <= LONGEST_PATH {
        return UnixListener::bind(path);
    }
    os::with_short_path(directory, |short| UnixListener::bind(short.join(SOCKET)))
}

/// Accepts the first connection of this user.
async fn accept(listener: &UnixListener) -> io::Result<UnixStream> {
    let own = os::user();
    loop {
        let (stream, _) = listener.accept().await?;
        if stream.peer_cred()?.uid() == own {
            return Ok(stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::python::settings::LONGEST_STOP;

    #[test]
    fn an_interpreter_has_as_long_to_exit_as_the_code_to_stop_unless_the_whole_stop_gets_too_long() {
        let seconds = Duration::from_secs;
        assert_eq!(exit_limit(seconds(1), seconds(2)), EXIT);
        assert_eq!(exit_limit(LONGEST_STOP, seconds(2)), LONGEST_STOP);
        let longest = LONGEST_STOP + SHUTDOWN_REPORT + SETTLING;
        assert_eq!(exit_limit(LONGEST_STOP, longest), seconds(2));
    }
}
