//! A model server as a supervised process of this machine: its port, log, exit, and stop with a grace period. It is shared by all kinds
//! whose platform is a command that keeps running. The kind decides what the command is.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::kind::LaunchSpec;
use super::launcher::{self, Endpoint, ServerExit};
use super::placeholders::Placeholders;
use super::resources::{InstanceId, Resource};
use super::supervise::{ExitReason, Log, Program, StopOutcome, Supervised};
use super::withheld::Withheld;
use super::{BackendError, Fault, Stage, Watch, Work, private};
use crate::config::TableReader;
use crate::os::{self, PortOwner};
use crate::wire::Secret;

/// A stop is given up after 30 s, so a longer grace period would never end.
const LONGEST_GRACE: Duration = Duration::from_secs(20);

/// The range in which ports for servers are chosen: below the ports that Linux assigns to connections.
const PORTS: Range<u16> = 20_000..32_768;
/// How many ports of the range are tried before the system chooses one.
const TRIES: usize = 50;

/// How often SIGTERM is sent to a server that does not listen yet.
const AGAIN: Duration = Duration::from_secs(1);

/// The settings of the process in the table of such a kind.
#[derive(Debug)]
pub(crate) struct LocalSettings {
    grace: Duration,
    /// The directory that the user named for logs.
    log_dir: Option<PathBuf>,
    /// Numbers the logs.
    logs: AtomicUsize,
    withheld: Withheld,
}

/// One process at a time. Dropping it ends the process.
#[derive(Debug, Default)]
pub(crate) struct LocalServer {
    process: Option<Supervised>,
    /// The port on which the process will listen, if it is a server.
    port: Option<u16>,
    instance: Option<InstanceId>,
    log: Option<Log>,
}

impl LocalSettings {
    /// Reads the keys `grace`, `log_dir` and `pass_env` of a backend's table.
    pub(crate) fn read(reader: &mut TableReader<'_>) -> Self {
        Self {
            grace: launcher::grace(reader, LONGEST_GRACE),
            log_dir: reader.text("log_dir").map(Into::into),
            logs: AtomicUsize::new(0),
            withheld: Withheld::read(reader),
        }
    }

    /// The path of a new log, different from that of every other log of the backend.
    fn next_log(&self, what: &str, instance: &InstanceId) -> io::Result<PathBuf> {
        let number = self.logs.fetch_add(1, Ordering::Relaxed) + 1;
        log_path(self.log_dir.as_deref(), what, instance, number)
    }
}

impl LocalServer {
    /// Starts a program, with the port on which it will listen if it is a server, and a new log named after `what`. Its temporary files
    /// go to a directory of the instance, where the leak check sees them, unless the program's environment says otherwise.
    ///
    /// # Errors
    /// If the log or the process cannot be created. A mistake in the program itself shows in its [`ExitReason`].
    pub(crate) fn start(
        &mut self,
        mut program: Program,
        port: Option<u16>,
        settings: &LocalSettings,
        what: &str,
        launch: &LaunchSpec,
        secret: &Secret,
    ) -> Result<(), BackendError> {
        let failed = |what| move |error: io::Error| BackendError::internal_at_launch(what, &error);
        let log = settings.next_log(what, &launch.instance).and_then(|path| Log::create(&path, secret));
        let (log, output) = log.map_err(failed("no log can be kept"))?;
        self.log = Some(log.clone());
        self.instance = Some(launch.instance.clone());
        let temporary = launch.instance.temporary().map_err(failed("no temporary files can be kept"))?;
        // Later entries win, so the program's own come last.
        let withheld = settings.withheld.names().into_iter().map(|name| (name, None));
        let first = [("TMPDIR".into(), Some(temporary.into_os_string()))];
        program.environment = first.into_iter().chain(withheld).chain(program.environment).collect();
        let process = Supervised::start(&program, log, output);
        self.process = Some(process.map_err(failed("no process can be started"))?);
        self.port = port;
        Ok(())
    }

