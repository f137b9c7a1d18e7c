//! The cache of SIF files: which file contains an image, and whether it may be used. Does not pull or remove images.
//!
//! ```text
//! CACHE/images/ACCOUNT-IMAGE_TAG.sif               the path that boileroom uses too
//!             /ACCOUNT-IMAGE_TAG.sif.record.json   its source, SHA-256, size and modification time
//!             /ACCOUNT-IMAGE_TAG.sif.lock          locked by the process that pulls it
//!             /.pull-INSTANCE/                     a pull in progress
//! ```

use std::fs::{self, File, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::sif::{Sif, SifError};
use crate::backend::image::ImageName;
use crate::backend::resources::if_exists;

/// Pause between two attempts to take a lock that another process holds.
const LOCK_INTERVAL: Duration = Duration::from_millis(100);

/// The place of one image in the cache, whether its SIF file exists or not.
#[derive(Debug, Clone)]
pub(super) struct CacheEntry {
    pub(super) image: String,
    pub(super) sif: PathBuf,
}

/// The state of an image in the cache.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EntryState {
    /// A SIF file that may be used.
    Valid(Sif),
    /// There is no SIF file.
    Missing,
    /// A file that must not be used, with the reason as a predicate that follows its path.
    Invalid(String),
}

/// The record of a SIF file that was pulled.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PullRecord {
    image: String,
    sha256: String,
    file: Stamp,
}

/// Detects a change of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    modified_ns: u64,
}

impl CacheEntry {
    pub(super) fn new(cache: &Path, image: &ImageName) -> Self {
        let name = format!("{}_{}.sif", image.path().replace('/', "-"), image.tag());
        Self { image: image.to_string(), sif: cache.join("images").join(name) }
    }

    pub(super) fn directory(&self) -> &Path {
        self.sif.parent().unwrap_or(Path::new("."))
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.sif.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// Checks the SIF file. A file that matches its record is not read again; one that has changed since is hashed. A
    /// file without a record, which boileroom may have pulled, must at least be a whole SIF file.
    ///
    /// # Errors
    /// If the file or its record cannot be read.
    pub(super) async fn look(&self) -> io::Result<EntryState> {
        let sif = match Sif::read(&self.sif) {
            Ok(sif) => sif,
            Err(SifError::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(EntryState::Missing),
            Err(SifError::Io(error)) => return Err(error),
            Err(error) => return Ok(EntryState::Invalid(error.to_string())),
        };
        let Some(text) = if_exists(fs::read(self.beside(".record.json")))? else { return Ok(EntryState::Valid(sif)) };
        let record: PullRecord = match serde_json::from_slice(&text) {
            Ok(record) => record,
            Err(error) => return Ok(EntryState::Invalid(format!("has a record that cannot be read: {error}"))),
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
        // It was copied or touched. The cache of another user can be used, but not written to.
        let _ = self.write(&PullRecord { file, ..record }, self.directory());
        Ok(EntryState::Valid(sif))
    }

    /// The SHA-256 of the file. `None` without an up-to-date record: the file may have gigabytes and is not hashed for this.
    pub(super) fn digest(&self) -> Option<String> {
        let record: PullRecord = serde_json::from_slice(&fs::read(self.beside(".record.json")).ok()?).ok()?;
        let is_current = record.image == self.image && Stamp::of(&self.sif).is_ok_and(|file| file == record.file);
        is_current.then_some(record.sha256)
    }

    /// Moves a pulled file into the cache atomically and records it.
    ///
    /// # Errors
    /// If the file cannot be read or moved.
    pub(super) async fn put(&self, pulled: &Path) -> io::Result<()> {
        let sha256 = hash(pulled).await?;
        File::open(pulled)?.sync_all()?;
        // A record without its file does no harm: no older file matches it.
        let record = PullRecord { image: self.image.clone(), sha256, file: Stamp::of(pulled)? };
        self.write(&record, pulled.parent().unwrap_or_else(|| self.directory()))?;
        fs::rename(pulled, &self.sif)
    }

    /// Writes a record, first to a temporary file in `directory`.
    fn write(&self, record: &PullRecord, directory: &Path) -> io::Result<()> {
        // A cache may be shared, so everyone may read the record.
        let mut builder = tempfile::Builder::new();
        let mut file = builder.prefix(".record-").permissions(Permissions::from_mode(0o644)).tempfile_in(directory)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        file.persist(self.beside(".record.json")).map(drop).map_err(|error| error.error)
    }

    /// Waits until no other process pulls this image. The lock is released when the returned file is dropped or its
    /// process is killed. The lock file is never removed: waiting processes would then lock different files.
    ///
    /// # Errors
    /// If the directory or the lock file cannot be created.
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

/// The SHA-256 of a file, in hexadecimal digits. Reads on its own thread, and stops once the caller drops the future.
async fn hash(path: &Path) -> io::Result<String> {
    let caller = Arc::new(());
    let awaited = Arc::downgrade(&caller);
    let path = path.to_owned();
    let hashing = tokio::task::spawn_blocking(move || {
        let mut file = File::open(path)?;
        let mut chunk = vec![0; 1 << 20];
        let mut hasher = Sha256::new();
        while awaited.strong_count() > 0 {
            match file.read(&mut chunk)? {
                0 => break,
                count => hasher.update(chunk.get(..count).unwrap_or_default()),
            }
        }
        Ok(hex::encode(hasher.finalize()))
    });
    let hash = hashing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    drop(caller);
    hash
}

#[cfg(test)]
mod tests;
