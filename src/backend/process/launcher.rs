//! Launches a model server as a supervised process. Picks its port and tells whose server answers there; waits for no
//! readiness and speaks no protocol.

use std::ffi::OsString;
use std::sync::Arc;

use super::settings::{ProcessSettings, ProcessSpec};
use crate::backend::kind::LaunchSpec;
use crate::backend::launcher::{Endpoint, Launcher, ServerExit};
use crate::backend::local::{LocalServer, free_endpoint, server_exit};
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
        Self { settings, server: LocalServer::default() }
    }

    fn start(&mut self, launch: &LaunchSpec, secret: &Secret) -> Result<Endpoint, BackendError> {
        let (endpoint, port) = free_endpoint()?;
        let filled = self.settings.fill(&launch.contract, port)?;
        if let Some(missing) = filled.directory.as_ref().filter(|directory| !directory.is_dir()) {
            let message = format!("`cwd` is not a directory: {}", missing.display());
            return Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        }
        let program = program(filled, launch, secret);
        let settings = &self.settings.local;
        self.server.start(program, Some(port), settings, &launch.contract.key, launch, secret)?;
        Ok(endpoint)
    }
}

impl Launcher for ProcessLauncher {
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(async { self.start(launch, secret) })
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        Box::pin(async { server_exit(self.server.exited().await) })
    }

    fn owner(&self, endpoint: &Endpoint) -> PortOwner {
        self.server.owner(endpoint)
    }

    fn log_tail(&self) -> Vec<String> {
        self.server.log_tail()
    }

    fn final_log(&self) -> Watch<'_, Vec<String>> {
        self.server.final_log()
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        self.server.stop(&self.settings.local)
    }
}

fn program(filled: ProcessSpec, launch: &LaunchSpec, secret: &Secret) -> Program {
    let given = filled.environment.into_iter();
    let given = given.map(|(name, value)| (OsString::from(name), Some(OsString::from(value))));
    // The launch's come last: whatever else a table says, the model runs with these.
    let launch = launch.variables(secret).into_iter();
    let launch = launch.map(|(name, value)| (OsString::from(name), value.map(OsString::from)));
    Program {
        command: filled.command.into_iter().map(OsString::from).collect(),
        directory: filled.directory,
        environment: given.chain(launch).collect(),
    }
}
