//! The label of one instance, which everything created for the instance carries, and what its backend reports about its exit.
//! Creates nothing on a platform and checks for no leaks.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Resource;
use super::run_directory::RunDirectory;
use super::temporary::TemporaryFiles;
use crate::backend::remark::Remark;
use crate::backend::{BackendError, Fault, Stage, private};

/// The variable that holds the label in the environment of every process that is started for an instance.
pub(crate) const VARIABLE: &str = "HYDROTEST_INSTANCE";

/// Identifies one instance of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct InstanceId {
    run: Arc<RunDirectory>,
    number: usize,
    observed: Arc<Mutex<Observed>>,
}

/// What the backend of an instance has reported since the last leak check.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Whether it exited as it was asked to, so that it should have cleaned up after itself.
    pub(super) orderly: bool,
    /// Found at that moment and removed since.
    pub(super) leaked: Vec<Resource>,
    /// Creations that were abandoned, so that they may still be carried out.
    pub(super) abandoned: Vec<&'static str>,
    pub(super) remarks: Vec<Remark>,
}

impl InstanceId {
    /// The next instance of a run.
    pub(crate) fn next(run: &Arc<RunDirectory>) -> Self {
        Self { run: Arc::clone(run), number: run.count_instance(), observed: Arc::default() }
    }

    /// The label of the whole run, `hydrotest-` and sixteen letters and digits: fit for a label, a container or a job.
    pub(crate) fn run_label(&self) -> &str {
        self.run.name()
    }

    /// The label of the instance: the run's and a number, such as `hydrotest-5f0c…-3`.
    pub(crate) fn label(&self) -> String {
        format!("{}-{}", self.run.name(), self.number)
    }

    /// A directory for what the harness itself keeps of the instance, created on first use and removed after the stop.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn directory(&self) -> io::Result<PathBuf> {
        self.create(&self.number.to_string())
    }

    /// A directory for the temporary files of what is started for the instance, removed after the stop with all that is in it.
    /// Its name is short, because sockets in it may not have long ones.
    ///
    /// # Errors
    /// When it cannot be created.
    pub(crate) fn temporary(&self) -> io::Result<PathBuf> {
        self.create(&self.temporary_name())
    }

    fn temporary_name(&self) -> String {
        format!("t{}", self.number)
    }

    fn create(&self, name: &str) -> io::Result<PathBuf> {
        self.run.begin()?;
        let directory = self.run.path().join(name);
        private::make_directory(&directory)?;
        Ok(directory)
    }

    pub(super) fn temporary_files(&self) -> io::Result<Option<TemporaryFiles>> {
        TemporaryFiles::in_directory(&self.run.path().join(self.temporary_name()))
    }

    pub(super) fn remove_directories(&self) -> io::Result<()> {
        let remove = |name: String| match fs::remove_dir_all(self.run.path().join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        remove(self.temporary_name()).and(remove(self.number.to_string()))
    }

    /// Records that something is about to be created on a platform. The finder of `kind` is opened with `platform`, which says
    /// where to look, such as the address of an engine. No secret belongs in it.
    ///
    /// # Errors
    /// When it cannot be written. Nothing may be created then, because no later run could find it.
    pub(crate) fn record(&self, kind: &str, platform: &Value) -> Result<(), BackendError> {
        self.run.record(kind, platform).map_err(|error| unwritten(&error))
    }

    /// The platforms that the run has recorded so far.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub(in crate::backend) fn platforms(&self) -> io::Result<Vec<(String, Value)>> {
        self.run.platforms()
    }

    /// Keeps the directory of the run when it ends: something may still be on a platform, and `clean` has to look for it.
    pub(in crate::backend) fn keep_run(&self) {
        self.run.keep();
    }

    pub(super) fn run(&self) -> &RunDirectory {
        &self.run
    }

    /// Reports that the instance exited as it was asked to.
    pub(in crate::backend) fn exited_orderly(&self) {
        self.observed().orderly = true;
    }

    /// Reports what was still there when the instance had exited.
    pub(in crate::backend) fn leaked(&self, resources: impl IntoIterator<Item = Resource>) {
        self.observed().leaked.extend(resources);
    }

    /// Reports what is worth knowing of the instance and no fault of its backend.
    pub(in crate::backend) fn remark(&self, remark: Remark) {
        self.observed().remarks.push(remark);
    }

    pub(super) fn abandoned(&self, what: &'static str) {
        self.observed().abandoned.push(what);
        self.keep_run();
    }

    /// Everything reported since this was last asked.
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
