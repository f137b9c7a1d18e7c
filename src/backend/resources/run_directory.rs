//! The directory of one run: its name, its lock, and the records of the platforms where the run may have created
//! resources. Does not know other runs and does not ask platforms.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::if_exists;
use crate::backend::{installation, private};
use crate::os;

/// The prefix of a run's name; sixteen hexadecimal digits follow.
const PREFIX: &str = "hydrotest-";
/// The file in a run's directory that the run locks.
pub(super) const LOCK: &str = "lock";
/// The subdirectory of a run's directory for the records of platforms.
const PLATFORMS: &str = "platforms";

/// The directory of a run. Created for the first instance that needs it; removed by [`RunDirectory::end`] or when
/// dropped.
#[derive(Debug)]
pub(crate) struct RunDirectory {
    /// `hydrotest-` and sixteen hexadecimal digits.
    pub(super) name: String,
    pub(super) path: PathBuf,
    lock: Mutex<Option<File>>,
    instances: AtomicUsize,
    /// A platform may still have resources of the run.
    kept: AtomicBool,
}

impl RunDirectory {
    /// The directory of a new run, with a unique name.
    pub(crate) fn new() -> Self {
        let name = new_name();
        let path = runs().join(&name);
        Self { name, path, lock: Mutex::default(), instances: AtomicUsize::new(0), kept: AtomicBool::new(false) }
    }

    #[cfg(test)]
    pub(in crate::backend) fn in_state(state: &Path) -> Self {
        let mut run = Self::new();
        run.path = state.join(&run.name);
        run
    }

    /// The number of the next instance; the first is 1.
    pub(super) fn count_instance(&self) -> usize {
        self.instances.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn lock(&self) -> MutexGuard<'_, Option<File>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates and locks the directory, unless that is already done.
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut lock = self.lock();
        while lock.is_none() {
            if let Some(runs) = self.path.parent() {
                private::make_directory(runs)?;
                private::close_directory(runs)?;
            }
            private::make_directory(&self.path)?;
            // Before it is locked, another `clean` may take it for a stale run and remove it.
            *lock = lock_new(&self.path)?;
        }
        Ok(())
    }

