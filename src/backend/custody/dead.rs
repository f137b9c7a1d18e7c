//! Finds the runs that have ended without clearing up, and takes them up so that nobody else does. Removes nothing but their
//! directories, and takes nothing for a run that has not the name of one.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::making;
use super::run::{LOCK, REACHES, is_name, remove, runs};
use crate::backend::private;
use crate::os;

/// Bytes of the name of a machine that are read.
const LONGEST_HOST: u64 = 256;

/// The runs that are dead, as far as they can be looked at.
#[derive(Debug, Default)]
pub struct Dead {
    /// Those that were taken up.
    pub runs: Vec<DeadRun>,
    /// Those that could not be opened, with the reason.
    pub closed: Vec<String>,
}

/// A run that has ended without clearing up: it was killed, or something of it could not be made sure of. Nobody else can take
/// it up while this is held.
#[derive(Debug)]
pub struct DeadRun {
    /// Its name.
    pub name: String,
    directory: PathBuf,
    _lock: File,
}

impl Dead {
    /// All there are.
    ///
    /// # Errors
    /// When it cannot be looked where runs are: then there may be some. That there is no such place means that there are none.
    pub fn find() -> io::Result<Self> {
        Self::among(&runs()).map_err(|error| {
            let message = format!("{} cannot be read: {error}", runs().display());
            io::Error::new(error.kind(), message)
        })
    }

    fn among(runs: &Path) -> io::Result<Self> {
        let mut dead = Self::default();
        match private::check_owner(runs) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(dead),
            checked => checked?,
        }
        for (name, directory) in directories(runs)? {
            match DeadRun::take_up(&name, &directory) {
                Ok(found) => dead.runs.extend(found),
                Err(why) => dead.closed.push(format!("{name} {why}")),
            }
        }
        Ok(dead)
    }
}

impl DeadRun {
    /// Takes it up; `None` when it lives, or was never more than a directory. An error says why nobody can here.
    fn take_up(name: &str, directory: &Path) -> Result<Option<Self>, String> {
        let closed = |error: io::Error| format!("cannot be opened: {error}");
        // Neither a link nor a pipe is a lock of ours. Over NFS only what is open for writing can be locked for oneself.
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
            return Ok(Some(Self::taken_up(name, directory, lock)));
        }
        // Its processes and sockets cannot be seen from here, nor is it sure that a lock of theirs would be.
        Err(format!(
            "ran on {host}, where `hydrotest clean` finds what it left; when that machine is gone for good, remove {}",
            directory.display()
        ))
    }

    pub(super) fn taken_up(name: &str, directory: &Path, lock: File) -> Self {
        Self {
            name: name.to_owned(),
            directory: directory.to_owned(),
            _lock: lock,
        }
    }

    /// The kinds and places where it may have made something. One that cannot be read is an error: nothing may be forgotten.
    ///
    /// # Errors
    /// When the directory or a file of it cannot be read.
    pub fn reaches(&self) -> io::Result<Vec<(String, Value)>> {
        let entries = match fs::read_dir(self.directory.join(REACHES)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut reaches = Vec::new();
        for entry in entries {
            let path = entry?.path();
            // A file without this ending was being written, and nothing was made before it was complete.
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let mut content: Value = serde_json::from_slice(&fs::read(&path)?)?;
            let kind = content
                .get("kind")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            reaches.push((kind, content["reach"].take()));
        }
        Ok(reaches)
    }

    /// How long something that it had asked a platform for may still come to be; `None` when nothing can.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn may_come_for(&self) -> io::Result<Option<Duration>> {
        making::may_come_for(&self.directory)
    }

    /// Forgets it and removes its directory: for when everything it made is gone.
    ///
    /// # Errors
    /// When something in the directory cannot be removed.
    pub fn forget(self) -> io::Result<()> {
        remove(&self.directory)
    }

    /// Removes the directories of runs that were killed in the moment between making theirs and locking it, or between
    /// removing the lock and the rest: there is nothing in them, and nothing was made by their runs.
    pub fn remove_unlocked() {
        for (_, directory) in directories(&runs()).unwrap_or_default() {
            if !directory.join(LOCK).exists() {
                // Fails where there is something; a run that lives makes its directory anew.
                let _ = fs::remove_dir(directory);
            }
        }
    }
}

/// The directories of runs, with their names. Links and whatever else there may be are none.
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
        let state = tempfile::tempdir().unwrap();
        let runs = state.path().join("runs");
        assert!(Dead::among(&runs).unwrap().runs.is_empty());
        for name in [NAME, "hydrotest", "hydrotest-0123456789abcdef-1", "mine"] {
            fs::create_dir_all(runs.join(name)).unwrap();
            File::create(runs.join(name).join(LOCK)).unwrap();
        }
        symlink(runs.join("mine"), runs.join("hydrotest-00000000000000aa")).unwrap();
        let dead = Dead::among(&runs).unwrap();
        let names: Vec<&str> = dead.runs.iter().map(|run| run.name.as_str()).collect();
        assert_eq!((names, dead.closed.len()), (vec![NAME], 0));
    }

    #[test]
    fn what_cannot_be_looked_at_is_an_error_and_not_nothing() {
        let state = tempfile::tempdir().unwrap();
        let file = state.path().join("file");
        File::create(&file).unwrap();
        assert!(Dead::among(&file).is_err());
        fs::create_dir(state.path().join(NAME)).unwrap();
        symlink(&file, state.path().join(NAME).join(LOCK)).unwrap();
        let dead = Dead::among(state.path()).unwrap();
        assert!(dead.runs.is_empty() && dead.closed[0].starts_with(&format!("{NAME} cannot be opened")));
    }

    #[test]
    fn a_run_of_another_machine_is_left_to_that_machine() {
        let runs = tempfile::tempdir().unwrap();
        fs::create_dir(runs.path().join(NAME)).unwrap();
        let lock = runs.path().join(NAME).join(LOCK);
        fs::write(&lock, "another-machine").unwrap();
        let dead = Dead::among(runs.path()).unwrap();
        assert!(dead.runs.is_empty());
        assert!(
            dead.closed[0].contains("ran on another-machine, where `hydrotest clean`"),
            "{:?}",
            dead.closed
        );
        fs::write(&lock, os::host_name()).unwrap();
        assert_eq!(Dead::among(runs.path()).unwrap().runs.len(), 1);
    }
}
