//! The kind `apptainer`: runs a model server in a container of Apptainer or Singularity on this machine. Pulls missing
//! images into boileroom's cache of SIF files; does not build images.

mod cache;
mod doctor;
mod failure;
mod launcher;
mod pull_in_progress;
mod settings;
mod sif;
mod tool;

use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::requirement::Requirement;
use super::served::Served;
use super::{Backend, BackendError, Watch};
use crate::config::{BackendTable, Diagnostics};
use crate::prediction::Contract;

use launcher::ApptainerLauncher;
use pull_in_progress::{HalfPulls, NAME};
use settings::ApptainerSettings;

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    is_served: true,
    overrides: &[Override::Tag, Override::Device, Override::DockerUser, Override::KeepResponses],
    template: r#"# The directory that holds the package `boileroom`, whose server runs in the container.
source = "${BOILEROOM_SOURCE}"
# Which images: an account on Docker Hub or any registry, and the version that they are tagged with.
# repository = "docker.io/jakublala"
# tag = "0.4.1"
# Where SIF files are kept [default: MODEL_DIR, else ~/.cache/boileroom], and weights [default: MODEL_DIR].
# cache = "/scratch/boileroom"
# model_dir = "/scratch/boileroom"
# `cuda:N` gives the container NVIDIA's drivers; `gpu` says otherwise: "none", "nvidia" or "rocm".
# device = "cuda:0"
# gpu = "rocm"
# The first pull of an image counts as well.
# start_timeout = "30m"
"#,
    ..Kind::new(
        NAME,
        "a model server in a container of Apptainer or Singularity on this machine",
        Creates::Resources(|record| Ok(Box::new(HalfPulls::at(record)?))),
        configure,
    )
};

#[expect(clippy::unnecessary_wraps, reason = "other kinds have settings without which there is nothing")]
fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    Some(Arc::new(Apptainer(Arc::new(ApptainerSettings::read(table, diagnostics)))))
}

struct Apptainer(Arc<ApptainerSettings>);

impl Settings for Apptainer {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        let image = self.0.images.name(&launch.contract, &launch.overrides)?;
        // The port is only known at launch; all other mistakes are found now.
        self.0.fill(&launch.contract, 0)?;
        let launch = launch.on_device(Some(&self.0.device));
        Ok(Box::new(Served::new(ApptainerLauncher::new(Arc::clone(&self.0), image), launch, self.0.served, None)))
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(self.0.examine(models, overrides))
    }
}

#[cfg(test)]
mod tests;