    /// Records where something is about to be created, once for each platform.
    pub(super) fn record(&self, kind: &str, platform: &Value) -> io::Result<()> {
        self.begin()?;
        let directory = self.path.join(PLATFORMS);
        let content = serde_json::json!({"kind": kind, "platform": platform}).to_string();
        let digest = hex::encode(Sha256::digest(content.as_bytes()));
        let path = directory.join(format!("{}.json", digest.get(..16).unwrap_or(&digest)));
        if path.exists() {
            return Ok(());
        }
        private::make_directory(&directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&directory)?;
        io::Write::write_all(&mut file, content.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map(drop).map_err(|error| error.error)
    }

    /// The platforms that this run has recorded, each with its kind.
    pub(super) fn platforms(&self) -> io::Result<Vec<(String, Value)>> {
        if self.lock().is_none() {
            return Ok(Vec::new());
        }
        if !self.path.is_dir() {
            let message = format!("the directory {} of the run is gone", self.path.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        platforms(&self.path)
    }

    /// Keeps the directory after the run, for `clean`.
    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Removes the directory, unless a platform may still have resources of the run: then it becomes the directory of a
    /// stale run.
    pub(crate) fn end(&self) {
        let mut lock = self.lock();
        if lock.is_some() && !self.kept.load(Ordering::Relaxed) {
            // On an error, `clean` tries again once the lock is released.
            let _ = remove(&self.path);
        }
        *lock = None;
    }
}

impl Drop for RunDirectory {
    fn drop(&mut self) {
        self.end();
    }
}

/// The platforms that a run has recorded in its directory. An unreadable record is an error: no platform may be missed.
pub(super) fn platforms(run: &Path) -> io::Result<Vec<(String, Value)>> {
    let mut platforms = Vec::new();
    for entry in if_exists(fs::read_dir(run.join(PLATFORMS)))?.into_iter().flatten() {
        let path = entry?.path();
        // A file without this extension is incomplete, and nothing is created before its record is complete.
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mut record: Value = serde_json::from_slice(&fs::read(&path)?)?;
        let kind = record.get("kind").and_then(Value::as_str).unwrap_or_default();
        platforms.push((kind.to_owned(), record["platform"].take()));
    }
    Ok(platforms)
}

/// Removes a run's directory, the lock last: if this is interrupted, the directory is still found.
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

pub(super) fn runs() -> PathBuf {
    installation::state_directory().join("runs")
}

/// Locks a directory that was just created. Returns `None` if `clean` has removed it meanwhile.
fn lock_new(directory: &Path) -> io::Result<Option<File>> {
    let path = directory.join(LOCK);
    let Some(mut lock) = if_exists(private::create_file(&path))? else { return Ok(None) };
    // `clean` holds the lock until the directory is removed, so the file may be gone once the lock is acquired.
    lock.lock()?;
    if !path.exists() {
        return Ok(None);
    }
    io::Write::write_all(&mut lock, os::host_name().as_bytes())?;
    Ok(Some(lock))
}

/// A name from the system's random numbers, or from time and process number if there are none.
fn new_name() -> String {
    let mut bytes = [0; 8];
    if File::open("/dev/urandom").and_then(|mut file| io::Read::read_exact(&mut file, &mut bytes)).is_err() {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64;
        bytes = (now ^ u64::from(std::process::id()).rotate_left(40)).to_le_bytes();
    }
    format!("{PREFIX}{}", hex::encode(bytes))
}

/// Whether a name is the name of a run: no other directory may be taken for one.
pub(super) fn is_name(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 16 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::InstanceId;
    use super::*;

    #[test]
    fn only_what_a_run_can_be_called_is_the_name_of_one() {
        assert!(is_name(&RunDirectory::new().name) && is_name("hydrotest-0123456789abcdef"));
        for name in ["hydrotest", "hydrotest-", "hydrotest-0123456789ABCDEF", "hydrotest-0123456789abcdef0", "mine"] {
            assert!(!is_name(name), "{name}");
        }
    }

    #[test]
    fn nothing_is_created_before_it_is_needed_and_nothing_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let run = Arc::new(RunDirectory::in_state(home.path()));
        let instance = InstanceId::next(&run);
        assert!(instance.label().starts_with(&run.name) && instance.label().ends_with("-1"));
        assert!(!run.path.exists());
        let directory = instance.directory().unwrap();
        assert!(directory.is_dir());
        instance.remove_directories().unwrap();
        instance.remove_directories().unwrap();
        assert!(!directory.exists() && run.path.exists());
        run.end();
        assert!(!run.path.exists());
    }

    #[test]
    fn the_directory_of_a_run_that_may_have_leaked_is_kept_and_unlocked() {
        let home = tempfile::tempdir().unwrap();
        let run = Arc::new(RunDirectory::in_state(home.path()));
        InstanceId::next(&run).directory().unwrap();
        run.keep();
        run.end();
        let lock = File::open(run.path.join(LOCK)).unwrap();
        assert!(lock.try_lock().is_ok());
    }

    #[test]
    fn a_platform_is_recorded_once_and_read_again_from_a_stale_run() {
        let home = tempfile::tempdir().unwrap();
        let run = Arc::new(RunDirectory::in_state(home.path()));
        assert_eq!(run.platforms().unwrap(), []);
        let platform = serde_json::json!({"host": "unix:///run/engine.sock"});
        for _ in 0..2 {
            InstanceId::next(&run).record("docker", &platform).unwrap();
        }
        let recorded = [("docker".to_owned(), platform)];
        assert_eq!(run.platforms().unwrap(), recorded);
        let lock = File::open(run.path.join(LOCK)).unwrap();
        assert!(lock.try_lock().is_err(), "the run lives");
        assert_eq!(platforms(&run.path).unwrap(), recorded);
        fs::write(run.path.join(PLATFORMS).join("broken.json"), "{").unwrap();
        assert!(platforms(&run.path).is_err() && run.platforms().is_err());
        remove(&run.path).unwrap();
        assert!(!run.path.exists());
        assert!(run.platforms().is_err(), "what it recorded is lost, and not nothing");
    }
}
