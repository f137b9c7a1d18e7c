//! Finds the jobs of runs and their directories in the shared directory by their labels, and removes them. Does not
//! touch jobs with other names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::queue::Queue;
use super::tools::Tools;
use crate::backend::resources::{Resource, ResourceFinder, if_exists, is_labelled};
use crate::backend::{BackendError, Fault, Stage, Work};

/// The value of `kind`: whose records this finder reads.
pub(super) const NAME: &str = "slurm";

/// How long a cancelled job may take to disappear: a little less than `clean` allows.
const PATIENCE: Duration = Duration::from_secs(18);
/// The kinds of resources.
const JOB: &str = "job";
const DIRECTORY: &str = "directory";

/// The finder of one user's jobs on one cluster.
pub(super) struct SlurmFinder {
    queue: Queue,
    shared: Option<PathBuf>,
}

/// The record of a cluster: its `slurm.conf`, the user, and the directory that is shared with the nodes.
pub(super) fn record(conf: Option<&str>, user: u32, shared: Option<&Path>) -> Value {
    json!({ "conf": conf, "user": user, "shared_dir": shared.map(Path::to_string_lossy) })
}

impl SlurmFinder {
    /// The finder of a recorded cluster.
    ///
    /// # Errors
    /// If the record names no user.
    pub(super) fn new(record: &Value) -> Result<Self, BackendError> {
        let text = |key: &str| record.get(key).and_then(Value::as_str).map(str::to_owned);
        let user = record.get("user").and_then(Value::as_u64).and_then(|user| u32::try_from(user).ok());
        let user = user.ok_or_else(|| {
            BackendError::new(Stage::Shutdown, Fault::Internal, format!("whose jobs they are is not said in {record}"))
        })?;
        let queue = Queue { tools: Tools { conf: text("conf") }, user };
        Ok(Self { queue, shared: text("shared_dir").map(PathBuf::from) })
    }

    /// The directories of labels in the shared directory. It existed when the run began, so it is an error if it cannot
    /// be read.
    fn directories(&self, labels: &[String]) -> Result<Vec<Resource>, BackendError> {
        let Some(shared) = &self.shared else { return Ok(Vec::new()) };
        let entries = fs::read_dir(shared).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(|error| {
            let message = format!("`shared_dir` {} cannot be read: {error}", shared.display());
            BackendError::new(Stage::Shutdown, Fault::Unreachable, message)
        })?;
        let is_ours = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| is_labelled(name, labels));
        let ours = entries.into_iter().filter(is_ours);
        Ok(ours.map(|entry| Resource::new(DIRECTORY, entry.path().to_string_lossy())).collect())
    }
}

impl ResourceFinder for SlurmFinder {
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async {
            let jobs = self.queue.jobs(None).await.map_err(|error| error.during(Stage::Shutdown))?;
            let jobs = jobs.into_iter().filter(|job| !job.is_over() && is_labelled(&job.name, labels));
            let jobs = jobs.map(|job| {
                let (detail, is_ending) = (format!("{}, {}", job.name, job.describe()), job.is_completing());
                Resource { is_ending, ..Resource::new(JOB, job.id).with_detail(detail) }
            });
            Ok(jobs.chain(self.directories(labels)?).collect())
        })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(async move {
            if resource.kind == DIRECTORY {
                return if_exists(fs::remove_dir_all(&resource.id)).map(drop).map_err(|error| {
                    let message = format!("{resource} cannot be removed: {error}");
                    BackendError::new(Stage::Shutdown, Fault::Internal, message)
                });
            }
            let jobs = self.queue.jobs(None).await.map_err(|error| error.during(Stage::Shutdown))?;
            match jobs.into_iter().find(|job| job.id == resource.id) {
                Some(job) => self.queue.clear(&job.name, Instant::now() + PATIENCE).await.map(drop),
                None => Ok(()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn directories_of_a_name_are_found_and_removed_and_no_others() {
        let shared = tempfile::tempdir().unwrap();
        for name in ["hydrotest-ab-1", "hydrotest-ab-2", "hydrotest-abc-1", "mine"] {
            fs::create_dir_all(shared.path().join(name).join("1")).unwrap();
        }
        let finder = SlurmFinder::new(&record(None, 0, Some(shared.path()))).unwrap();
        let found = finder.directories(&["hydrotest-ab".to_owned()]).unwrap();
        assert_eq!(found.len(), 2);
        for resource in &found {
            finder.remove(resource).await.unwrap();
        }
        assert!(finder.directories(&["hydrotest-ab".to_owned()]).unwrap().is_empty());
        assert_eq!(fs::read_dir(shared.path()).unwrap().count(), 2);
        assert!(SlurmFinder::new(&json!({})).is_err());
    }
}