    /// Completes when the process has exited. Never completes if there is none.
    pub(crate) fn exited(&self) -> Watch<'_, ExitReason> {
        match &self.process {
            Some(process) => Box::pin(process.exited()),
            None => Box::pin(std::future::pending()),
        }
    }

    /// Who owns the port of the endpoint now.
    pub(crate) fn owner(&self, endpoint: &Endpoint) -> PortOwner {
        match (&self.process, endpoint.port) {
            (Some(process), Some(port)) => os::owner_of_port(port, process.ancestor),
            _ => PortOwner::Unknown,
        }
    }

    /// The last lines of the newest log.
    pub(crate) fn log_tail(&self) -> Vec<String> {
        self.log.as_ref().map(Log::tail).unwrap_or_default()
    }

    /// The last lines of the log of a process that has exited, once all are read.
    pub(crate) fn final_log(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async {
            if let Some(process) = &self.process {
                process.settled().await;
            }
            self.log_tail()
        })
    }

    /// Asks the process to exit, repeatedly while a server does not listen yet. Kills it and everything it started after the grace
    /// period. Does nothing if there is none. Can be called again after it was dropped half-way.
    pub(crate) fn stop<'a>(&'a mut self, settings: &'a LocalSettings) -> Work<'a, ()> {
        Box::pin(async {
            let Some(process) = &mut self.process else {
                return Ok(());
            };
            let mut grace = settings.grace;
            // A signal is lost if Apptainer receives it while it creates a container.
            while self.port.is_some_and(|port| os::owner_of_port(port, process.ancestor) == PortOwner::None)
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
            let error = match stopped {
                StopOutcome::Exited => return Ok(()),
                StopOutcome::Killed => launcher::killed(settings.grace),
                StopOutcome::Stuck => {
                    let message = "the server could not be killed: it hangs in the kernel";
                    BackendError::new(Stage::Shutdown, Fault::Timeout, message)
                }
            };
            Err(error.with_log(self.log_tail()))
        })
    }
}

/// The path of a log: in the directory that the user named, else in the instance's own. The label of the instance is part of the name
/// because several runs may share a directory.
pub(super) fn log_path(named: Option<&Path>, what: &str, instance: &InstanceId, number: usize) -> io::Result<PathBuf> {
    let directory = match named {
        Some(named) => private::make_directory(named).map(|()| named.to_owned())?,
        None => instance.directory()?,
    };
    Ok(directory.join(format!("{what}-{}-{number}.log", instance.label())))
}

/// Reads the key `command`, which starts a server. The command or one of the variables must contain `{port}`.
pub(crate) fn command(
    known: Placeholders,
    reader: &mut TableReader<'_>,
    environment: &[(String, String)],
) -> Option<Vec<String>> {
    let command = known.words(reader, "command")?;
    let mut values = command.words.iter().chain(environment.iter().map(|(_, value)| value));
    if command.words.is_empty() {
        reader.reject("command", "`command` is empty", "expected a program and its arguments");
    } else if command.sound && !values.any(|text| text.contains("{port}")) {
        let message = "`{port}` occurs neither in `command` nor in `env`";
        reader.reject("command", message, "the server has to be told where to listen");
    }
    Some(command.words)
}

/// The exit of a process as the exit of a server. A program that could not be run at all is a wrong setting.
pub(crate) fn server_exit(reason: ExitReason) -> ServerExit {
    let fault = if reason.is_not_runnable() { Fault::Misconfigured } else { Fault::Died };
    ServerExit { fault, message: reason.to_string(), from_outside: reason.is_from_outside() }
}

/// An endpoint on a free port of this machine. Another process may take the port before the server does, so the owner of the socket is
/// checked before a response is believed, and another port is tried if it is not the server.
///
/// # Errors
/// If no port is free.
pub(crate) fn free_endpoint() -> Result<(Endpoint, u16), BackendError> {
    let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| listener.local_addr());
    // While a model loads, connections of other programs may take any port that the system assigns.
    let chosen = (0..TRIES).find_map(|_| free(random_port()).ok());
    let address = chosen.map_or_else(|| free(0), Ok);
    let port = address.map_err(|error| BackendError::internal_at_launch("no port is free", &error))?.port();
    Ok((Endpoint { url: format!("http://127.0.0.1:{port}"), port: Some(port) }, port))
}

fn random_port() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    PORTS.start + (random % PORTS.len() as u64) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::resources::RunDirectory;

    #[test]
    fn a_named_directory_is_made_and_the_label_and_number_are_in_the_name_of_a_log() {
        let kept = tempfile::tempdir().unwrap();
        let instance = InstanceId::next(&std::sync::Arc::new(RunDirectory::new()));
        let named = kept.path().join("deep/logs");
        let settings = LocalSettings {
            grace: Duration::ZERO,
            log_dir: Some(named.clone()),
            logs: AtomicUsize::new(6),
            withheld: Withheld::default(),
        };
        let paths = [(); 2].map(|()| settings.next_log("esm2", &instance).unwrap());
        assert_eq!(paths, [7, 8].map(|number| named.join(format!("esm2-{}-{number}.log", instance.label()))));
        assert!(named.is_dir());
    }
}
