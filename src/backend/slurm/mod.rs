//! The kind `slurm`: runs a model server as a batch job of a cluster. Submits and follows the job by Slurm's own
//! commands; does not choose the port, which the job does on its node.
//!
//! ```text
//! harness ── sbatch < script ──→ slurmctld ──→ node: script ── starts ──→ server
//!    │  ↑                            │                   └─ node and port, once the server listens there itself ─┐
//!    │  └── squeue: state, reason ───┘                                                                            ↓
//!    └── environment (secret), owner only ──→ directory shared with the nodes: environment, address, job.log
//! ```

mod examine;
mod finder;
mod job_container;
mod job_dir;
mod launcher;
mod queue;
mod server;
mod settings;
mod state;
mod submission;
mod tools;
mod watch;

use std::path::Path;
use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::requirement::Requirement;
use super::served::Served;
use super::{Backend, BackendError, Fault, Stage, Watch};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::Contract;
use crate::wire::Secret;

use finder::{NAME, SlurmFinder};
use launcher::SlurmLauncher;
use settings::SlurmSettings;
use submission::Submission;

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    is_served: true,
    overrides: &[Override::Device, Override::KeepResponses],
    template: r#"# How a node starts the model server. `{host}` and `{port}` are where it has to listen, `{model}`, `{model.core}` and
# `{model.image}` are the model's, `${NAME}` is a variable of your environment.
command = ["{hydrotest}", "serve", "--host", "{host}", "--port", "{port}"]
# The command above serves embedded models; a server with published weights does without this line.
weights = "synthetic"
# In a container of an image that the nodes have, instead of the node itself.
# apptainer = { image = "/scratch/you/{model.image}.sif" }
# What the job asks for, as sbatch takes it.
# partition = "gpu"
# account = "lab"
# qos = "normal"
# gres = "gpu:1"
# time = "2:00:00"
# memory = "32G"
# cpus = 8
# arguments = ["--constraint=a100"]
# What is run before the server.
# modules = ["cuda/12.4"]
# prologue = ["ulimit -l unlimited"]
# A directory that the nodes share with this machine [default: the state directory, usually below your home].
# shared_dir = "/scratch/you"
# Includes the time in the queue.
start_timeout = "30m"
"#,
    ..Kind::new(
        NAME,
        "a model server that is run as a batch job of a Slurm cluster",
        Creates::Resources(|record| Ok(Box::new(SlurmFinder::new(record)?))),
        configure,
    )
};

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let settings = SlurmSettings::read(table, &mut reader);
    reader.finish();
    Some(Arc::new(Slurm(Arc::new(settings?))))
}

struct Slurm(Arc<SlurmSettings>);

impl Settings for Slurm {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        // Node and port are only known to the job; all other mistakes are found now.
        self.0.fill(&launch.contract)?;
        let launch = launch.on_device(self.0.device.as_deref());
        Ok(Box::new(Served::new(SlurmLauncher::new(Arc::clone(&self.0)), launch, self.0.served, None)))
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(self.0.examine(models, overrides))
    }

    fn dry_run(&self, launch: &LaunchSpec) -> Option<Result<String, BackendError>> {
        Some(self.shown(launch))
    }
}

impl Slurm {
    fn shown(&self, launch: &LaunchSpec) -> Result<String, BackendError> {
        let launch = launch.on_device(self.0.device.as_deref());
        let job_dir = self.0.job_dir(self.0.shared.as_deref().unwrap_or(Path::new("DIRECTORY")), 1, &launch);
        // The script does not contain the secret, so any secret will do.
        let secret = Secret::generate()
            .map_err(|error| BackendError::new(Stage::Configure, Fault::Internal, error.to_string()))?;
        Ok(Submission::new(&self.0, &launch, &secret, &job_dir)?.shown())
    }
}
