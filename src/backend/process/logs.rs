//! Where the logs of processes go: a directory that the user names and keeps, or one of this run that goes with it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

/// How temporary directories of logs begin.
const PREFIX: &str = "hydrotest-logs-";
/// The file in one that its run keeps locked. The system lets go of the lock however the run ends.
const LOCK: &str = ".lock";

/// A directory of logs, made when the first of them is.
#[derive(Debug)]
pub(super) struct LogDirectory {
    named: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    temporary: Option<Temporary>,
    logs: usize,
}

/// A directory that is removed when this is dropped, or swept by a later run when this one was killed.
#[derive(Debug)]
struct Temporary {
    directory: TempDir,
    _lock: File,
}

impl LogDirectory {
    /// The directory `named`, or a temporary one.
    pub(super) fn new(named: Option<PathBuf>) -> Self {
        Self {
            named,
            state: Mutex::default(),
        }
    }

    /// The path of a new log about `what`. Several runs may share a named directory, so the process number is in it.
    pub(super) fn next(&self, what: &str) -> io::Result<PathBuf> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.logs += 1;
        let name = format!("{what}-{}-{}.log", std::process::id(), state.logs);
        if let Some(named) = &self.named {
            fs::create_dir_all(named)?;
            return Ok(named.join(name));
        }
        let temporary = match state.temporary.take() {
            Some(temporary) => temporary,
            None => Temporary::new(&std::env::temp_dir())?,
        };
        Ok(state.temporary.insert(temporary).directory.path().join(name))
    }
}

impl Temporary {
    fn new(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        loop {
            let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            if let Some(lock) = lock_new(directory.path())? {
                return Ok(Self { directory, _lock: lock });
            }
        }
    }
}

/// Locks a directory that was just made. Another run that sweeps may have been quicker and taken it away: then `None`.
fn lock_new(directory: &Path) -> io::Result<Option<File>> {
    let path = directory.join(LOCK);
    let lock = match File::create(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        created => created?,
    };
    // Whoever sweeps holds the lock until everything is gone, and looks at it only under the lock.
    lock.lock()?;
    Ok(path.exists().then_some(lock))
}

/// Removes what killed runs left. What cannot be looked at belongs to somebody else.
fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            // Held until the directory is gone.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_directory_goes_with_the_run_and_a_named_one_stays() {
        let temporary = LogDirectory::new(None);
        let (one, other) = (temporary.next("esm2").unwrap(), temporary.next("esm2").unwrap());
        assert_ne!(one, other);
        let directory = one.parent().unwrap();
        assert!(directory.is_dir());
        drop(temporary);
        assert!(!directory.exists());

        let kept = tempfile::tempdir().unwrap();
        let named = LogDirectory::new(Some(kept.path().join("deep/logs")));
        let log = named.next("esm2").unwrap();
        drop(named);
        assert!(log.parent().unwrap().is_dir());
    }

    #[test]
    fn what_a_killed_run_left_is_swept_and_what_another_uses_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let abandoned = parent.path().join(format!("{PREFIX}abandoned"));
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join(LOCK), "").unwrap();
        let foreign = parent.path().join("something-else");
        fs::create_dir(&foreign).unwrap();

        let one = Temporary::new(parent.path()).unwrap();
        assert!(!abandoned.exists());
        let other = Temporary::new(parent.path()).unwrap();
        assert!(one.directory.path().exists() && other.directory.path().exists() && foreign.exists());
    }

    #[test]
    fn runs_that_start_together_do_not_sweep_each_other() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..20)
                            .map(|_| Temporary::new(parent.path()).unwrap())
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            for started in starts {
                for temporary in started.join().unwrap() {
                    assert!(temporary.directory.path().join(LOCK).exists());
                }
            }
        });
    }
}
