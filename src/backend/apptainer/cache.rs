//! The cache of SIF files: which file holds an image, and whether it may be used. Pulls nothing and removes nothing.
//!
//! ```text
//! CACHE/images/ACCOUNT-IMAGE_TAG.sif               where boileroom has it too
//!             /ACCOUNT-IMAGE_TAG.sif.record.json   from where it came, with its SHA-256, size and time of change
//!             /ACCOUNT-IMAGE_TAG.sif.lock          held by the process that pulls it
//!             /.pull-INSTANCE/                     a pull that is under way
//! ```

use std::fmt::Write as _;
use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sif::{Sif, SifError};
use crate::backend::image::ImageName;

/// How often a lock that another process holds is tried.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// Where the SIF file of one image is, whether it is there or not.
#[derive(Debug, Clone)]
pub(super) struct CacheEntry {
    pub(super) image: String,
    /// Its SIF file.
    pub(super) sif: PathBuf,
}

/// What the cache holds of an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EntryState {
    /// A SIF file that may be used.
    Valid(Sif),
    /// Nothing.
    Missing,
    /// A file that must not be used, and why, to follow its path.
    Invalid(String),
}

/// What is known about a SIF file that was pulled.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PullRecord {
    image: String,
    sha256: String,
    file: Stamp,
}

/// By what a change of a file is noticed without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified_ns: u64,
}

impl CacheEntry {
    /// The place of an image in a cache.
    pub(super) fn new(cache: &Path, image: &ImageName) -> Self {
        let name = format!("{}_{}.sif", image.path().replace('/', "-"), image.tag());
        Self { image: image.to_string(), sif: cache.join("images").join(name) }
    }

    /// The directory that it is in.
    pub(super) fn directory(&self) -> &Path {
        self.sif.parent().unwrap_or(Path::new("."))
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.sif.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// Looks at what is there. A file that is as its record says is not read again; one that has changed since is, all of it. One
    /// without a record, which boileroom may have left, has to be a whole SIF file at least.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(super) async fn look(&self) -> io::Result<EntryState> {
        let sif = match Sif::read(&self.sif) {
            Ok(sif) => sif,
            Err(SifError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(EntryState::Missing),
            Err(SifError::Io(error)) => return Err(error),
            Err(error) => return Ok(EntryState::Invalid(error.to_string())),
        };
        let record: PullRecord = match fs::read(self.beside(".record.json")) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(record) => record,
                Err(error) => {
                    return Ok(EntryState::Invalid(format!("has a record that cannot be read: {error}")));
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(EntryState::Valid(sif)),
            Err(error) => return Err(error),
        };
        if record.image != self.image {
            return Ok(EntryState::Invalid(format!("was pulled from {}", record.image)));
        }
        let file = Stamp::of(&self.sif)?;
        if record.file == file {
            return Ok(EntryState::Valid(sif));
        }
        let sha256 = hash(&self.sif).await?;
        if record.sha256 != sha256 {
            let pulled = record.sha256;
            return Ok(EntryState::Invalid(format!("has changed: its SHA-256 is {sha256}, and {pulled} was pulled")));
        }
        // It was copied or touched. Another user's cache may be used without being written to.
        let _ = self.write(&PullRecord { file, ..record }, self.directory());
        Ok(EntryState::Valid(sif))
    }

    /// The SHA-256 of the file, where its record still says it. A file without a record is not read for it: it has gigabytes.
    pub(super) fn digest(&self) -> Option<String> {
        let record: PullRecord = serde_json::from_slice(&fs::read(self.beside(".record.json")).ok()?).ok()?;
        let is_current = record.image == self.image && Stamp::of(&self.sif).is_ok_and(|file| file == record.file);
        is_current.then_some(record.sha256)
    }

    /// Puts a pulled file there, in one step, with a record of it.
    ///
    /// # Errors
    /// When the file cannot be read or moved.
    pub(super) async fn put(&self, pulled: &Path) -> io::Result<()> {
        let sha256 = hash(pulled).await?;
        File::open(pulled)?.sync_all()?;
        // A record without its file does no harm: neither nothing nor an older file is as it says.
        let record = PullRecord { image: self.image.clone(), sha256, file: Stamp::of(pulled)? };
        self.write(&record, pulled.parent().unwrap_or_else(|| self.directory()))?;
        fs::rename(pulled, &self.sif)
    }

    /// Writes a record, by way of a file in `directory`.
    fn write(&self, record: &PullRecord, directory: &Path) -> io::Result<()> {
        // Everyone who may read the file may read its record: a cache may be shared.
        let mut builder = tempfile::Builder::new();
        let mut file = builder.prefix(".record-").permissions(Permissions::from_mode(0o644)).tempfile_in(directory)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        file.persist(self.beside(".record.json")).map_err(|error| error.error)?;
        Ok(())
    }

    /// Waits until no other process pulls this image; the returned file keeps others waiting, until it is dropped or its holder is
    /// killed. The file of the lock stays: removing it could part those who wait.
    ///
    /// # Errors
    /// When the directory or the lock cannot be made.
    pub(super) async fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(self.directory())?;
        let lock = File::options().create(true).truncate(false).write(true).open(self.beside(".lock"))?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_INTERVAL).await,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Stamp {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { size: metadata.len(), modified_ns: u64::try_from(modified.as_nanos()).unwrap_or(u64::MAX) })
    }
}

/// The SHA-256 of a file, in hexadecimal digits. Reads on a thread of its own, and no further once its caller has gone.
async fn hash(path: &Path) -> io::Result<String> {
    struct StopWhenDropped(Arc<AtomicBool>);
    impl Drop for StopWhenDropped {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }
    let awaited = Arc::new(AtomicBool::new(true));
    let _waiting = StopWhenDropped(Arc::clone(&awaited));
    let path = path.to_owned();
    let hashing = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let mut chunk = vec![0; 1 << 20];
        let mut hasher = Sha256::new();
        while awaited.load(Ordering::Relaxed) {
            match file.read(&mut chunk)? {
                0 => break,
                count => hasher.update(chunk.get(..count).unwrap_or_default()),
            }
        }
        let mut digits = String::new();
        for byte in hasher.finalize() {
            let _ = write!(digits, "{byte:02x}");
        }
        Ok(digits)
    });
    hashing.await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests;
