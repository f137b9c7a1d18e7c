//! The resources that a run creates outside of this process, and how they are found and removed. Decides no verdict and
//! knows no platform: the [`ResourceFinder`] of a kind does.
//!
//! Every instance has a label ([`InstanceId`]). It is in the environment of every process ([`VARIABLE`]), in the labels
//! of every container and in the name of every job. Nothing has to be recorded after it was created, so a run that is
//! killed between two steps leaves no gap: the next run, or `hydrotest clean`, asks the recorded platforms for the
//! label of the stale run.
//!
//! ```text
//! STATE/runs/RUN/lock              locked by the run, released by the system however the run ends; contains the host name
//!               /platforms/*.json  where the run may have created something: written before anything is created there
//!               /pending/*         creations that a platform was asked for and may still carry out when the run is gone
//!               /N/                files of the harness for instance N
//!               /tN/               temporary files of the processes of instance N
//! ```
//!
//! To see how a stop works, read `backend/instance.rs`, `leak_check.rs` and this file.

mod clean;
mod label;
mod leak_check;
mod pending;
mod processes;
mod run_directory;
mod stale;
mod temporary;

use std::fmt;
use std::io;

use serde_json::Value;

use super::Work;
use super::supervise::LeakedProcess;
use crate::os::{self, Pid};
use crate::wire::Secret;

pub use clean::Mode;
pub(crate) use clean::{CleanReport, clean};
pub(crate) use label::{InstanceId, VARIABLE};
pub(crate) use leak_check::{LeakGuard, LeakReport, StoppedFrom};
pub(crate) use processes::{Processes, processes_of};
pub(crate) use run_directory::RunDirectory;
pub(crate) use stale::{StaleRun, StaleRuns};

/// Finds and removes the resources that runs have created on one platform. Knows nothing of the runs except their
/// labels.
pub trait ResourceFinder: Send + Sync {
    /// Lists all resources whose label [belongs to](is_labelled) one of `labels`.
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>>;

    /// Removes a resource and returns once it is gone. It is no error if it is already gone.
    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()>;

    /// Freezes the resources of a label without ending them, and returns those it froze: none if the platform cannot freeze.
    fn freeze(&self, _label: &str) -> Vec<Resource> {
        Vec::new()
    }

    /// Resumes the frozen resources of a label.
    fn resume(&self, _label: &str) {}
}

/// Opens the finder of a kind for a platform, from the record that a run has written. The error says why there is none.
pub(crate) type OpenFinder = fn(kind: &str, platform: &Value) -> Result<Box<dyn ResourceFinder>, String>;

/// The `kind` of a resource that is a process.
const PROCESS: &str = "process";

/// Something that a run has created outside of this process. If it is still there after the stop of its instance, it is
/// a leak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `process`, `container`, `job`, …
    pub(crate) kind: &'static str,
    /// The number or identifier that its platform knows it by.
    pub(crate) id: String,
    /// Helps a reader recognise it: the command line, the image, the ports it listens on.
    pub(crate) detail: String,
    /// Whether its platform is ending it and needs no order. Then it is no leak.
    pub(crate) is_ending: bool,
}

impl Resource {
    /// A resource without detail.
    pub(crate) fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), detail: String::new(), is_ending: false }
    }

    /// This resource with a detail.
    pub(crate) fn with_detail(self, detail: String) -> Self {
        Self { detail, ..self }
    }

    /// A process of this machine.
    pub(in crate::backend) fn of_process(process: i32) -> Self {
        Self::new(PROCESS, process.to_string()).with_detail(os::describe(process, Secret::scrub_command))
    }

    /// Its process, if it is one.
    pub(in crate::backend) fn process(&self) -> Option<Pid> {
        if self.kind == PROCESS { self.id.parse().ok().and_then(Pid::from_raw) } else { None }
    }
}

impl From<LeakedProcess> for Resource {
    fn from(leaked: LeakedProcess) -> Self {
        Self::new(PROCESS, leaked.process.to_string()).with_detail(leaked.detail)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

/// Whether a label is one of `labels`, or belongs to an instance of a run among them: `RUN-7` belongs to `RUN`.
pub(crate) fn is_labelled(label: &str, labels: &[String]) -> bool {
    let mut rests = labels.iter().filter_map(|name| label.strip_prefix(name.as_str()));
    rests.any(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The result of a file operation; `None` if the file or directory does not exist.
pub(in crate::backend) fn if_exists<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_belongs_to_its_instance_and_its_run() {
        let belongs = |label: &str, to: &str| is_labelled(label, &["hydrotest-zz".to_owned(), to.to_owned()]);
        assert!(belongs("hydrotest-ab-1", "hydrotest-ab-1"));
        assert!(belongs("hydrotest-ab-1", "hydrotest-ab"));
        assert!(!belongs("hydrotest-ab-12", "hydrotest-ab-1"));
        assert!(!belongs("hydrotest-abc", "hydrotest-ab"));
    }
}
