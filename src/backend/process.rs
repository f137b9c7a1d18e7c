//! The kind `process`: starts a model server as a process of this machine, on a port that no other process uses, and ends it with
//! everything it started. It does not wait for readiness and speaks no protocol.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::launcher::{Endpoint, Launcher, ServerExit};
use super::local::{self, LocalServer, LocalSettings};
use super::placeholders::{PlaceholderValues, Placeholders};
use super::requirement::Requirement;
use super::served::{Served, ServedSettings};
use super::supervise::Program;
use super::{Backend, BackendError, Fault, Stage, Watch, Work, machine};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::os::PortOwner;
use crate::prediction::Contract;
use crate::wire::Secret;

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    is_served: true,
    overrides: &[Override::Device, Override::KeepResponses],
    template: r#"# How the model server is started. `{port}` is a free port, `{model}`, `{model.core}` and `{model.image}` are the model's,
# `${NAME}` is a variable of your environment.
command = ["{hydrotest}", "serve", "--host", "127.0.0.1", "--port", "{port}"]
# The command above serves embedded models; a server with published weights does without this line.
weights = "synthetic"
# Where it is started, and variables for it.
# cwd = "/srv/boileroom"
# env = { PYTHONPATH = "${BOILEROOM_SOURCE}" }
# device = "cuda:0"
# start_timeout = "20m"
"#,
    ..Kind::new("process", "a model server that is started as a process of this machine", Creates::Processes, configure)
};

/// The placeholders of its settings besides the common ones.
const PLACEHOLDERS: Placeholders = Placeholders(&["port"]);

/// The validated settings.
struct ProcessSettings {
    command: Vec<String>,
    directory: Option<String>,
    environment: Vec<(String, String)>,
    /// The device, unless the command line names one.
    device: Option<String>,
    local: LocalSettings,
    served: ServedSettings,
}

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let directory = PLACEHOLDERS.text(&mut reader, "cwd");
    let environment = PLACEHOLDERS.environment(&mut reader);
    let command = local::command(PLACEHOLDERS, reader.require("command"), &environment);
    let local = LocalSettings::read(&mut reader);
    let device = reader.text("device");
    let served = ServedSettings::read(table, &mut reader);
    reader.finish();
    let settings = ProcessSettings { command: command?, directory, environment, device, local, served };
    Some(Arc::new(Process(Arc::new(settings))))
}

impl ProcessSettings {
    /// The program for a model and a port, without the variables of the launch.
    ///
    /// # Errors
    /// If an environment variable of a setting is not set.
    fn fill(&self, contract: &Contract, port: u16) -> Result<Program, BackendError> {
        let values = PlaceholderValues::new(contract, [("port", port.to_string())])?;
        let variables = values.fill_values(&self.environment)?.into_iter();
        Ok(Program {
            command: values.fill_all(&self.command)?.into_iter().map(OsString::from).collect(),
            directory: values.fill_optional(self.directory.as_deref())?.map(PathBuf::from),
            environment: variables.map(|(name, value)| (name.into(), Some(value.into()))).collect(),
        })
    }

    /// Checks the requirements of the command of one model.
    fn examine(&self, contract: &Contract) -> Vec<Requirement> {
        let program = match self.fill(contract, 1) {
            Ok(program) => program,
            Err(error) => return vec![Requirement::unset(&error)],
        };
        let mut requirements = Vec::new();
        if let Some(directory) = &program.directory {
            let shown = directory.display().to_string();
            requirements.push(if directory.is_dir() {
                Requirement::met("cwd", shown)
            } else {
                let found = format!("{shown} is not a directory");
                Requirement::unmet("cwd", found, "correct `cwd`, or the variable it refers to")
            });
        }
        let path = program.environment.iter().find(|(name, _)| name == "PATH").and_then(|(_, path)| path.as_deref());
        if let Some(name) = program.command.first() {
            let name = name.to_string_lossy();
            requirements.push(machine::program("command", &name, program.directory.as_deref(), path));
        }
        requirements
    }
}

struct Process(Arc<ProcessSettings>);

