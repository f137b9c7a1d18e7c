//! Keeps recording and deleting apart: a recording writes its arrays before the snapshot that names them, and a deletion
//! what nothing names must not come between. Locks the directory itself, so that no file is left in a checkout.

use std::fs::{self, File, TryLockError};
use std::io;

use super::{Recording, SnapshotError, Store};

/// Held while recorded results may change; dropping it lets others go on.
#[derive(Debug)]
pub(crate) struct StoreLock {
    /// `None` where there is nothing to lock, or the file system has no locks.
    _directory: Option<File>,
}

impl Store {
    /// For as long as results may be recorded: many at once, and none while something is deleted.
    ///
    /// # Errors
    /// When the directory cannot be opened.
    pub(crate) fn lock_to_record(&self) -> Result<StoreLock, SnapshotError> {
        if self.recording() == Recording::Missing {
            fs::create_dir_all(self.root()).map_err(|error| SnapshotError::file(self.root(), error))?;
        }
        let directory = self.directory()?;
        // Deleting takes moments; a file system without locks is no reason not to run.
        let locked = directory.filter(|directory| directory.lock_shared().is_ok());
        Ok(StoreLock { _directory: locked })
    }

    /// For as long as something is accepted or deleted: alone.
    ///
    /// # Errors
    /// When a run is recording there, or the directory cannot be opened.
    pub(crate) fn lock_to_change(&self) -> Result<StoreLock, SnapshotError> {
        let Some(directory) = self.directory()? else {
            return Ok(StoreLock { _directory: None });
        };
        match directory.try_lock() {
            Ok(()) => Ok(StoreLock {
                _directory: Some(directory),
            }),
            Err(TryLockError::WouldBlock) => Err(SnapshotError::InUse {
                path: self.root().to_owned(),
            }),
            Err(TryLockError::Error(_)) => Ok(StoreLock { _directory: None }),
        }
    }

    fn directory(&self) -> Result<Option<File>, SnapshotError> {
        match File::open(self.root()) {
            Ok(directory) => Ok(Some(directory)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SnapshotError::file(self.root(), error)),
        }
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
