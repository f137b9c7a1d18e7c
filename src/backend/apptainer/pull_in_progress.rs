//! The directories of a pull before its result is in the cache. The instance's label in their names lets `clean` find
//! those of killed runs. Creates and removes directories; does not pull.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::backend::resources::{InstanceId, Resource, ResourceFinder, if_exists, is_labelled};
use crate::backend::{BackendError, Fault, Stage, Work};

/// The value of `kind`: whose records [`HalfPulls`] reads.
pub(super) const NAME: &str = "apptainer";

/// The prefix of the directories' names; the instance's label follows.
const PREFIX: &str = ".pull-";
/// The key of a record: the parents of the directories.
const DIRECTORIES: &str = "directories";
/// How often removing a directory is tried: a process that is being killed may still write to it.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The directories of one pull.
#[derive(Debug)]
pub(super) struct PullInProgress {
    /// The path of the SIF file. It is on the disk of the cache, so that the file can be moved there atomically.
    pub(super) sif: PathBuf,
    /// The directory in which layers are unpacked.
    pub(super) scratch: PathBuf,
    directories: [PathBuf; 2],
}

impl PullInProgress {
    /// Creates a directory beside the images, and one in the directory for temporary files if one is given.
    ///
    /// # Errors
    /// If they cannot be recorded or created.
    pub(super) fn new(images: &Path, temporary: Option<&Path>, instance: &InstanceId) -> io::Result<Self> {
        let [Ok(images), Ok(temporary)] = [images, temporary.unwrap_or(images)].map(std::path::absolute) else {
            return Err(io::Error::other("there is no working directory"));
        };
        let (Some(first), Some(second)) = (images.to_str(), temporary.to_str()) else {
            return Err(io::Error::other("the name of a directory for pulls is not UTF-8"));
        };
        let recorded = instance.record(NAME, &json!({ DIRECTORIES: [first, second] }));
        recorded.map_err(|error| io::Error::other(error.message))?;
        let name = format!("{PREFIX}{}", instance.label());
        let directories = [images.join(&name), temporary.join(&name)];
        let (sif, scratch) = (images.join(&name).join("image.sif"), temporary.join(&name).join("scratch"));
        fs::create_dir_all(images.join(&name))?;
        fs::create_dir_all(&scratch)?;
        Ok(Self { sif, scratch, directories })
    }

    pub(super) async fn remove(&self) -> io::Result<()> {
        for directory in &self.directories {
            remove(directory).await?;
        }
        Ok(())
    }
}

/// Finds and removes the directories of pulls.
pub(super) struct HalfPulls {
    places: Vec<PathBuf>,
}

impl HalfPulls {
    /// A finder for the recorded directories.
    ///
    /// # Errors
    /// If the record names none.
    pub(super) fn at(record: &Value) -> Result<Self, BackendError> {
        let places = serde_json::from_value(record[DIRECTORIES].clone())
            .map_err(|error| failed(format!("what it says of its directories is of no use: {error}")))?;
        Ok(Self { places })
    }
}

impl ResourceFinder for HalfPulls {
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for place in &self.places {
                let entries = if_exists(fs::read_dir(place));
                let entries = entries.map_err(|error| failed(format!("{}: {error}", place.display())))?;
                for path in entries.into_iter().flatten().flatten().map(|entry| entry.path()) {
                    let label = path.file_name().and_then(|name| name.to_str()?.strip_prefix(PREFIX));
                    let resource = Resource::new("half pull", path.to_string_lossy());
                    if label.is_some_and(|label| is_labelled(label, labels)) && !found.contains(&resource) {
                        found.push(resource);
                    }
                }
            }
            Ok(found)
        })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(async move {
            let removed = remove(Path::new(&resource.id)).await;
            removed.map_err(|error| failed(format!("{resource} cannot be removed: {error}")))
        })
    }
}

fn failed(message: String) -> BackendError {
    BackendError::new(Stage::Shutdown, Fault::Internal, message)
}

/// Removes a directory, even if directories that were unpacked in it are read-only.
async fn remove(directory: &Path) -> io::Result<()> {
    for _ in 0..ATTEMPTS {
        if if_exists(fs::remove_dir_all(directory)).is_ok() {
            return Ok(());
        }
        open_up(directory);
        tokio::time::sleep(PAUSE).await;
    }
    if_exists(fs::remove_dir_all(directory)).map(drop)
}

/// Makes all directories below writable. Errors show up when they are removed.
fn open_up(directory: &Path) {
    let _ = fs::set_permissions(directory, Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::backend::resources::RunDirectory;

    #[tokio::test]
    async fn the_directories_of_a_pull_are_found_by_its_label_and_removed() {
        let cache = tempfile::tempdir().unwrap();
        let instance = InstanceId::next(&Arc::new(RunDirectory::new()));
        let temporary = cache.path().join("tmp");
        let in_progress = PullInProgress::new(cache.path(), Some(&temporary), &instance).unwrap();
        fs::write(&in_progress.sif, "half").unwrap();
        let locked = in_progress.scratch.join("locked");
        fs::create_dir(&locked).unwrap();
        fs::write(locked.join("file"), "").unwrap();
        fs::set_permissions(&locked, Permissions::from_mode(0o500)).unwrap();
        fs::create_dir(cache.path().join(".pull-hydrotest-other-1")).unwrap();

        let finder = HalfPulls::at(&json!({ DIRECTORIES: [cache.path(), temporary] })).unwrap();
        for name in [instance.label().as_str(), instance.run_label()] {
            assert_eq!(finder.find(&[name.to_owned()]).await.unwrap().len(), 2);
        }
        for resource in finder.find(&[instance.label()]).await.unwrap() {
            finder.remove(&resource).await.unwrap();
        }
        assert!(finder.find(&[instance.run_label().to_owned()]).await.unwrap().is_empty());
        assert_eq!(finder.find(&["hydrotest-other".to_owned()]).await.unwrap().len(), 1);
        in_progress.remove().await.unwrap();
        assert!(HalfPulls::at(&json!({})).is_err());
    }

    #[tokio::test]
    async fn one_directory_is_enough() {
        let cache = tempfile::tempdir().unwrap();
        let instance = InstanceId::next(&Arc::new(RunDirectory::new()));
        let in_progress = PullInProgress::new(cache.path(), None, &instance).unwrap();
        assert!(in_progress.scratch.is_dir());
        let record = &instance.platforms().unwrap()[0].1;
        assert_eq!(HalfPulls::at(record).unwrap().find(&[instance.label()]).await.unwrap().len(), 1);
        in_progress.remove().await.unwrap();
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
