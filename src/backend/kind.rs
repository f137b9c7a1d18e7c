//! A kind of backend as the registry sees it: a name, what its instances create, and the two steps from a table to a backend.
//! Types only; a platform that starts servers by name needs just the trait of [`super::server_platform`].

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::facts::PlatformFacts;
use super::recorder::InstanceRecorder;
use super::requirement::Requirement;
use super::resources::{InstanceId, ResourceFinder};
use super::start_progress::StartProgress;
use super::{Backend, BackendError, Watch, Work};
use crate::config::{BackendTable, Diagnostics};
use crate::prediction::{Contract, Options};

/// The parameters behind the results of a backend that does not say: those that boileroom's models are published with.
pub(super) const WEIGHTS: &str = "published";

/// One kind of backend: a row of the table in `registry.rs`.
pub struct Kind {
    /// What `kind = "..."` says.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What starting one of its instances creates.
    pub creates: Creates,
    /// Reads the settings of a table of this kind.
    pub configure: Configure,
    /// The keys of its table, below `kind`, with which `hydrotest new backend` begins one: TOML with a comment to each key.
    pub template: &'static str,
    /// The command-line overrides it understands.
    pub overrides: &'static [Override],
    /// Which parameters stand behind its results, when it decides that itself.
    pub weights: Option<&'static str>,
    /// How many calls one of its instances works on at once, unless its table says otherwise.
    pub calls_per_instance: usize,
    /// Whether its instances run already, with the configuration in the backend's table: a case cannot choose another.
    pub is_preconfigured: bool,
    /// Whether its instances speak the model-server protocol.
    pub is_served: bool,
}

/// Reads the settings of a backend's table and reports everything wrong with it. Touches nothing outside.
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

/// What starting an instance creates, which the leak check and the life-cycle suite look at.
#[derive(Clone, Copy)]
pub enum Creates {
    /// Nothing: what answers was there before, so that there is no life cycle to test.
    Nothing,
    /// Objects in this process.
    Objects,
    /// Processes of this machine.
    Processes,
    /// Resources of a platform as well. The function opens their finder from the record that [`InstanceId::record`] wrote.
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
    /// When the model cannot run there at all, such as for want of an image.
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError>;

    /// Which of boileroom's own backends calls go through, such as `apptainer`, whose defects show then.
    fn through(&self) -> Option<String> {
        None
    }

    /// Why it cannot run a model with a configuration although nothing is wrong; cases that need it are skipped.
    fn unsupported(&self, contract: &Contract, config: &Options) -> Option<String> {
        let _ = (contract, config);
        None
    }

    /// Looks whether a run of these models can come to anything, before the first is started. Bounded in time.
    ///
    /// # Errors
    /// A mistake in the table that every case would meet.
    fn foresee<'a>(&'a self, models: &'a [Arc<Contract>]) -> Work<'a, ()> {
        let _ = models;
        Box::pin(async { Ok(()) })
    }

    /// What would be given to the platform to start a model, for a person to read, such as a batch script; `None` where there
    /// is no such thing. No secret is in it, and nothing is started.
    fn dry_run(&self, launch: &LaunchSpec) -> Option<Result<String, BackendError>> {
        let _ = launch;
        None
    }

    /// Looks whether everything it needs is there, without starting a model: tools, engine, versions, credentials, images,
    /// disk. One requirement for each thing that was checked, met ones too. Bounded in time.
    fn examine<'a>(&'a self, models: &'a [Arc<Contract>], overrides: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        let _ = (models, overrides);
        Box::pin(async { Vec::new() })
    }
}

/// What is to be started: one model, configured for one run.
#[derive(Debug, Clone)]
pub struct LaunchSpec {
    /// The model.
    pub contract: Arc<Contract>,
    /// Its configuration.
    pub config: Options,
    /// What the command line overrides.
    pub overrides: Overrides,
    /// Identifies it on everything that is created for it.
    pub instance: InstanceId,
    /// Where it is stated what the start is doing.
    pub progress: StartProgress,
    /// Where it is stated what the platform says of itself.
    pub facts: PlatformFacts,
    /// What keeps the raw responses, when they are to be kept.
    pub recorder: Option<InstanceRecorder>,
}

/// What the command line overrides for one run.
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
    /// The directory in which raw responses are kept.
    pub keep_responses: Option<PathBuf>,
}
