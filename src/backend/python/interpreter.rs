//! One interpreter with the bridge in it: starts it, waits for it to connect, and ends it. Gives no orders but the last.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use super::bridge;
use super::channel::{BridgeState, Channel};
use super::exception::PythonException;
use super::frame::ShutdownReport;
use super::hosting::{Host, Hosting};
use super::processes;
use crate::backend::remark::Remark;
use crate::backend::resources::{self, InstanceId, Resource};
use crate::backend::supervise::{ExitReason, Log, Program, StopOutcome, Supervised};
use crate::backend::{BackendError, ExitedProgram, Fault, Stage};
use crate::os;
use crate::wire::Secret;

/// The socket's name in its directory.
const SOCKET: &str = "channel";
/// The longest path that a Unix socket may have on any system.
const LONGEST_PATH: usize = 100;
/// What the bridge may take, besides the hosted code, to say that it is stopped.
pub(super) const SHUTDOWN_REPORT: Duration = Duration::from_secs(4);
/// How long the interpreter may take at least to end once all is stopped: threads and exit hooks of the hosted code run then. As
/// long as the hosted code may take to stop, where that is more: torch alone takes 2.7 s to unload when eight processes share two
/// cores.
const EXIT: Duration = Duration::from_secs(5);
/// How long what the hosted code has started may take to go after its stop.
const SETTLING: Duration = Duration::from_secs(3);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How long the bridge may take to say where a call hangs.
pub(super) const WHERE: Duration = Duration::from_secs(5);
/// How long it may take to end when asked by a signal.
const GRACE: Duration = Duration::from_secs(1);

/// An interpreter that runs, or ran.
pub(super) struct Interpreter {
    process: Supervised,
    listener: Option<UnixListener>,
    channel: Option<Channel>,
    log: Log,
    instance: InstanceId,
    /// What to do when it turns out to be none.
    advice: String,
    /// Whether what it hosts can be stopped, other than by its end.
    stops: bool,
    // Holds the bridge and the socket.
    _directory: TempDir,
}

impl Interpreter {
    /// Starts it. Nothing of the hosted code runs yet.
    pub(super) fn start(hosting: &Hosting, instance: &InstanceId) -> Result<Self, BackendError> {
        if let Some(missing) = hosting.directory.as_ref().filter(|directory| !directory.is_dir()) {
            let message = format!("`cwd` is not a directory: {}", missing.display());
            return Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        }
        Self::try_start(hosting, instance).map_err(|error| {
            BackendError::new(Stage::Launch, Fault::Internal, format!("no interpreter can be started: {error}"))
        })
    }

    fn try_start(hosting: &Hosting, instance: &InstanceId) -> io::Result<Self> {
        let temporary = instance.temporary()?;
        // Made anew with a name of its own, readable by this user only.
        let directory = tempfile::Builder::new().prefix("python-").tempdir_in(instance.directory()?)?;
        let script = bridge::write(directory.path())?;
        let socket = directory.path().join(SOCKET);
        let listener = listen(directory.path())?;
        let (log, output) = Log::create(&directory.path().with_extension("log"), &Secret::generate()?)?;
        let mut command: Vec<OsString> = hosting.interpreter.iter().map(OsString::from).collect();
        command.extend([script.into_os_string(), socket.into_os_string()]);
        let first = [(OsString::from("TMPDIR"), Some(temporary.into_os_string()))];
        let given = hosting.environment.iter().map(|(name, value)| (OsString::from(name), Some(OsString::from(value))));
        let last = [(OsString::from(resources::VARIABLE), Some(OsString::from(instance.label())))];
        let program = Program {
            command,
            directory: hosting.directory.clone(),
            environment: first.into_iter().chain(given).chain(last).collect(),
        };
        Ok(Self {
            process: Supervised::start(&program, log.clone(), output)?,
            listener: Some(listener),
            channel: None,
            log,
            stops: !matches!(hosting.host, Host::Core { .. }),
            instance: instance.clone(),
            advice: hosting.meant_interpreter().unwrap_or_else(|| "is `interpreter` a Python?".to_owned()),
            _directory: directory,
        })
    }

