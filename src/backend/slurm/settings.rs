//! The settings of the kind `slurm`: the command of a job, its requests to sbatch, and the places of its files. Reads
//! them and fills in placeholders; does not submit jobs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::job_container::JobContainer;
use super::job_dir::JobDir;
use super::queue::Queue;
use super::tools::Tools;
use crate::backend::kind::LaunchSpec;
use crate::backend::launcher;
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::served::ServedSettings;
use crate::backend::withheld::Withheld;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, TableReader};
use crate::os;
use crate::prediction::Contract;

/// Stands for the port in a word of the command, because only the job knows it. No word can contain a NUL.
pub(super) const PORT: &str = "\0";
/// The placeholders of the command besides the common ones.
const IN_COMMAND: Placeholders = Placeholders(&["host", "port"]);
/// The placeholders of its variables, which are set before there is a port.
const IN_ENVIRONMENT: Placeholders = Placeholders(&["host"]);
/// The placeholders of all other settings.
const ELSEWHERE: Placeholders = Placeholders(&[]);
/// The placeholders of a node's address.
const IN_ADDRESS: Placeholders = Placeholders(&["node"]);
/// The default address to listen on: the harness is on another node.
const HOST: &str = "0.0.0.0";
/// A stop is given up after 30 s, so a longer grace would have no effect.
const LONGEST_GRACE: Duration = Duration::from_secs(15);
/// The default pause between two looks at the queue.
const POLL: Duration = Duration::from_secs(2);

