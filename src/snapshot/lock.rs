//! Locks that keep recording and deleting apart. A recording writes its arrays before the snapshot that names them, and no deletion of
//! unnamed arrays may happen in between. Locks the directory itself and creates no lock file in a checkout.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use super::{Recording, SnapshotError, Store};

/// A lock on recorded results, released when dropped.
#[derive(Debug)]
pub(crate) struct StoreLock {
    /// Empty if there is nothing to lock or the file system has no locks.
    _directories: Vec<File>,
}

impl Store {
    /// The lock for recording results. Many can hold it at once, but not while something is deleted.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub(crate) fn lock_to_record(&self) -> Result<StoreLock, SnapshotError> {
        if self.recording == Recording::Missing {
            make(&self.root)?;
        }
        let mut directories = Vec::from_iter(open(&self.root)?);
        if let Some(pending) = &self.pending {
            make(pending)?;
            directories.extend(open(pending)?);
        }
        // Deleting is quick, so a file system without locks is no reason not to run.
        directories.retain(|directory| directory.lock_shared().is_ok());
        Ok(StoreLock { _directories: directories })
    }

    /// The exclusive lock for accepting or deleting results.
    ///
    /// # Errors
    /// When a run is recording there, or the directory cannot be opened.
    pub(crate) fn lock_to_change(&self) -> Result<StoreLock, SnapshotError> {
        let mut directories = Vec::new();
        for path in std::iter::once(&self.root).chain(&self.pending) {
            let Some(directory) = open(path)? else { continue };
            match directory.try_lock() {
                Ok(()) => directories.push(directory),
                Err(TryLockError::WouldBlock) => return Err(SnapshotError::InUse { path: path.clone() }),
                Err(TryLockError::Error(_)) => {}
            }
        }
        Ok(StoreLock { _directories: directories })
    }
}

fn make(directory: &Path) -> Result<(), SnapshotError> {
    fs::create_dir_all(directory).map_err(|error| SnapshotError::file(directory, error))
}

fn open(directory: &Path) -> Result<Option<File>, SnapshotError> {
    match File::open(directory) {
        Ok(directory) => Ok(Some(directory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SnapshotError::file(directory, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_deleted_while_runs_record_and_runs_do_not_hinder_one_another() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::new(&home.path().join("snapshots"), Recording::Missing).unwrap();
        assert!(store.lock_to_change().is_ok(), "there is nothing yet");
        let (one, other) = (store.lock_to_record().unwrap(), store.lock_to_record().unwrap());
        assert!(matches!(store.lock_to_change(), Err(SnapshotError::InUse { .. })));
        drop(one);
        assert!(store.lock_to_change().is_err());
        drop(other);
        let _alone = store.lock_to_change().unwrap();
        assert!(store.lock_to_change().is_err());
    }
}
