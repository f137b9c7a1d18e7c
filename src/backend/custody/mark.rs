//! The name of a run and of each of its instances, as it is written on everything made for them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::run::Run;

/// The variable in the environment of everything that is started: the name of the instance.
pub const VARIABLE: &str = "HYDROTEST_INSTANCE";

/// The mark of one instance. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mark {
    run: Arc<Run>,
    instance: usize,
}

impl Mark {
    pub(super) const fn new(run: Arc<Run>, instance: usize) -> Self {
        Self { run, instance }
    }

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

    /// A directory for the instance alone, made when it is first asked for. It goes when the instance has stopped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn directory(&self) -> io::Result<PathBuf> {
        self.run.begin()?;
        let directory = self.run.directory().join(self.instance.to_string());
        fs::create_dir_all(&directory)?;
        Ok(directory)
    }

    /// Removes the directory with all that is in it.
    pub(in crate::backend) fn remove_directory(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.run.directory().join(self.instance.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Writes down that something is about to be made on a platform: `kind` is the row of the registry whose steward finds
    /// it again with `reach`, which says where to look, such as the address of an engine. No secret belongs in it.
    ///
    /// # Errors
    /// When it cannot be written: then nothing may be made, because nobody could find it.
    pub fn declare(&self, kind: &str, reach: &serde_json::Value) -> io::Result<()> {
        self.run.declare(kind, reach)
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
