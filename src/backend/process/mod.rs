//! The kind `process`: starts a model server as a process of this machine, on a port that is surely its own, and ends it with
//! everything it started.

mod launcher;
mod settings;

use std::ffi::OsStr;
use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::requirement::Requirement;
use super::served::Served;
use super::{Backend, BackendError, Watch, machine};
use crate::config::{BackendTable, Diagnostics};
use crate::prediction::Contract;

use launcher::ProcessLauncher;
use settings::ProcessSettings;

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

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let settings = ProcessSettings::read(table, diagnostics)?;
    Some(Arc::new(Process(Arc::new(settings))))
}

struct Process(Arc<ProcessSettings>);

impl Process {
    /// Looks for what the command of one model needs.
    fn look_for(&self, contract: &Contract) -> Vec<Requirement> {
        let filled = match self.0.fill(contract, 1) {
            Ok(filled) => filled,
            Err(error) => return vec![Requirement::unset(&error)],
        };
        let mut requirements = Vec::new();
        if let Some(directory) = &filled.directory {
            let shown = directory.display().to_string();
            requirements.push(if directory.is_dir() {
                Requirement::met("cwd", shown)
            } else {
                let found = format!("{shown} is not a directory");
                Requirement::unmet("cwd", found, "correct `cwd`, or the variable it refers to")
            });
        }
        let path = filled.environment.iter().find(|(name, _)| name == "PATH");
        let path = path.map(|(_, path)| OsStr::new(path));
        if let Some(name) = filled.command.first() {
            requirements.push(machine::program("command", name, filled.directory.as_deref(), path));
        }
        requirements
    }
}

impl Settings for Process {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        // The port is only known at launch; everything else can be found wrong before.
        self.0.fill(&launch.contract, 0)?;
        let launch = launch.on_device(self.0.device.as_deref());
        let launcher = ProcessLauncher::new(Arc::clone(&self.0));
        Ok(Box::new(Served::new(launcher, launch, self.0.served, None)))
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        // Every model may have a command of its own; what they share is said once.
        let mut requirements: Vec<Requirement> = Vec::new();
        for requirement in models.iter().flat_map(|contract| self.look_for(contract)) {
            requirement.add_to(&mut requirements);
        }
        let device = overrides.device.as_deref().or(self.0.device.as_deref());
        requirements.extend(machine::gpu(device));
        Box::pin(async { requirements })
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
