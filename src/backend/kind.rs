//! The types of a kind of backend: its name, what its instances create, and the two steps from a table to a backend. Types and
//! defaults only. A platform that starts servers by name only needs to implement the trait of [`super::server_platform`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::facts::PlatformFacts;
use super::recorder::InstanceRecorder;
use super::requirement::Requirement;
use super::resources::{InstanceId, ResourceFinder};
use super::start_progress::StartProgress;
use super::{Backend, BackendError, Watch, Work};
use crate::config::{BackendTable, Diagnostics};
use crate::prediction::{Contract, Options};

/// The weights of a backend whose table does not name any: those with which boileroom's models are published.
pub(super) const WEIGHTS: &str = "published";
/// How long an instance may take to become ready if its backend does not say: as long as boileroom waits.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(300);

/// One kind of backend: a row of the table in `registry.rs`.
pub struct Kind {
    /// The value of `kind = "..."`.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What starting one of its instances creates.
    pub creates: Creates,
    /// Reads the settings of a table of this kind.
    pub configure: Configure,
    /// The keys of a new table below `kind`, for `hydrotest new backend`: TOML with a comment for each key.
    pub template: &'static str,
    /// The command-line overrides that it accepts.
    pub overrides: &'static [Override],
    /// The weights of its results, if the kind decides that itself.
    pub weights: Option<&'static str>,
    /// How many calls one of its instances works on at once, unless its table says otherwise.
    pub calls_per_instance: usize,
    /// Whether its instances run already, with the configuration in the backend's table. A case cannot choose another.
    pub is_preconfigured: bool,
    /// Whether its instances speak the model-server protocol.
    pub is_served: bool,
}

/// Reads the settings of a backend's table and reports every mistake. Must not access anything outside.
pub type Configure = fn(&BackendTable, &mut Diagnostics) -> Option<Arc<dyn Settings>>;

impl Kind {
    /// A kind without overrides and without a template, whose instances take one call at a time.
    #[must_use]
    pub const fn new(name: &'static str, summary: &'static str, creates: Creates, configure: Configure) -> Self {
        Self {
            name,
            summary,
            creates,
            configure,
            template: "",
            overrides: &[],
            weights: None,
            calls_per_instance: 1,
            is_preconfigured: false,
            is_served: false,
        }
    }
}

/// What starting an instance creates. The leak check and the life-cycle suite depend on it.
#[derive(Clone, Copy)]
pub enum Creates {
    /// Nothing: the server runs already, so there is no life cycle to test.
    Nothing,
    /// Objects in this process.
    Objects,
    /// Processes of this machine.
    Processes,
    /// Processes and resources of a platform. The function opens their finder from the record that [`InstanceId::record`] wrote.
    Resources(fn(&Value) -> Result<Box<dyn ResourceFinder>, BackendError>),
}

/// A setting that the command line may give for one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    /// The tag in `NAME:TAG`, or `--image-tag`.
    Tag,
    /// `--device`.
    Device,
    /// `--gpu`.
    Gpu,
    /// `--docker-user`.
    DockerUser,
    /// `--keep-responses`.
    KeepResponses,
}

/// The validated settings of one declared backend.
pub trait Settings: Send + Sync {
    /// Makes a backend for one model without starting anything.
    ///
    /// # Errors
    /// If the model cannot run there at all, for example because there is no image.
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError>;

    /// Which of boileroom's own backends the calls go through, such as `apptainer`. The known defects of that backend apply.
    fn through(&self) -> Option<String> {
        None
    }

    /// Why it cannot run a model with a configuration although nothing is wrong. Cases that need the configuration are skipped.
    fn unsupported(&self, _contract: &Contract, _config: &Options) -> Option<String> {
        None
    }

    /// Checks, before the first start, whether a run of these models can succeed at all. Bounded in time.
    ///
    /// # Errors
    /// A mistake in the table that every case would meet.
    fn foresee<'a>(&'a self, _models: &'a [Arc<Contract>]) -> Work<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    /// What the platform would be given to start a model, such as a batch script, for a reader. Returns `None` if there is no such
    /// text. Contains no secret and starts nothing.
    fn dry_run(&self, _launch: &LaunchSpec) -> Option<Result<String, BackendError>> {
        None
    }

    /// Checks tools, engine, versions, credentials, images and disk without starting a model. Returns one requirement for each
    /// check, also for requirements that are met. Bounded in time.
    fn examine<'a>(&'a self, _models: &'a [Arc<Contract>], _overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(async { Vec::new() })
    }
}

/// What to start: one model, configured for one run.
#[derive(Debug, Clone)]
pub struct LaunchSpec {
    /// The model.
    pub contract: Arc<Contract>,
    /// Its configuration.
    pub config: Options,
    /// The overrides of the command line.
    pub overrides: Overrides,
    /// Labels everything that is created for the instance.
    pub instance: InstanceId,
    /// Receives the current step of the start.
    pub progress: StartProgress,
    /// Receives facts about the platform.
    pub facts: PlatformFacts,
    /// Keeps the raw responses, if they are to be kept.
    pub recorder: Option<InstanceRecorder>,
}

/// The overrides of the command line for one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The tag of images.
    pub tag: Option<String>,
    /// The device that models run on, such as `cuda:0`.
    pub device: Option<String>,
    /// The class of GPU to ask the platform for, such as `A10G`.
    pub gpu: Option<String>,
    /// The account that images come from.
    pub docker_user: Option<String>,
    /// The directory for raw responses.
    pub keep_responses: Option<PathBuf>,
}