impl Settings for Process {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        // The port is only known at launch; every other mistake is found here.
        self.0.fill(&launch.contract, 0)?;
        let launch = launch.on_device(self.0.device.as_deref());
        let launcher = ProcessLauncher { settings: Arc::clone(&self.0), server: LocalServer::default() };
        Ok(Box::new(Served::new(launcher, launch, self.0.served, None)))
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        // Every model may have a command of its own; shared requirements are listed once.
        let mut requirements = Vec::new();
        for requirement in models.iter().flat_map(|contract| self.0.examine(contract)) {
            requirement.add_to(&mut requirements);
        }
        requirements.extend(machine::gpu(overrides.device.as_deref().or(self.0.device.as_deref())));
        Box::pin(async { requirements })
    }
}

/// Runs one server at a time.
struct ProcessLauncher {
    settings: Arc<ProcessSettings>,
    server: LocalServer,
}

impl ProcessLauncher {
    fn start(&mut self, launch: &LaunchSpec, secret: &Secret) -> Result<Endpoint, BackendError> {
        let (endpoint, port) = local::free_endpoint()?;
        let mut program = self.settings.fill(&launch.contract, port)?;
        if let Some(missing) = program.directory.as_ref().filter(|directory| !directory.is_dir()) {
            let message = format!("`cwd` is not a directory: {}", missing.display());
            return Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        }
        // The launch's come last: whatever else a table says, the model runs with these.
        let own = launch.variables(secret).map(|(name, value)| (name.into(), value.map(OsString::from)));
        program.environment.extend(own);
        self.server.start(program, Some(port), &self.settings.local, &launch.contract.key, launch, secret)?;
        Ok(endpoint)
    }
}

impl Launcher for ProcessLauncher {
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(async { self.start(launch, secret) })
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        Box::pin(async { local::server_exit(self.server.exited().await) })
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

#[cfg(test)]
mod tests {
    use super::super::kind::Overrides;
    use super::super::registry::Platform;
    use crate::config::{Config, Source};
    use crate::prediction::Options;

    fn select(table: &str) -> Result<Platform, String> {
        let text = format!("default = 'lab'\n[backends.lab]\nkind = 'process'\n{table}");
        let config = Config::parse(&Source::new("backends.toml", text)).unwrap();
        Platform::select(&config, "lab", Overrides::default()).map_err(|diagnostics| diagnostics.to_string())
    }

    #[test]
    fn mistakes_are_shown_where_they_are_written() {
        let shown = select("command = ['serve', '--port', '{prot}']\ngrace = '1h'\nenv = { A = '{' }\n").err().unwrap();
        insta::assert_snapshot!(shown, @"
        error: unknown placeholder `{prot}`; did you mean `{port}`?
         --> backends.toml:4:31
          |
        4 | command = ['serve', '--port', '{prot}']
          |                               ^^^^^^^^

        error: `grace` is 3600 s
         --> backends.toml:5:9
          |
        5 | grace = '1h'
          |         ^^^^ expected at most 20 s

        error: `{` is never closed; write `{{` for a brace
         --> backends.toml:6:7
          |
        6 | env = { A = '{' }
          |       ^^^^^^^^^^^ in `A`
        ");
        let shown = select("command = []\n").err().unwrap();
        insta::assert_snapshot!(shown, @"
        error: `command` is empty
         --> backends.toml:4:11
          |
        4 | command = []
          |           ^^ expected a program and its arguments
        ");
        let shown = select("command = ['serve']\n").err().unwrap();
        insta::assert_snapshot!(shown, @"
        error: `{port}` occurs neither in `command` nor in `env`
         --> backends.toml:4:11
          |
        4 | command = ['serve']
          |           ^^^^^^^^^ the server has to be told where to listen
        ");
        insta::assert_snapshot!(select("").err().unwrap(), @"
        error: missing key `command`
         --> backends.toml:2:1
          |
        2 | [backends.lab]
          | ^^^^^^^^^^^^^^ in this table
        ");
    }

    #[test]
    fn a_variable_that_is_not_set_is_named_before_anything_is_started() {
        let platform = select("command = ['${NO_SUCH_VARIABLE}', '{port}']\n").unwrap();
        let contract = Config::built_in().unwrap().models[0].clone();
        let error = platform.open(&contract, &Options::new()).err().unwrap();
        insta::assert_snapshot!(error.message, @"environment variable `NO_SUCH_VARIABLE` is not set");
    }
}