    /// Waits until the bridge has connected.
    pub(super) async fn connect(&mut self, limit: Duration) -> Result<&Channel, BackendError> {
        if let Some(listener) = self.listener.take() {
            let stream = tokio::select! {
                biased;
                stream = accept(&listener) => stream,
                ending = self.process.exited() => return Err(self.not_python(ending).await),
                () = tokio::time::sleep(limit) => return Err(self.silent(limit)),
            };
            let stream = stream.map_err(|error| {
                BackendError::new(Stage::Launch, Fault::Internal, format!("the bridge cannot be heard: {error}"))
            })?;
            self.channel = Some(Channel::open(stream));
        }
        self.channel()
    }

    /// The channel, once it is connected.
    pub(super) fn channel(&self) -> Result<&Channel, BackendError> {
        let absent = || BackendError::new(Stage::Call, Fault::NotRunning, "the interpreter is not running");
        self.channel.as_ref().ok_or_else(absent)
    }

    /// The processes of this machine that the hosted code has started and that are there.
    pub(super) fn started_processes(&self) -> Vec<Resource> {
        let ready = self.state().ready;
        ready.map_or_else(Vec::new, |ready| {
            processes::started_by(ready.process, self.process.ancestor(), &self.instance)
        })
    }

    /// Its end without having connected.
    async fn not_python(&self, ending: ExitReason) -> BackendError {
        self.process.settled().await;
        let message = format!("the interpreter {ending} before it said a word; {}", self.advice);
        BackendError::new(Stage::Launch, Fault::Misconfigured, message).with_log(self.log.tail())
    }

    fn silent(&self, limit: Duration) -> BackendError {
        let seconds = limit.as_secs_f64();
        let message = format!("the interpreter did not connect within {seconds} s; {}", self.advice);
        BackendError::new(Stage::Launch, Fault::Timeout, message).with_log(self.log.tail())
    }

    /// What it has said so far that is no response.
    pub(super) fn state(&self) -> BridgeState {
        self.channel.as_ref().map(Channel::state).unwrap_or_default()
    }

    /// The error of an order that no response came to. Waits a while for news of the interpreter's end.
    pub(super) async fn lost(&self, stage: Stage, when: &str) -> BackendError {
        const EXIT_REPORT: Duration = Duration::from_secs(5);
        let seen = self.state();
        let why = seen.closed.unwrap_or_default();
        if !why.is_empty() {
            let message = format!("what came from the interpreter {when} cannot be read: {why}");
            let fault = if seen.crowded { Fault::Internal } else { Fault::Died };
            return BackendError::new(stage, fault, message).with_log(self.log.tail());
        }
        let Ok(ending) = tokio::time::timeout(EXIT_REPORT, self.process.exited()).await else {
            let message = format!("the interpreter closed the channel {when}, and still runs");
            return BackendError::new(stage, Fault::Died, message).with_log(self.log.tail());
        };
        self.process.settled().await;
        let message = format!("the interpreter {ending} {when}");
        BackendError {
            from_outside: ending.is_from_outside(),
            ..BackendError::new(stage, Fault::Died, message).with_log(self.log.tail())
        }
    }

    /// Waits until what was printed before a response is in the log, as the response is.
    pub(super) async fn log_caught_up(&self) {
        self.log.caught_up().await;
    }

    /// The last lines of what was printed.
    pub(super) fn log_tail(&self) -> Vec<String> {
        self.log.tail()
    }

    /// Lets the log say where every thread is. Hosted code that never lets another thread run keeps it from that.
    pub(super) async fn show_where(&self, limit: Duration) {
        if let Some(channel) = &self.channel {
            if let Ok(Ok(_)) = tokio::time::timeout(limit, channel.order(json!({"do": "where"}))).await {
                self.log.caught_up().await;
            }
        }
    }

