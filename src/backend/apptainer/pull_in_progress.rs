//! Where a pull works before its result is put into the cache: directories with the instance's name on them, so that those of
//! a killed run are found and removed. Makes and removes directories; pulls nothing.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::backend::resources::{InstanceId, Resource, ResourceFinder, is_labelled};
use crate::backend::{BackendError, Fault, Stage, Work};

/// What the names of the directories begin with; the instance's name follows.
const PREFIX: &str = ".pull-";
/// The key of a record: the directories in which they may be.
const DIRECTORIES: &str = "directories";
/// How often removing a directory is tried while a process that is being ended still writes to it.
const ATTEMPTS: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// The directories of one pull.
#[derive(Debug)]
pub(super) struct PullInProgress {
    /// Where the SIF file is to be written: on the disk of the cache, so that it can be moved into it in one step.
    pub(super) sif: PathBuf,
    /// Where layers are unpacked.
    pub(super) scratch: PathBuf,
    directories: [PathBuf; 2],
}

impl PullInProgress {
    /// Makes the directories: one in that of the images and one in that for temporary files, if there is one.
    ///
    /// # Errors
    /// When they cannot be made, or not be written down.
    pub(super) fn new(
        kind: &str,
        images: &Path,
        temporary: Option<PathBuf>,
        instance: &InstanceId,
    ) -> io::Result<Self> {
        let places = [images.to_owned(), temporary.unwrap_or_else(|| images.to_owned())].map(std::path::absolute);
        let [Ok(images), Ok(temporary)] = places else {
            return Err(io::Error::other("there is no working directory"));
        };
        let places = [images, temporary];
        let [Some(first), Some(second)] = places.each_ref().map(|place| place.to_str()) else {
            return Err(io::Error::other("the name of a directory for pulls is not UTF-8"));
        };
        let recorded = instance.record(kind, &json!({ DIRECTORIES: [first, second] }));
        recorded.map_err(|error| io::Error::other(error.message))?;
        let directories = places.map(|place| place.join(format!("{PREFIX}{}", instance.label())));
        let [sif, scratch] = &directories;
        let in_progress = Self { sif: sif.join("image.sif"), scratch: scratch.join("scratch"), directories };
        fs::create_dir_all(sif_directory(&in_progress.sif))?;
        fs::create_dir_all(&in_progress.scratch)?;
        Ok(in_progress)
    }

    /// Removes everything.
    pub(super) async fn remove(&self) -> io::Result<()> {
        for directory in &self.directories {
            remove(directory).await?;
        }
        Ok(())
    }
}

fn sif_directory(sif: &Path) -> &Path {
    sif.parent().unwrap_or(sif)
}

/// Finds and removes the directories of pulls.
pub(super) struct HalfPulls {
    places: Vec<PathBuf>,
}

impl HalfPulls {
    /// In the recorded directories.
    ///
    /// # Errors
    /// When the record names none.
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
                let entries = match fs::read_dir(place) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    entries => entries.map_err(|error| failed(format!("{}: {error}", place.display())))?,
                };
                let pulls = entries.flatten().map(|entry| entry.path()).filter(|path| {
                    let label = path.file_name().and_then(|name| name.to_str()?.strip_prefix(PREFIX));
                    label.is_some_and(|label| is_labelled(label, labels))
                });
                for path in pulls {
                    let id = path.to_string_lossy().into_owned();
                    if !found.iter().any(|known: &Resource| known.id == id) {
                        found.push(Resource::new("half pull", id));
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

/// Removes a directory, also one with unpacked directories in it that may not be written to.
async fn remove(directory: &Path) -> io::Result<()> {
    let mut attempt = 0;
    loop {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if attempt < ATTEMPTS => {
                attempt += 1;
                open_up(directory);
                tokio::time::sleep(PAUSE).await;
            }
            removed => return removed,
        }
    }
}

/// Gives back the right to remove what is in the directories below. What cannot be changed shows when it is removed.
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
        let in_progress = PullInProgress::new("apptainer", cache.path(), Some(temporary.clone()), &instance).unwrap();
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
        let in_progress = PullInProgress::new("apptainer", cache.path(), None, &instance).unwrap();
        assert!(in_progress.scratch.is_dir());
        let record = &instance.platforms().unwrap()[0].1;
        assert_eq!(HalfPulls::at(record).unwrap().find(&[instance.label()]).await.unwrap().len(), 1);
        in_progress.remove().await.unwrap();
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
