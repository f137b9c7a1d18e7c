//! Launches a model server as a supervised process. Picks its port and tells whose server answers there; waits for no
//! readiness and speaks no protocol.

use std::ffi::OsString;
use std::sync::Arc;

use super::settings::{Filled, ProcessSettings};
use crate::backend::launcher::{Demise, Endpoint, Job, Launcher};
use crate::backend::local::{LocalServer, demise, free_endpoint};
use crate::backend::supervise::Program;
use crate::backend::{BackendError, Fault, Stage, Watch, Work};
use crate::os::PortOwner;
use crate::wire::Secret;

/// Runs one server at a time.
pub(super) struct ProcessLauncher {
    settings: Arc<ProcessSettings>,
    server: LocalServer,
}

impl ProcessLauncher {
    pub(super) fn new(settings: Arc<ProcessSettings>) -> Self {
        Self {
            settings,
            server: LocalServer::default(),
        }
    }

    fn start(&mut self, job: &Job, secret: &Secret) -> Result<Endpoint, BackendError> {
        let (endpoint, port) = free_endpoint()?;
        let filled = self.settings.fill(&job.contract, port)?;
        if let Some(missing) = filled.directory.as_ref().filter(|directory| !directory.is_dir()) {
            let message = format!("`cwd` is not a directory: {}", missing.display());
            return Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        }
        let program = program(filled, job, secret);
        let settings = &self.settings.local;
        self.server
            .start(program, Some(port), settings, &job.contract.key, job, secret)?;
        Ok(endpoint)
    }
}

impl Launcher for ProcessLauncher {
    fn launch<'a>(&'a mut self, job: &'a Job, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(async { self.start(job, secret) })
    }

    fn ended(&self) -> Watch<'_, Demise> {
        Box::pin(async { demise(self.server.ended().await) })
    }

    fn owner(&self, endpoint: &Endpoint) -> PortOwner {
        self.server.owner(endpoint)
    }

    fn log_tail(&self) -> Vec<String> {
        self.server.log_tail()
    }

    fn last_words(&self) -> Watch<'_, Vec<String>> {
        self.server.last_words()
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        self.server.stop(&self.settings.local)
    }
}

fn program(filled: Filled, job: &Job, secret: &Secret) -> Program {
    let given = filled.environment.into_iter();
    let given = given.map(|(name, value)| (OsString::from(name), Some(OsString::from(value))));
    // The job's come last: whatever else a table says, these are what the model is run with.
    let job = job.variables(secret).into_iter();
    let job = job.map(|(name, value)| (OsString::from(name), value.map(OsString::from)));
    Program {
        command: filled.command.into_iter().map(OsString::from).collect(),
        directory: filled.directory,
        environment: given.chain(job).collect(),
    }
}
