//! One run of the harness as its leftovers know it: a name, a locked directory, and the platforms it has reached. Also finds
//! the runs that have died without clearing up.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::mark::Mark;

/// Says where the state directory is, in place of the usual one.
const STATE: &str = "HYDROTEST_STATE_DIR";
/// The file in a run's directory that the run keeps locked.
const LOCK: &str = "lock";
/// The directory in a run's directory for its reaches.
const REACHES: &str = "reaches";

/// A run. Makes nothing before its first instance needs something; what it made goes with [`Run::end`] or when it is dropped.
#[derive(Debug)]
pub struct Run {
    name: String,
    directory: PathBuf,
    lock: Mutex<Option<File>>,
    instances: AtomicUsize,
    declared: Mutex<Vec<(String, Value)>>,
    /// Something of it may still be on a platform.
    unsettled: AtomicBool,
}

/// A run that has ended without [`Run::end`]: it was killed. Nobody else can take it up while this is held.
#[derive(Debug)]
pub struct DeadRun {
    /// Its name.
    pub name: String,
    directory: PathBuf,
    _lock: File,
}

impl Run {
    /// A new run, with a name that no other has.
    #[must_use]
    pub fn new() -> Self {
        let name = new_name();
        Self {
            directory: runs().join(&name),
            name,
            lock: Mutex::default(),
            instances: AtomicUsize::new(0),
            declared: Mutex::default(),
            unsettled: AtomicBool::new(false),
        }
    }

    /// Its name: `hydrotest-` and sixteen letters and digits.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The mark of its next instance.
    #[must_use]
    pub fn mark(self: &Arc<Self>) -> Mark {
        Mark::new(Arc::clone(self), self.instances.fetch_add(1, Ordering::Relaxed) + 1)
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the directory and locks it; does nothing when that is done.
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while lock.is_none() {
            fs::create_dir_all(&self.directory)?;
            // Somebody who sweeps may be quicker, and take the directory for a dead run's before it is locked.
            *lock = lock_new(&self.directory)?;
        }
        Ok(())
    }

    pub(super) fn declare(&self, kind: &str, reach: &Value) -> io::Result<()> {
        self.begin()?;
        let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        if declared.iter().any(|(name, known)| name == kind && known == reach) {
            return Ok(());
        }
        let directory = self.directory.join(REACHES);
        fs::create_dir_all(&directory)?;
        let content = serde_json::json!({"kind": kind, "reach": reach}).to_string();
        let digest = Sha256::digest(content.as_bytes());
        let path = directory.join(format!("{}.json", letters(&digest)));
        let mut file = tempfile::NamedTempFile::new_in(&directory)?;
        io::Write::write_all(&mut file, content.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        declared.push((kind.to_owned(), reach.clone()));
        Ok(())
    }

    pub(super) fn declared(&self) -> Vec<(String, Value)> {
        self.declared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes its end leave the directory for the next sweep.
    pub(super) fn keep(&self) {
        self.unsettled.store(true, Ordering::Relaxed);
    }

    /// Removes its directory: for when everything it made is gone.
    pub fn end(&self) {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            if self.unsettled.load(Ordering::Relaxed) {
                // Unlocked, the directory tells the next sweep where to look.
                *lock = None;
                return;
            }
            // What cannot be removed now is swept later, once the lock is gone.
            let _ = remove(&self.directory);
            *lock = None;
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end();
    }
}

impl DeadRun {
    /// All there are.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let entries = fs::read_dir(runs()).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let lock = File::open(entry.path().join(LOCK)).ok()?;
                lock.try_lock().ok()?;
                Some(Self {
                    name,
                    directory: entry.path(),
                    _lock: lock,
                })
            })
            .collect()
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
        for entry in fs::read_dir(runs()).into_iter().flatten().flatten() {
            if !entry.path().join(LOCK).exists() {
                // Fails where there is something; a run that lives makes its directory anew.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

/// Removes a run's directory, the lock last: whoever is killed in the middle leaves a directory that is still found.
fn remove(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else if entry.file_name() != LOCK {
            fs::remove_file(entry.path())?;
        }
    }
    fs::remove_dir_all(directory)
}

/// Where the harness keeps what must outlive it: `HYDROTEST_STATE_DIR`, else the user's directory for state, else the
/// system's for temporary files.
#[must_use]
pub fn state_directory() -> PathBuf {
    let named = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    named(STATE)
        .or_else(|| Some(named("XDG_STATE_HOME")?.join("hydrotest")))
        .or_else(|| Some(named("HOME")?.join(".local/state/hydrotest")))
        .unwrap_or_else(|| {
            let user = rustix::process::getuid().as_raw();
            std::env::temp_dir().join(format!("hydrotest-{user}"))
        })
}

fn runs() -> PathBuf {
    state_directory().join("runs")
}

/// Locks a directory that was just made; `None` when somebody who sweeps has taken it away meanwhile.
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

/// A name from the system's random numbers; from the time and the process number where there are none to be had.
fn new_name() -> String {
    let mut bytes = [0; 8];
    let read = File::open("/dev/urandom").and_then(|mut file| io::Read::read_exact(&mut file, &mut bytes));
    if read.is_err() {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64;
        bytes = (now ^ u64::from(std::process::id()).rotate_left(40)).to_le_bytes();
    }
    format!("hydrotest-{}", letters(&bytes))
}

/// The first eight bytes as sixteen hexadecimal digits.
fn letters(bytes: &[u8]) -> String {
    let number = bytes
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_in(state: &Path) -> Run {
        let mut run = Run::new();
        run.directory = state.join(&run.name);
        run
    }

    #[test]
    fn a_run_makes_nothing_before_it_must_and_leaves_nothing() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(run_in(state.path()));
        let mark = run.mark();
        assert!(mark.name().starts_with(run.name()) && mark.name().ends_with("-1"));
        assert!(!run.directory.exists());
        let directory = mark.directory().unwrap();
        assert!(directory.is_dir());
        mark.remove_directory().unwrap();
        mark.remove_directory().unwrap();
        assert!(!directory.exists() && run.directory.exists());
        run.end();
        assert!(!run.directory.exists());
    }

    #[test]
    fn a_run_that_may_have_left_something_leaves_its_directory_unlocked() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(run_in(state.path()));
        run.mark().directory().unwrap();
        run.mark().keep_for_a_sweep();
        run.end();
        let lock = File::open(run.directory.join(LOCK)).unwrap();
        assert!(lock.try_lock().is_ok());
    }

    #[test]
    fn a_reach_is_written_once_and_read_from_the_dead() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(run_in(state.path()));
        let reach = serde_json::json!({"host": "unix:///run/engine.sock"});
        for _ in 0..2 {
            run.mark().declare("docker", &reach).unwrap();
        }
        let lock = File::open(run.directory.join(LOCK)).unwrap();
        assert!(lock.try_lock().is_err(), "the run lives");
        let dead = DeadRun {
            name: run.name.clone(),
            directory: run.directory.clone(),
            _lock: lock,
        };
        assert_eq!(dead.reaches().unwrap(), [("docker".to_owned(), reach)]);
        fs::write(run.directory.join(REACHES).join("broken.json"), "{").unwrap();
        assert!(dead.reaches().is_err());
        dead.forget().unwrap();
        assert!(!run.directory.exists());
    }
}
