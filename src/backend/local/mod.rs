//! A model server as a supervised process of this machine: its port, its log, its end, and its stop with a grace. For every
//! kind whose platform is a command that stays; what the command is, the kind says.

mod logs;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::time::Duration;

use super::kind::LaunchSpec;
use super::launcher::{Endpoint, ServerExit};
use super::placeholders::Placeholders;
use super::resources::{InstanceId, Resource};
use super::supervise::{ExitReason, Log, Program, StopOutcome, Supervised};
use super::withheld::Withheld;
use super::{BackendError, Fault, Stage, Watch, Work};
use crate::config::TableReader;
use crate::os::{self, PortOwner};
use crate::wire::Secret;

use logs::LogDirectory;

/// How long a server may take to end when asked to, where its table does not say: as long as boileroom gives it.
const GRACE: Duration = Duration::from_secs(10);
/// A stop is given up after 30 s, so that a longer grace would never be spent.
const LONGEST_GRACE: Duration = Duration::from_secs(20);

/// Where ports for servers are chosen.
const PORTS: Range<u16> = 20_000..32_768;
/// How many ports are tried before the system may choose.
const TRIES: usize = 50;

/// How often a server that does not listen yet is asked to end.
const AGAIN: Duration = Duration::from_secs(1);

/// What the table of such a kind says about the process.
#[derive(Debug)]
pub(crate) struct LocalSettings {
    /// Time between asking it to end and killing it.
    grace: Duration,
    /// Where its logs go.
    logs: LogDirectory,
    /// What it does not inherit.
    withheld: Withheld,
}

/// One process at a time. Dropping it ends the process.
#[derive(Debug, Default)]
pub(crate) struct LocalServer {
    process: Option<Supervised>,
    /// Where it is to listen, if it is a server.
    port: Option<u16>,
    instance: Option<InstanceId>,
    log: Option<Log>,
}

impl LocalSettings {
    /// Takes the keys `grace`, `log_dir` and `pass_env` out of a backend's table.
    pub(crate) fn read(reader: &mut TableReader<'_>) -> Self {
        let grace = reader.duration("grace").unwrap_or(GRACE);
        if grace > LONGEST_GRACE {
            let message = format!("`grace` is {} s", grace.as_secs_f64());
            let label = format!("expected at most {} s", LONGEST_GRACE.as_secs());
            reader.reject("grace", message, label);
        }
        let logs = LogDirectory::new(reader.text("log_dir").map(Into::into));
        let withheld = Withheld::read(reader);
        Self { grace, logs, withheld }
    }
}

impl LocalServer {
    /// Starts a program, to listen on a port if it is a server, with a new log about `what`. Its temporary files go to a
    /// directory of the instance, where the leak check sees what is left of them, unless the program's environment says otherwise.
    ///
    /// # Errors
    /// When there is no log to be had or no process. What is wrong with the program itself shows in its [`ExitReason`].
    pub(crate) fn start(
        &mut self,
        mut program: Program,
        port: Option<u16>,
        settings: &LocalSettings,
        what: &str,
        launch: &LaunchSpec,
        secret: &Secret,
    ) -> Result<(), BackendError> {
        let path = settings.logs.next(what, &launch.instance);
        let path = path.map_err(|error| failed("no log can be kept", &error))?;
        let (log, output) = Log::create(&path, secret).map_err(|error| failed("no log can be kept", &error))?;
        self.log = Some(log.clone());
        self.instance = Some(launch.instance.clone());
        let temporary = launch.instance.temporary();
        let temporary = temporary.map_err(|error| failed("no temporary files can be kept", &error))?;
        // What the program's environment says comes after these.
        let withheld = settings.withheld.names().into_iter().map(|name| (name, None));
        let first = [("TMPDIR".into(), Some(temporary.into_os_string()))];
        program.environment = first.into_iter().chain(withheld).chain(program.environment).collect();
        let process = Supervised::start(&program, log, output);
        self.process = Some(process.map_err(|error| failed("no process can be started", &error))?);
        self.port = port;
        Ok(())
    }

