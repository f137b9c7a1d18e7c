//! Stale runs: runs that were killed, or could not make sure that all their resources are gone. Locks each for one
//! `clean` at a time; removes no resources.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::if_exists;
use super::run_directory::{LOCK, is_name, runs};
use crate::backend::private;
use crate::os;

/// Bytes that are read of a host name.
const LONGEST_HOST: u64 = 256;

/// The stale runs in the state directory.
#[derive(Debug, Default)]
pub(crate) struct StaleRuns {
    /// The runs that were acquired.
    pub(crate) runs: Vec<StaleRun>,
    /// The runs that could not be acquired, with the reason.
    pub(crate) refused: Vec<String>,
}

/// A stale run. No other process can acquire it while this is held.
#[derive(Debug)]
pub(crate) struct StaleRun {
    pub(super) name: String,
    pub(super) directory: PathBuf,
    _lock: File,
}

impl StaleRuns {
    /// Acquires all stale runs.
    ///
    /// # Errors
    /// If the directory of runs cannot be read. If it does not exist, there are no stale runs.
    pub(crate) fn acquire() -> io::Result<Self> {
        Self::acquire_in(&runs())
            .map_err(|error| io::Error::new(error.kind(), format!("{} cannot be read: {error}", runs().display())))
    }

    fn acquire_in(runs: &Path) -> io::Result<Self> {
        let mut stale = Self::default();
        if if_exists(private::check_owner(runs))?.is_none() {
            return Ok(stale);
        }
        for (name, directory) in directories(runs)? {
            match StaleRun::acquire(&name, &directory) {
                Ok(run) => stale.runs.extend(run),
                Err(why) => stale.refused.push(format!("{name} {why}")),
            }
        }
        Ok(stale)
    }
}

impl StaleRun {
    /// Returns `None` if the run is alive or has no lock. The error says why it cannot be acquired.
    fn acquire(name: &str, directory: &Path) -> Result<Option<Self>, String> {
        let closed = |error: io::Error| format!("cannot be opened: {error}");
        // A link or a pipe is not a lock of ours. Over NFS only a file that is open for writing can be locked
        // exclusively.
        let Some(lock) = if_exists(os::open_plain_file(&directory.join(LOCK))).map_err(closed)? else {
            return Ok(None);
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(closed(error)),
        }
        let mut host = String::new();
        (&lock).take(LONGEST_HOST).read_to_string(&mut host).map_err(closed)?;
        if host.is_empty() || host == os::host_name() {
            return Ok(Some(Self { name: name.to_owned(), directory: directory.to_owned(), _lock: lock }));
        }
        // Neither its processes and sockets nor, reliably, its locks are visible from here.
        Err(format!(
            "ran on {host}, where `hydrotest clean` finds what it left; when that machine is gone for good, remove {}",
            directory.display()
        ))
    }

    /// Removes the empty directories of runs that were killed before they locked them or while removing them. Such runs
    /// have created nothing.
    pub(super) fn remove_unlocked() {
        for (_, directory) in directories(&runs()).unwrap_or_default() {
            if !directory.join(LOCK).exists() {
                // Fails if the directory is not empty; a live run creates its directory again.
                let _ = fs::remove_dir(directory);
            }
        }
    }
}

/// The directories of runs with their names, without links and files.
fn directories(runs: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in if_exists(fs::read_dir(runs))?.into_iter().flatten() {
        let entry = entry?;
        let Some(name) = entry.file_name().into_string().ok().filter(|name| is_name(name)) else {
            continue;
        };
        if if_exists(entry.file_type())?.is_some_and(|kind| kind.is_dir()) {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const NAME: &str = "hydrotest-0123456789abcdef";

    #[test]
    fn only_a_directory_with_the_name_of_a_run_is_one() {
        let home = tempfile::tempdir().unwrap();
        let runs = home.path().join("runs");
        assert!(StaleRuns::acquire_in(&runs).unwrap().runs.is_empty());
        for name in [NAME, "hydrotest", "hydrotest-0123456789abcdef-1", "mine"] {
            fs::create_dir_all(runs.join(name)).unwrap();
            File::create(runs.join(name).join(LOCK)).unwrap();
        }
        symlink(runs.join("mine"), runs.join("hydrotest-00000000000000aa")).unwrap();
        let stale = StaleRuns::acquire_in(&runs).unwrap();
        let names: Vec<&str> = stale.runs.iter().map(|run| run.name.as_str()).collect();
        assert_eq!((names, stale.refused.len()), (vec![NAME], 0));
    }

    #[test]
    fn a_run_that_cannot_be_read_is_an_error_and_not_nothing() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        File::create(&file).unwrap();
        assert!(StaleRuns::acquire_in(&file).is_err());
        fs::create_dir(home.path().join(NAME)).unwrap();
        symlink(&file, home.path().join(NAME).join(LOCK)).unwrap();
        let stale = StaleRuns::acquire_in(home.path()).unwrap();
        assert!(stale.runs.is_empty() && stale.refused[0].starts_with(&format!("{NAME} cannot be opened")));
    }

    #[test]
    fn a_run_of_another_machine_is_not_acquired() {
        let runs = tempfile::tempdir().unwrap();
        fs::create_dir(runs.path().join(NAME)).unwrap();
        let lock = runs.path().join(NAME).join(LOCK);
        fs::write(&lock, "another-machine").unwrap();
        let stale = StaleRuns::acquire_in(runs.path()).unwrap();
        assert!(stale.runs.is_empty());
        assert!(stale.refused[0].contains("ran on another-machine, where `hydrotest clean`"), "{:?}", stale.refused);
        fs::write(&lock, os::host_name()).unwrap();
        assert_eq!(StaleRuns::acquire_in(runs.path()).unwrap().runs.len(), 1);
    }
}
