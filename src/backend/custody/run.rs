//! One run of the harness as its leftovers know it: a name, a locked directory, and the platforms it has reached. Knows nothing
//! of other runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::backend::private;
use crate::os;

/// Says where the state directory is, in place of the usual one.
const STATE: &str = "HYDROTEST_STATE_DIR";
/// With what the name of a run begins; sixteen hexadecimal digits follow.
const PREFIX: &str = "hydrotest-";
/// The file in a run's directory that the run keeps locked.
pub(super) const LOCK: &str = "lock";
/// The directory in a run's directory for its reaches.
pub(super) const REACHES: &str = "reaches";

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

    /// A run with its directory elsewhere.
    #[cfg(test)]
    pub(super) fn in_state(state: &Path) -> Self {
        let mut run = Self::new();
        run.directory = state.join(&run.name);
        run
    }

    /// Its name: `hydrotest-` and sixteen letters and digits.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of its next instance; the first has 1.
    pub(super) fn count_instance(&self) -> usize {
        self.instances.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the directory and locks it; does nothing when that is done.
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while lock.is_none() {
            if let Some(runs) = self.directory.parent() {
                private::make_directory(runs)?;
                private::close_directory(runs)?;
            }
            private::make_directory(&self.directory)?;
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
        private::make_directory(&directory)?;
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

/// Removes a run's directory, the lock last: whoever is killed in the middle leaves a directory that is still found.
pub(super) fn remove(directory: &Path) -> io::Result<()> {
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
            let user = os::user();
            std::env::temp_dir().join(format!("hydrotest-{user}"))
        })
}

pub(super) fn runs() -> PathBuf {
    state_directory().join("runs")
}

/// Locks a directory that was just made; `None` when somebody who sweeps has taken it away meanwhile.
fn lock_new(directory: &Path) -> io::Result<Option<File>> {
    let path = directory.join(LOCK);
    let mut lock = match private::create_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        created => created?,
    };
    // Whoever sweeps holds the lock until everything is gone, and looks at it only under the lock.
    lock.lock()?;
    if !path.exists() {
        return Ok(None);
    }
    // A directory that several machines share holds runs of each of them.
    io::Write::write_all(&mut lock, os::host_name().as_bytes())?;
    Ok(Some(lock))
}

/// A name from the system's random numbers; from the time and the process number where there are none to be had.
fn new_name() -> String {
    let mut bytes = [0; 8];
    let read = File::open("/dev/urandom").and_then(|mut file| io::Read::read_exact(&mut file, &mut bytes));
    if read.is_err() {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64;
        bytes = (now ^ u64::from(std::process::id()).rotate_left(40)).to_le_bytes();
    }
    format!("{PREFIX}{}", letters(&bytes))
}

/// Whether a name is that of a run: nobody else's directory may be taken for one.
pub(super) fn is_name(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 16 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
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
    use std::sync::Arc;

    use super::super::DeadRun;
    use super::*;

    #[test]
    fn only_what_a_run_can_be_called_is_the_name_of_one() {
        assert!(is_name(Run::new().name()) && is_name("hydrotest-0123456789abcdef"));
        for name in [
            "hydrotest",
            "hydrotest-",
            "hydrotest-0123456789ABCDEF",
            "hydrotest-0123456789abcdef0",
            "mine",
        ] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn a_run_makes_nothing_before_it_must_and_leaves_nothing() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(Run::in_state(state.path()));
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
        let run = Arc::new(Run::in_state(state.path()));
        run.mark().directory().unwrap();
        run.mark().keep_for_a_sweep();
        run.end();
        let lock = File::open(run.directory.join(LOCK)).unwrap();
        assert!(lock.try_lock().is_ok());
    }

    #[test]
    fn a_reach_is_written_once_and_read_from_the_dead() {
        let state = tempfile::tempdir().unwrap();
        let run = Arc::new(Run::in_state(state.path()));
        let reach = serde_json::json!({"host": "unix:///run/engine.sock"});
        for _ in 0..2 {
            run.mark().declare("docker", &reach).unwrap();
        }
        let lock = File::open(run.directory.join(LOCK)).unwrap();
        assert!(lock.try_lock().is_err(), "the run lives");
        let dead = DeadRun::taken_up(&run.name, &run.directory, lock);
        assert_eq!(dead.reaches().unwrap(), [("docker".to_owned(), reach)]);
        fs::write(run.directory.join(REACHES).join("broken.json"), "{").unwrap();
        assert!(dead.reaches().is_err());
        dead.forget().unwrap();
        assert!(!run.directory.exists());
    }
}