    /// Waits until the process has ended; for ever when there is none.
    pub(crate) fn exited(&self) -> Watch<'_, ExitReason> {
        match &self.process {
            Some(process) => Box::pin(process.exited()),
            None => Box::pin(std::future::pending()),
        }
    }

    /// To whom the endpoint belongs by now.
    pub(crate) fn owner(&self, endpoint: &Endpoint) -> PortOwner {
        match (&self.process, endpoint.port) {
            (Some(process), Some(port)) => os::owner_of_port(port, process.ancestor()),
            _ => PortOwner::Unknown,
        }
    }

    /// The last lines of the newest log.
    pub(crate) fn log_tail(&self) -> Vec<String> {
        self.log.as_ref().map(Log::tail).unwrap_or_default()
    }

    /// The last lines of a process that has ended, once they are all here.
    pub(crate) fn final_log(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async {
            if let Some(process) = &self.process {
                process.settled().await;
            }
            self.log_tail()
        })
    }

    /// Asks the process to end, a server that does not listen yet every second, and kills it, and everything it started, after
    /// the grace. Does nothing when there is none. Can be called again after being dropped half-way.
    pub(crate) fn stop<'a>(&'a mut self, settings: &'a LocalSettings) -> Work<'a, ()> {
        Box::pin(async {
            let Some(process) = &mut self.process else {
                return Ok(());
            };
            let mut grace = settings.grace;
            // A signal that meets Apptainer while it makes a container is lost.
            while self.port.is_some_and(|port| os::owner_of_port(port, process.ancestor()) == PortOwner::None)
                && let Some(rest) = grace.checked_sub(AGAIN)
                && process.exit_reason().is_none()
            {
                process.ask_to_end(AGAIN).await;
                grace = rest;
            }
            let stopped = process.stop(grace).await;
            if let (Some(instance), Some(leaked_processes)) = (&self.instance, process.leaked_processes()) {
                instance.exited_orderly();
                instance.leaked(leaked_processes.into_iter().map(Resource::from));
            }
            self.process = None;
            let message = match stopped {
                StopOutcome::Before | StopOutcome::Asked => return Ok(()),
                StopOutcome::Killed => {
                    let grace = settings.grace.as_secs_f64();
                    format!("the server did not end within {grace} s of SIGTERM and was killed")
                }
                StopOutcome::Stuck => "the server could not be killed: it hangs in the kernel".to_owned(),
            };
            Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message).with_log(self.log_tail()))
        })
    }
}

/// Reads the key `command`, which says how a server is started: it, or one of the variables, must hold `{port}`.
pub(crate) fn command(
    known: Placeholders,
    reader: &mut TableReader<'_>,
    environment: &[(String, String)],
) -> Option<Vec<String>> {
    let command = known.words(reader, "command")?;
    let has_port = |text: &String| text.contains("{port}");
    if command.words.is_empty() {
        reader.reject("command", "`command` is empty", "expected a program and its arguments");
    } else if command.sound
        && !command.words.iter().any(has_port)
        && !environment.iter().any(|(_, value)| has_port(value))
    {
        let message = "`{port}` occurs neither in `command` nor in `env`";
        reader.reject("command", message, "the server has to be told where to listen");
    }
    Some(command.words)
}

/// The end of a process as that of a server: one that could not be run at all is a wrong setting.
pub(crate) fn server_exit(reason: ExitReason) -> ServerExit {
    let fault = if reason.is_not_runnable() { Fault::Misconfigured } else { Fault::Died };
    ServerExit { fault, message: reason.to_string(), from_outside: reason.is_from_outside() }
}

/// An endpoint on a port of this machine that is free at this moment. Another process may take it before the server does, which is
/// why the owner of the socket is asked for before a response is believed, and another port tried when it is not the server.
///
/// # Errors
/// When no port is free.
pub(crate) fn free_endpoint() -> Result<(Endpoint, u16), BackendError> {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    // While a model loads, connections of others take any of the ports that the system gives them by itself.
    let fixed = (0..TRIES).find_map(|_| free(chosen_port()).ok());
    let port = fixed.map_or_else(|| free(0), Ok);
    let port = port.map_err(|error| failed("no port is free", &error))?.port();
    let endpoint = Endpoint { url: format!("http://127.0.0.1:{port}"), port: Some(port) };
    Ok((endpoint, port))
}

/// A port by chance, below those that Linux gives to connections by itself.
fn chosen_port() -> u16 {
    let chance = RandomState::new().build_hasher().finish();
    let span = u64::from(PORTS.end - PORTS.start);
    u16::try_from(chance % span).map_or(PORTS.start, |offset| PORTS.start + offset)
}

fn failed(what: &str, error: &std::io::Error) -> BackendError {
    BackendError::new(Stage::Launch, Fault::Internal, format!("{what}: {error}"))
}
