//! The label of one instance, which every resource of the instance carries, and what its backend reports about its
//! exit. Creates nothing on a platform and does not check for leaks.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::run_directory::RunDirectory;
use super::{Resource, if_exists};
use crate::backend::remark::Remark;
use crate::backend::{BackendError, Fault, Stage, private};

/// The environment variable with the label, set for every process that is started for an instance.
pub(crate) const VARIABLE: &str = "HYDROTEST_INSTANCE";

/// Identifies one instance of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct InstanceId {
    pub(super) run: Arc<RunDirectory>,
    number: usize,
    observed: Arc<Mutex<Observed>>,
}

/// The reports of an instance's backend since the last leak check.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Whether it exited when it was asked to, so that it should have cleaned up.
    pub(super) orderly: bool,
    /// Found at its exit and removed since.
    pub(super) leaked: Vec<Resource>,
    /// Creations that were abandoned and may still be carried out.
    pub(super) abandoned: Vec<&'static str>,
    pub(super) remarks: Vec<Remark>,
}

impl InstanceId {
    /// The next instance of a run.
    pub(crate) fn next(run: &Arc<RunDirectory>) -> Self {
        Self { run: Arc::clone(run), number: run.count_instance(), observed: Arc::default() }
    }

    /// The label of the whole run: `hydrotest-` and sixteen hexadecimal digits, valid as the name of a container or a
    /// job.
    pub(crate) fn run_label(&self) -> &str {
        &self.run.name
    }

    /// The label of the instance: the run's label and a number, such as `hydrotest-5f0c…-3`.
    pub(crate) fn label(&self) -> String {
        format!("{}-{}", self.run.name, self.number)
    }

    /// The directory for the harness's own files of the instance, created on first use and removed after the stop.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn directory(&self) -> io::Result<PathBuf> {
        self.create(self.run.path.join(self.number.to_string()))
    }

    /// The directory for the temporary files of the instance's processes, removed with its content after the stop. Its
    /// name is short because the paths of sockets must be.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn temporary(&self) -> io::Result<PathBuf> {
        self.create(self.temporary_path())
    }

    pub(super) fn temporary_path(&self) -> PathBuf {
        self.run.path.join(format!("t{}", self.number))
    }

    fn create(&self, directory: PathBuf) -> io::Result<PathBuf> {
        self.run.begin()?;
        private::make_directory(&directory)?;
        Ok(directory)
    }

    pub(super) fn remove_directories(&self) -> io::Result<()> {
        let remove = |directory: PathBuf| if_exists(fs::remove_dir_all(directory)).map(drop);
        remove(self.temporary_path()).and(remove(self.run.path.join(self.number.to_string())))
    }

    /// Records that something is about to be created on a platform. The finder of `kind` is opened with `platform`,
    /// which says where to look, such as the address of an engine. It must not contain secrets.
    ///
    /// # Errors
    /// If it cannot be written. Nothing may be created then, because no later run could find it.
    pub(crate) fn record(&self, kind: &str, platform: &Value) -> Result<(), BackendError> {
        self.run.record(kind, platform).map_err(|error| unwritten(&error))
    }

    /// The platforms that the run has recorded so far.
    ///
    /// # Errors
    /// If a record cannot be read.
    pub(in crate::backend) fn platforms(&self) -> io::Result<Vec<(String, Value)>> {
        self.run.platforms()
    }

    /// Reports that the instance exited when it was asked to.
    pub(in crate::backend) fn exited_orderly(&self) {
        self.observed().orderly = true;
    }

    /// Reports the resources that were still there when the instance had exited.
    pub(in crate::backend) fn leaked(&self, resources: impl IntoIterator<Item = Resource>) {
        self.observed().leaked.extend(resources);
    }

    /// Reports something about the instance that is not a fault of its backend.
    pub(in crate::backend) fn remark(&self, remark: Remark) {
        self.observed().remarks.push(remark);
    }

    pub(super) fn abandoned(&self, what: &'static str) {
        self.observed().abandoned.push(what);
        self.run.keep();
    }

    /// Takes everything that was reported since the last call.
    pub(super) fn take_observed(&self) -> Observed {
        std::mem::take(&mut self.observed())
    }

    fn observed(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn unwritten(error: &io::Error) -> BackendError {
    BackendError::new(Stage::Launch, Fault::Internal, format!("the resources of the run cannot be recorded: {error}"))
}
