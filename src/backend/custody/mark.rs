//! The name of a run and of each of its instances, as it is written on everything made for them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::run::Run;
use super::steward::Leftover;
use super::temporary::TemporaryFiles;
use crate::backend::remark::Remark;
use crate::backend::{BackendError, Fault, Stage, private};

/// The variable in the environment of everything that is started: the name of the instance.
pub const VARIABLE: &str = "HYDROTEST_INSTANCE";

/// The mark of one instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mark {
    run: Arc<Run>,
    instance: usize,
    end: Arc<Mutex<End>>,
}

/// What its backend has seen of the end of an instance.
#[derive(Debug, Default)]
pub(in crate::backend) struct End {
    /// It ended as it should when it was asked to: so everything of it should have gone.
    pub(in crate::backend) orderly: bool,
    /// What was still there then; nothing of it is left by now.
    pub(in crate::backend) outlived: Vec<Leftover>,
    /// What was asked for and given up, so that it may still come to be.
    pub(in crate::backend) given_up: Vec<&'static str>,
    /// What is worth knowing of it and no fault.
    pub(in crate::backend) remarks: Vec<Remark>,
}

/// Nothing may be made that nobody could find.
pub(super) fn unwritten(error: &io::Error) -> BackendError {
    let message = format!("what a run makes cannot be written down: {error}");
    BackendError::new(Stage::Launch, Fault::Internal, message)
}

impl Run {
    /// The mark of its next instance.
    #[must_use]
    pub fn mark(self: &Arc<Self>) -> Mark {
        Mark {
            run: Arc::clone(self),
            instance: self.count_instance(),
            end: Arc::default(),
        }
    }
}

impl Mark {
    /// The name of the run, `hydrotest-` and sixteen letters and digits: fit for a label, a container or a job.
    #[must_use]
    pub fn run_name(&self) -> &str {
        self.run.name()
    }

    /// The name of the instance: the run's and a number, such as `hydrotest-5f0c…-3`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}-{}", self.run.name(), self.instance)
    }

    /// A directory for what the harness itself keeps of the instance, made when it is first asked for. It goes when the
    /// instance has stopped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn directory(&self) -> io::Result<PathBuf> {
        self.make(&self.instance.to_string())
    }

    /// A directory for the temporary files of what is started for the instance. It goes with the other one, with whatever is
    /// in it. Its name is short, because sockets in it may not have long ones.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary(&self) -> io::Result<PathBuf> {
        self.make(&self.temporary_name())
    }

    fn temporary_name(&self) -> String {
        format!("t{}", self.instance)
    }

    fn make(&self, name: &str) -> io::Result<PathBuf> {
        self.run.begin()?;
        let directory = self.run.directory().join(name);
        private::make_directory(&directory)?;
        Ok(directory)
    }

    /// What is in the directory for temporary files.
    pub(in crate::backend) fn temporary_files(&self) -> io::Result<Option<TemporaryFiles>> {
        TemporaryFiles::in_directory(&self.run.directory().join(self.temporary_name()))
    }

    /// Removes its directories with all that is in them.
    pub(in crate::backend) fn remove_directory(&self) -> io::Result<()> {
        let remove = |name: String| match fs::remove_dir_all(self.run.directory().join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        remove(self.temporary_name()).and(remove(self.instance.to_string()))
    }

    /// Says that the instance ended as it should when it was asked to.
    pub(in crate::backend) fn ended_orderly(&self) {
        self.end().orderly = true;
    }

    /// Says what was still there when it had ended.
    pub(in crate::backend) fn outlived(&self, left: impl IntoIterator<Item = Leftover>) {
        self.end().outlived.extend(left);
    }

    /// Says what is worth knowing of the instance and no fault of its backend.
    pub(in crate::backend) fn remark(&self, remark: Remark) {
        self.end().remarks.push(remark);
    }

    pub(super) fn given_up(&self, what: &'static str) {
        self.end().given_up.push(what);
        self.keep_for_a_sweep();
    }

    /// What was said of its end since this was last asked.
    pub(in crate::backend) fn take_end(&self) -> End {
        std::mem::take(&mut self.end())
    }

    fn end(&self) -> std::sync::MutexGuard<'_, End> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run that the instance belongs to.
    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    /// Writes down that something is about to be made on a platform: `kind` is the row of the registry whose steward finds
    /// it again with `reach`, which says where to look, such as the address of an engine. No secret belongs in it.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be made, because nobody could find it.
    pub fn declare(&self, kind: &str, reach: &serde_json::Value) -> Result<(), BackendError> {
        self.run.declare(kind, reach).map_err(|error| unwritten(&error))
    }

    /// Says that something of the run may still be on a platform: the next sweep looks for it, as if the run had been killed.
    pub(in crate::backend) fn keep_for_a_sweep(&self) {
        self.run.keep();
    }

    /// What the run has declared so far.
    pub(in crate::backend) fn reaches(&self) -> Vec<(String, serde_json::Value)> {
        self.run.declared()
    }
}
