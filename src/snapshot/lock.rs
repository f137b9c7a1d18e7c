//! Keeps recording and deleting apart: a recording writes its arrays before the snapshot that names them, and a deletion
//! what nothing names must not come between. Locks the directory itself, so that no file is left in a checkout.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use super::{Recording, SnapshotError, Store};

/// Held while recorded results may change; dropping it lets others go on.
#[derive(Debug)]
pub(crate) struct StoreLock {
    /// Empty where there is nothing to lock, or the file system has no locks.
    _directories: Vec<File>,
}

impl Store {
    /// For as long as results may be recorded: many at once, and none while something is deleted.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub(crate) fn lock_to_record(&self) -> Result<StoreLock, SnapshotError> {
        if self.recording() == Recording::Missing {
            make(self.root())?;
        }
        let mut directories = Vec::from_iter(open(self.root())?);
        if let Some(pending) = self.pending_directory() {
            make(pending)?;
            directories.extend(open(pending)?);
        }
        // Deleting takes moments; a file system without locks is no reason not to run.
        directories.retain(|directory| directory.lock_shared().is_ok());
        Ok(StoreLock { _directories: directories })
    }

    /// For as long as something is accepted or deleted: alone.
    ///
    /// # Errors
    /// When a run is recording there, or the directory cannot be opened.
    pub(crate) fn lock_to_change(&self) -> Result<StoreLock, SnapshotError> {
        let mut directories = Vec::new();
        for path in std::iter::once(self.root()).chain(self.pending_directory()) {
            let Some(directory) = open(path)? else { continue };
            match directory.try_lock() {
                Ok(()) => directories.push(directory),
                Err(TryLockError::WouldBlock) => return Err(SnapshotError::InUse { path: path.to_owned() }),
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
