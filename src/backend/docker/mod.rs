//! The kind `docker`: runs a model's image as a container of a Docker engine, or of Podman, which has the same API. Finds the engine, pulls
//! the image, publishes the server's port on loopback, watches the container and removes it.

mod container;
mod credentials;
mod engine;
mod examine;
mod finder;
mod host;
mod launcher;
mod pull;
mod settings;
mod spec;
mod watch;

use std::sync::Arc;

use super::kind::{Creates, Kind, LaunchSpec, Override, Overrides, Settings};
use super::requirement::Requirement;
use super::served::Served;
use super::{Backend, BackendError, Watch};
use crate::config::{BackendTable, Diagnostics};
use crate::prediction::Contract;

use finder::NAME;
use launcher::DockerLauncher;
use settings::DockerSettings;

/// The row of this kind.
pub(crate) const KIND: Kind = Kind {
    is_served: true,
    overrides: &[Override::Tag, Override::Device, Override::DockerUser, Override::KeepResponses],
    template: r#"# Where the images are: `docker.io/jakublala` with the version of boileroom as the tag, unless you say otherwise.
# repository = "docker.io/jakublala"
# tag = "cuda12.6-0.4.1"
# pull = "missing"               # or "always", "never"
# Your checkout of boileroom, which its images do not hold; it is mounted read-only.
source = "${BOILEROOM_SOURCE}"
# Where weights are kept between runs.
# model_dir = "${HOME}/.cache/boileroom"
# device = "cuda:0"
# gpus = "all"
# memory = "24g"
# shm = "2g"
# host = "unix:///var/run/docker.sock"
start_timeout = "30m"            # pulling an image and loading weights take their time
"#,
    ..Kind::new(NAME, "a container of a Docker engine or of Podman", Creates::Resources(finder::open), configure)
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every kind; this one has no required key")]
fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    Some(Arc::new(Docker(Arc::new(DockerSettings::read(table, diagnostics)))))
}

struct Docker(Arc<DockerSettings>);

impl Settings for Docker {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        let launch = launch.on_device(self.0.device.as_deref());
        let spec = self.0.fill(&launch.contract, &launch.overrides)?;
        let launcher = DockerLauncher::new(Arc::clone(&self.0), spec);
        Ok(Box::new(Served::new(launcher, launch, self.0.served, None)))
    }

    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(examine::examine(&self.0, models, overrides))
    }
}

#[cfg(test)]
mod tests;
