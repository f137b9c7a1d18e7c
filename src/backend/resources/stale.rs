//! The runs that ended without cleaning up: they were killed, or could not make sure that everything is gone. Locks each of
//! them for one `clean` at a time; removes nothing but their directories.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::pending;
use super::run_directory::{self, LOCK, is_name, runs};
use crate::backend::private;
use crate::os;

/// Bytes of the name of a machine that are read.
const LONGEST_HOST: u64 = 256;

/// The stale runs in the state directory.
#[derive(Debug, Default)]
pub(crate) struct StaleRuns {
    /// Those that were acquired.
    pub(crate) runs: Vec<StaleRun>,
    /// Those that could not be, with the reason.
    pub(crate) refused: Vec<String>,
}

/// A stale run. No other process can acquire it while this is held.
#[derive(Debug)]
pub(crate) struct StaleRun {
    pub(crate) name: String,
    directory: PathBuf,
    _lock: File,
}

impl StaleRuns {
    /// Acquires all there are.
    ///
    /// # Errors
    /// When the directory of runs cannot be read: there may be some then. Without such a directory there are none.
    pub(crate) fn acquire() -> io::Result<Self> {
        Self::acquire_in(&runs())
            .map_err(|error| io::Error::new(error.kind(), format!("{} cannot be read: {error}", runs().display())))
    }

    fn acquire_in(runs: &Path) -> io::Result<Self> {
        let mut stale = Self::default();
        match private::check_owner(runs) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(stale),
            checked => checked?,
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
    /// `None` when the run lives, or was never more than a directory. An error says why it cannot be acquired here.
    fn acquire(name: &str, directory: &Path) -> Result<Option<Self>, String> {
        let closed = |error: io::Error| format!("cannot be opened: {error}");
        // Neither a link nor a pipe is a lock of ours. Over NFS only a file that is open for writing can be locked exclusively.
        let lock = match os::open_plain_file(&directory.join(LOCK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(closed)?,
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(closed(error)),
        }
        let mut host = String::new();
        (&lock).take(LONGEST_HOST).read_to_string(&mut host).map_err(closed)?;
        if host.is_empty() || host == os::host_name() {
            return Ok(Some(Self::locked(name, directory, lock)));
        }
        // Its processes and sockets cannot be seen from here, nor is it sure that a lock of theirs would be.
        Err(format!(
            "ran on {host}, where `hydrotest clean` finds what it left; when that machine is gone for good, remove {}",
            directory.display()
        ))
    }

    pub(super) fn locked(name: &str, directory: &Path, lock: File) -> Self {
        Self { name: name.to_owned(), directory: directory.to_owned(), _lock: lock }
    }

    /// The platforms where it may have created something, each with its kind.
    ///
    /// # Errors
    /// When a record of one cannot be read.
    pub(crate) fn platforms(&self) -> io::Result<Vec<(String, Value)>> {
        run_directory::platforms(&self.directory)
    }

    /// How long a platform may still carry out a creation that the run had asked for; `None` when none can come any more.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(crate) fn pending_for(&self) -> io::Result<Option<Duration>> {
        pending::pending_for(&self.directory)
    }

    /// Removes its directory: for when everything it created is gone.
    ///
    /// # Errors
    /// When something in the directory cannot be removed.
    pub(crate) fn remove(self) -> io::Result<()> {
        run_directory::remove(&self.directory)
    }

    /// Removes the directories of runs that were killed between creating theirs and locking it, or between removing the lock
    /// and the rest: they are empty, and their runs created nothing.
    pub(crate) fn remove_unlocked() {
        for (_, directory) in directories(&runs()).unwrap_or_default() {
            if !directory.join(LOCK).exists() {
                // Fails where there is something; a run that lives creates its directory again.
                let _ = fs::remove_dir(directory);
            }
        }
    }
}

/// The directories of runs, with their names. Links and files are none.
fn directories(runs: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(runs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().into_string().ok().filter(|name| is_name(name)) else {
            continue;
        };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.push((name, entry.path())),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(_) | Err(_) => {}
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
