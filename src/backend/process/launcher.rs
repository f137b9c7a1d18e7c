//! Launches a model server as a supervised process. Picks its port and tells whose server answers there; waits for no
//! readiness and speaks no protocol.

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use super::settings::{Filled, ProcessSettings};
use crate::backend::launcher::{Demise, Endpoint, Job, Launcher, Watch};
use crate::backend::supervise::{Ending, Log, Owner, Program, Stopped, Supervised, owner_of_port};
use crate::backend::{BackendError, Fault, Stage, Work};
use crate::wire::Secret;

/// Runs one server at a time.
pub(super) struct ProcessLauncher {
    settings: Arc<ProcessSettings>,
    process: Option<Supervised>,
    log: Option<Log>,
}

impl ProcessLauncher {
    pub(super) const fn new(settings: Arc<ProcessSettings>) -> Self {
        Self {
            settings,
            process: None,
            log: None,
        }
    }

    fn start(&mut self, job: &Job, secret: &Secret) -> Result<Endpoint, BackendError> {
        let failed = |what: &str, error: std::io::Error| {
            BackendError::new(Stage::Launch, Fault::Internal, format!("{what}: {error}"))
        };
        let port = free_port().map_err(|error| failed("no port is free", error))?;
        let filled = self.settings.fill(&job.contract, port)?;
        if let Some(missing) = filled.directory.as_ref().filter(|directory| !directory.is_dir()) {
            let message = format!("`cwd` is not a directory: {}", missing.display());
            return Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        }
        let path = self.settings.logs.next(&job.contract.key, &job.mark);
        let path = path.map_err(|error| failed("no log can be kept", error))?;
        let (log, output) = Log::create(&path, secret).map_err(|error| failed("no log can be kept", error))?;
        self.log = Some(log.clone());
        let temporary = job
            .mark
            .directory()
            .map_err(|error| failed("no temporary files can be kept", error))?;
        let process = Supervised::start(&program(filled, job, secret, temporary), log, output);
        self.process = Some(process.map_err(|error| failed("no process can be started", error))?);
        Ok(Endpoint {
            url: format!("http://127.0.0.1:{port}"),
            port: Some(port),
        })
    }

    async fn stop(&mut self) -> Result<(), BackendError> {
        let Some(process) = &mut self.process else {
            return Ok(());
        };
        let stopped = process.stop(self.settings.grace).await;
        self.process = None;
        let message = match stopped {
            Stopped::Before | Stopped::Asked => return Ok(()),
            Stopped::Killed => {
                let grace = self.settings.grace.as_secs_f64();
                format!("the server did not end within {grace} s of SIGTERM and was killed")
            }
            Stopped::Stuck => "the server could not be killed: it hangs in the kernel".to_owned(),
        };
        Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message).with_log(self.log_tail()))
    }
}

impl Launcher for ProcessLauncher {
    fn launch<'a>(&'a mut self, job: &'a Job, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(async { self.start(job, secret) })
    }

    fn ended(&self) -> Watch<'_, Demise> {
        let Some(process) = &self.process else {
            return Box::pin(std::future::pending());
        };
        Box::pin(async { demise(process.ended().await) })
    }

    fn owner(&self, endpoint: &Endpoint) -> Owner {
        match (&self.process, endpoint.port) {
            (Some(process), Some(port)) => owner_of_port(port, process.ancestor()),
            _ => Owner::Unknown,
        }
    }

    fn log_tail(&self) -> Vec<String> {
        self.log.as_ref().map(Log::tail).unwrap_or_default()
    }

    fn last_words(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async {
            if let Some(process) = &self.process {
                process.settled().await;
            }
            self.log_tail()
        })
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(self.stop())
    }
}

fn demise(ending: Ending) -> Demise {
    let fault = if ending.is_not_runnable() {
        Fault::Misconfigured
    } else {
        Fault::Died
    };
    Demise {
        fault,
        message: ending.to_string(),
    }
}

fn program(filled: Filled, job: &Job, secret: &Secret, temporary: PathBuf) -> Program {
    // What the server forgets there goes with the instance.
    let first = [(OsString::from("TMPDIR"), Some(temporary.into_os_string()))].into_iter();
    let given = filled.environment.into_iter();
    let given = given.map(|(name, value)| (OsString::from(name), Some(OsString::from(value))));
    // The job's come last: whatever else a table says, these are what the model is run with.
    let job = job.variables(secret).into_iter();
    let job = job.map(|(name, value)| (OsString::from(name), value.map(OsString::from)));
    Program {
        command: filled.command.into_iter().map(OsString::from).collect(),
        directory: filled.directory,
        environment: first.chain(given).chain(job).collect(),
    }
}

/// A port that nobody has this moment. Somebody may take it before the server does, which is why the owner of the socket
/// is asked for before an answer is believed, and another port tried when it is not the server.
fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