    /// What is still there of what the hosted code has started, once it is stopped and that has had time to go.
    async fn left_by_stop(&self) -> Vec<Resource> {
        if !self.stops {
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

    /// Says what the hosted code has left: what was there when everything was stopped, and what was left of the interpreter.
    fn tell_of_the_rest(&self, report: &ShutdownReport, left_by_stop: Vec<Resource>) {
        let leaked_processes = self.process.leaked_processes();
        if leaked_processes.is_some() {
            self.instance.exited_orderly();
        }
        let mut left: Vec<Resource> = leaked_processes.into_iter().flatten().map(Resource::from).collect();
        for found in left_by_stop {
            if !left.iter().any(|known| known.id == found.id) {
                left.push(found);
            }
        }
        self.instance.leaked(left);
        for note in &report.notes {
            self.instance.remark(Remark::note("imports", note));
        }
    }

    /// Lets the interpreter end without stopping what it hosts: by itself (`exit`) or by SIGTERM (`terminate`).
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

    /// The error of what took too long.
    pub(super) fn too_long(&self, stage: Stage, what: &str, limit: Duration) -> BackendError {
        let message = format!("{what} took longer than {} s; the log ends with where it was", limit.as_secs_f64());
        BackendError::new(stage, Fault::Timeout, message).with_log(self.log_tail())
    }

    /// Stops what is hosted and ends the interpreter with everything it started.
    pub(super) async fn stop(&mut self, patience: Duration) -> Result<(), BackendError> {
        let mut report = None;
        let mut silent = false;
        if self.process.exit_reason().is_none()
            && let Some(channel) = &self.channel
        {
            self.process.expect_end().await;
            channel.tell(&json!({"do": "stop"}));
            match tokio::time::timeout(patience + SHUTDOWN_REPORT, channel.stopped()).await {
                Ok(last) => report = last,
                Err(_) => silent = true,
            }
        }
        let mut left = Vec::new();
        if let (Some(_), Some(channel)) = (&report, &self.channel) {
            left = self.left_by_stop().await;
            channel.tell(&json!({"do": "release"}));
        }
        let lingers =
            report.is_some() && tokio::time::timeout(patience.max(EXIT), self.process.exited()).await.is_err();
        if lingers && let Some(channel) = &self.channel {
            channel.tell(&json!({"do": "where"}));
        }
        let stopped = self.process.stop(GRACE).await;
        if let Some(report) = &report {
            self.tell_of_the_rest(report, left);
        }
        let failed = |message: String| {
            Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message).with_log(self.log.tail()))
        };
        if stopped == StopOutcome::Stuck {
            return failed("the interpreter could not be killed: it hangs in the kernel".into());
        }
        if silent {
            return failed(format!(
                "the hosted code did not stop within {} s; the interpreter was killed",
                patience.as_secs_f64()
            ));
        }
        if let Some(error) = report.and_then(|report| report.error) {
            return Err(PythonException::at_stop(error));
        }
        if lingers {
            let message =
                "everything was stopped, and the interpreter did not end: a thread that is no daemon, or an exit hook";
            return failed(message.into());
        }
        Ok(())
    }
}

/// A socket in a directory, however long its path is.
fn listen(directory: &Path) -> io::Result<UnixListener> {
    let path = directory.join(SOCKET);
    if path.as_os_str().len() <= LONGEST_PATH {
        return UnixListener::bind(path);
    }
    os::with_short_path(directory, |short| UnixListener::bind(short.join(SOCKET)))
}

/// The first connection of this user.
async fn accept(listener: &UnixListener) -> io::Result<UnixStream> {
    let own = os::user();
    loop {
        let (stream, _) = listener.accept().await?;
        if stream.peer_cred()?.uid() == own {
            return Ok(stream);
        }
    }
}