/// The validated settings.
#[derive(Debug)]
pub(super) struct SlurmSettings {
    command: Vec<String>,
    environment: Vec<(String, String)>,
    requests: Vec<(&'static str, String)>,
    pub(super) arguments: Vec<String>,
    modules: Vec<String>,
    prologue: Vec<String>,
    directory: Option<String>,
    /// The directory that is shared with the nodes.
    pub(super) shared: Option<PathBuf>,
    /// The directory of logs that are kept.
    pub(super) logs: Option<PathBuf>,
    container: Option<JobContainer>,
    host: String,
    address: Option<String>,
    conf: Option<String>,
    /// The device if the command line gives none.
    pub(super) device: Option<String>,
    /// Variables that a job does not inherit.
    pub(super) withheld: Withheld,
    /// Time between asking a server to exit and killing it.
    pub(super) grace: Duration,
    /// Time between two looks at the queue.
    pub(super) poll: Duration,
    pub(super) served: ServedSettings,
}

/// Settings with all placeholders filled in, except the port.
#[derive(Debug)]
pub(super) struct JobSpec {
    /// The command, with [`PORT`] for the port.
    pub(super) command: Vec<String>,
    /// The container that it runs in, if it does not run on the node itself.
    pub(super) container: Option<JobContainer>,
    /// Variables that only the owner may read.
    pub(super) environment: Vec<(String, String)>,
    /// Arguments of sbatch.
    pub(super) arguments: Vec<String>,
    /// Modules to load.
    pub(super) modules: Vec<String>,
    /// Lines to run before the server.
    pub(super) prologue: Vec<String>,
}

impl SlurmSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, reader: &mut TableReader<'_>) -> Option<Self> {
        let command = IN_COMMAND.words(reader.require("command"), "command");
        let environment = IN_ENVIRONMENT.environment(reader);
        for (name, _) in environment.iter().filter(|(name, _)| !is_variable(name)) {
            reader.reject("env", format!("`{name}` is not the name of a variable"), "in this table");
        }
        if let Some(command) = &command {
            if command.words.is_empty() {
                reader.reject("command", "`command` is empty", "expected a program and its arguments");
            } else if command.sound && !command.words.iter().any(|word| word.contains("{port}")) {
                let message = "`{port}` does not occur in `command`";
                reader.reject("command", message, "the server has to be told where to listen");
            }
        }
        let grace = launcher::grace(reader, LONGEST_GRACE);
        let address = reader.text("address");
        if let Some(Err(error)) = address.as_deref().map(|address| IN_ADDRESS.check(address)) {
            reader.reject("address", error, "in this address");
        }
        Some(Self {
            environment,
            requests: requests(reader),
            arguments: ELSEWHERE.words(reader, "arguments").unwrap_or_default().words,
            modules: ELSEWHERE.words(reader, "modules").unwrap_or_default().words,
            // Not interpolated: lines of a shell are full of braces.
            prologue: reader.texts("prologue").unwrap_or_default(),
            directory: ELSEWHERE.text(reader, "cwd"),
            shared: directory(reader, "shared_dir"),
            logs: directory(reader, "log_dir"),
            container: container(reader),
            host: reader.text("host").unwrap_or_else(|| HOST.to_owned()),
            address,
            conf: reader.text("conf"),
            device: reader.text("device"),
            withheld: Withheld::read(reader),
            grace,
            poll: reader.duration("poll_interval").unwrap_or(POLL),
            served: ServedSettings::read(table, reader),
            command: command?.words,
        })
    }

    /// Fills in the placeholders for a model.
    ///
    /// # Errors
    /// If a variable that a setting refers to is not set.
    pub(super) fn fill(&self, contract: &Contract) -> Result<JobSpec, BackendError> {
        let common = PlaceholderValues::new(contract, [])?;
        let own = PlaceholderValues::new(contract, [("host", self.host.clone()), ("port", PORT.to_owned())])?;
        let mut arguments = self.requested();
        if let Some(directory) = &self.directory {
            arguments.push(format!("--chdir={}", common.fill(directory)?));
        }
        arguments.extend(common.fill_all(&self.arguments)?);
        Ok(JobSpec {
            command: own.fill_all(&self.command)?,
            container: self.container.as_ref().map(|table| table.fill(&common)).transpose()?,
            environment: own.fill_values(&self.environment)?,
            arguments,
            modules: common.fill_all(&self.modules)?,
            prologue: self.prologue.clone(),
        })
    }

    /// The job's requests as options of sbatch. A restarted job has lost its callers, so jobs are not requeued unless
    /// the table's own arguments say so.
    pub(super) fn requested(&self) -> Vec<String> {
        let requests = self.requests.iter().map(|(option, value)| format!("--{option}={value}"));
        std::iter::once("--no-requeue".to_owned()).chain(requests).collect()
    }

    /// The queue of its cluster, for the user of this process.
    pub(super) fn queue(&self) -> Queue {
        Queue { tools: Tools { conf: self.conf() }, user: os::user() }
    }

    /// The `slurm.conf` of the table, else of the environment.
    pub(super) fn conf(&self) -> Option<String> {
        self.conf.clone().or_else(|| std::env::var("SLURM_CONF").ok().filter(|path| !path.is_empty()))
    }

    /// The directory of one launch of an instance, below `directory`, which is the instance's own or the shared one.
    pub(super) fn job_dir(&self, directory: &Path, attempt: usize, launch: &LaunchSpec) -> JobDir {
        let (label, model) = (launch.instance.label(), &launch.contract.key);
        let job_dir = JobDir::at(directory.join(&label).join(attempt.to_string()));
        match &self.logs {
            Some(logs) => JobDir { log: logs.join(format!("{model}-{label}-{attempt}.log")), ..job_dir },
            None => job_dir,
        }
    }

    /// The address of a node, if the table has a template for it.
    ///
    /// # Errors
    /// If a variable that it refers to is not set.
    pub(super) fn address(&self, contract: &Contract, node: &str) -> Option<Result<String, BackendError>> {
        let address = self.address.as_deref()?;
        Some(PlaceholderValues::new(contract, [("node", node.to_owned())]).and_then(|values| values.fill(address)))
    }

    /// Checks that the paths of the table exist.
    ///
    /// # Errors
    /// The first path that does not.
    pub(super) fn check_paths(&self) -> Result<(), BackendError> {
        let wrong = |message: String| Err(BackendError::new(Stage::Configure, Fault::Misconfigured, message));
        if let Some(conf) = self.conf.as_ref().filter(|conf| !Path::new(conf).is_file()) {
            return wrong(format!("`conf` is not a file: {conf}"));
        }
        match self.shared.as_ref().filter(|directory| !directory.is_dir()) {
            Some(directory) => wrong(format!("`shared_dir` is not a directory: {}", directory.display())),
            None => Ok(()),
        }
    }
}

/// The table `apptainer`.
fn container(reader: &mut TableReader<'_>) -> Option<JobContainer> {
    let section = reader.section("apptainer")?;
    let mut within = reader.within(&section);
    let settings = JobContainer::read(&mut within);
    within.finish();
    settings
}

/// The job's requests, with the names of sbatch's options.
fn requests(reader: &mut TableReader<'_>) -> Vec<(&'static str, String)> {
    let mut requests = Vec::new();
    for key in ["partition", "account", "qos", "gres", "time", "memory"] {
        if let Some(value) = reader.text(key) {
            if value.trim().is_empty() || value.contains(char::is_control) {
                reader.reject(key, format!("`{key}` is empty"), "expected what sbatch takes");
            }
            requests.push((if key == "memory" { "mem" } else { key }, value));
        }
    }
    if let Some(cpus) = reader.count("cpus", 1) {
        requests.push(("cpus-per-task", cpus.to_string()));
    }
    requests
}

/// An absolute path: jobs do not run where the harness does.
fn directory(reader: &mut TableReader<'_>, key: &'static str) -> Option<PathBuf> {
    let path = PathBuf::from(reader.text(key)?);
    if path.is_relative() {
        reader.reject(key, format!("`{key}` is a relative path"), "expected an absolute path");
    }
    Some(path)
}

fn is_variable(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.chars().all(is_letter) && name.starts_with(|letter: char| !letter.is_ascii_digit())
}
