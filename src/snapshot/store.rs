//! The directory of recorded results. Reads them, and writes what its mode allows; compares nothing and prints nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::archive::{self, Arrays};
use super::provenance::{Origin, Provenance};
use super::record::SnapshotRecord;
use super::{SnapshotError, SnapshotKey, file, load, write};
use crate::prediction::Prediction;
use crate::tensor::ContentHash;

/// What may be written.
///
/// A run in a checkout keeps [`Self::Pending`], so that `cargo insta review` has something to show after a failure. A run
/// whose checkout is not reviewed (in CI, or read-only) takes [`Self::Never`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// Nothing at all.
    Never,
    /// Results that differ or have no snapshot, as `.snap.new` for review.
    Pending,
    /// Results that differ, as [`Self::Pending`]; those without a snapshot are left for [`Self::Missing`] to record, once it
    /// is known that nothing else is wrong with them.
    Proposed,
    /// As [`Self::Pending`], but results without a snapshot become snapshots at once. A recorded one is never overwritten.
    Missing,
}

/// A directory of snapshots.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    /// Where results wait for review, where that is elsewhere.
    pending: Option<PathBuf>,
    recording: Recording,
}

/// A recorded result.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceResult {
    /// The response, apart from how long it took.
    pub prediction: Prediction,
    pub(super) origin: Origin,
}

/// What became of a response for which nothing is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: not a pass.
    Nothing,
    /// It waits for review here: not a pass either.
    Pending(PathBuf),
    /// It may be recorded.
    Proposed,
    /// It is the reference now, here.
    Recorded(PathBuf),
}

impl ReferenceResult {
    /// How the fixed options under which it was recorded differ from those of now: its own, then those of now, in words; `None`
    /// where they are the same.
    pub(crate) fn configured_otherwise(&self, now: &Provenance) -> Option<(String, String)> {
        self.origin.configured_otherwise(now)
    }

    /// The key of the model whose result it is.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.origin.model
    }

    /// Which parameters stand behind it.
    #[must_use]
    pub fn weights(&self) -> &str {
        &self.origin.weights
    }
}

impl Store {
    /// The snapshots below `root`, which need not exist.
    ///
    /// # Errors
    /// When the path is relative and there is no working directory.
    pub fn new(root: &Path, recording: Recording) -> Result<Self, SnapshotError> {
        let root = std::path::absolute(root).map_err(|error| SnapshotError::file(root, error))?;
        Ok(Self { root, pending: None, recording })
    }

    /// The same directory, for a caller that may write something else.
    pub(crate) fn with(&self, recording: Recording) -> Self {
        Self { recording, ..self.clone() }
    }

    /// The same directory, whose results for review are in one of their own, which need not exist.
    ///
    /// # Errors
    /// When the path is relative and there is no working directory.
    pub fn with_pending(mut self, directory: &Path) -> Result<Self, SnapshotError> {
        let directory = std::path::absolute(directory).map_err(|error| SnapshotError::file(directory, error))?;
        self.pending = Some(directory);
        Ok(self)
    }

    /// The directory in which results wait for review.
    pub(crate) fn for_review(&self) -> Self {
        Self { root: self.pending.as_ref().unwrap_or(&self.root).clone(), pending: None, recording: self.recording }
    }

    /// The directory of its own in which results wait for review, where there is one.
    pub(crate) fn pending_directory(&self) -> Option<&Path> {
        self.pending.as_deref()
    }

    /// What may be written.
    pub(crate) const fn recording(&self) -> Recording {
        self.recording
    }

    /// The directory, as an absolute path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the result of a key is, or would be.
    pub(crate) fn path(&self, key: &SnapshotKey) -> PathBuf {
        self.root.join(key.path())
    }

    /// Whether a result was recorded, without reading it.
    pub(crate) fn has(&self, key: &SnapshotKey) -> bool {
        self.path(key).exists()
    }

    /// What is recorded under a key; `None` when nothing is.
    ///
    /// # Errors
    /// When a file cannot be read, holds something else than it should, or was altered.
    pub fn read(&self, key: &SnapshotKey) -> Result<Option<ReferenceResult>, SnapshotError> {
        let path = self.path(key);
        if !path.try_exists().map_err(|error| SnapshotError::file(&path, error))? {
            return Ok(None);
        }
        self.reference(key, &path).map(Some)
    }

    /// The result in the file at a path, which is that of a key.
    pub(super) fn reference(&self, key: &SnapshotKey, path: &Path) -> Result<ReferenceResult, SnapshotError> {
        reference(path, |hash| Ok(self.root.join(key.arrays_path(hash))))
    }

    /// Keeps a response for which nothing is recorded, as the mode allows.
    ///
    /// # Errors
    /// When a file cannot be written, and when the response has more values than a snapshot describes.
    pub fn keep(
        &self,
        key: &SnapshotKey,
        prediction: &Prediction,
        provenance: &Provenance,
    ) -> Result<Kept, SnapshotError> {
        match self.recording {
            Recording::Never => Ok(Kept::Nothing),
            Recording::Proposed => Ok(Kept::Proposed),
            Recording::Pending => self.save_pending(key, prediction, provenance).map(Kept::Pending),
            Recording::Missing => {
                let path = self.path(key);
                save(&self.root, key, &path, prediction, provenance)?;
                self.settle(key)?;
                Ok(Kept::Recorded(path))
            }
        }
    }

    /// Keeps a response that is not the recorded one for review, where the mode allows it, and says where.
    ///
    /// # Errors
    /// As [`Self::keep`].
    pub fn propose(
        &self,
        key: &SnapshotKey,
        prediction: &Prediction,
        provenance: &Provenance,
    ) -> Result<Option<PathBuf>, SnapshotError> {
        if self.recording == Recording::Never {
            return Ok(None);
        }
        self.save_pending(key, prediction, provenance).map(Some)
    }

    /// Removes what waited for review of a response that is the reference now, where the mode allows it.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn settle(&self, key: &SnapshotKey) -> Result<(), SnapshotError> {
        if self.recording == Recording::Never {
            return Ok(());
        }
        let pending = self.pending_root().join(key.pending_path());
        match fs::remove_file(&pending) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SnapshotError::file(&pending, error)),
            _ => Ok(()),
        }
    }

    /// Writes a result that waits for review, and says where.
    fn save_pending(
        &self,
        key: &SnapshotKey,
        prediction: &Prediction,
        provenance: &Provenance,
    ) -> Result<PathBuf, SnapshotError> {
        let root = self.pending_root();
        let path = root.join(key.pending_path());
        save(root, key, &path, prediction, provenance)?;
        Ok(path)
    }

    fn pending_root(&self) -> &Path {
        self.pending.as_ref().unwrap_or(&self.root)
    }
}

/// Writes a result below a root: its arrays first, so that a snapshot on disk always finds them.
fn save(
    root: &Path,
    key: &SnapshotKey,
    path: &Path,
    prediction: &Prediction,
    provenance: &Provenance,
) -> Result<(), SnapshotError> {
    let (record, arrays) = write::record(prediction, provenance.origin(key))?;
    if let Some(hash) = record.arrays {
        let path = root.join(key.arrays_path(hash));
        let packed = archive::pack(&arrays).map_err(|error| SnapshotError::unreadable(&path, error))?;
        if packed.len() as u64 > file::ARRAYS_LIMIT {
            return Err(SnapshotError::unreadable(&path, "the arrays of the response are too large to keep"));
        }
        put_arrays(&path, &packed)?;
    }
    file::write(path, record.render().as_bytes()).map_err(|error| SnapshotError::file(path, error))
}

/// Writes a file of arrays. Equal content has equal bytes; a file that has others was altered and is put right.
pub(super) fn put_arrays(path: &Path, packed: &[u8]) -> Result<(), SnapshotError> {
    if file::read(path, file::ARRAYS_LIMIT).is_ok_and(|there| there == packed) {
        return Ok(());
    }
    file::write(path, packed).map_err(|error| SnapshotError::file(path, error))
}

/// The record in the file at a path.
pub(super) fn record(path: &Path) -> Result<SnapshotRecord, SnapshotError> {
    let bytes = file::read(path, file::TEXT_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
    let text = String::from_utf8(bytes).map_err(|error| SnapshotError::unreadable(path, error))?;
    SnapshotRecord::parse(&text).map_err(|error| SnapshotError::unreadable(path, error))
}

/// The result in the file at a path; `arrays_path` says where its arrays are.
pub(super) fn reference(
    path: &Path,
    arrays_path: impl FnOnce(ContentHash) -> Result<PathBuf, SnapshotError>,
) -> Result<ReferenceResult, SnapshotError> {
    let record = record(path)?;
    let (arrays, place) = match record.arrays {
        None => (Arrays::new(), path.to_owned()),
        Some(hash) => {
            let arrays_path = arrays_path(hash)?;
            let bytes = file::read(&arrays_path, file::ARRAYS_LIMIT)
                .map_err(|error| SnapshotError::file(&arrays_path, error))?;
            let arrays = archive::unpack(&bytes).map_err(|error| SnapshotError::unreadable(&arrays_path, error))?;
            if archive::name(&arrays) != hash {
                return Err(SnapshotError::Altered { path: arrays_path });
            }
            (arrays, arrays_path)
        }
    };
    let prediction = load::prediction(&record, arrays).map_err(|error| match error {
        archive::StoredError::Edited(_) => SnapshotError::unreadable(path, error),
        other => SnapshotError::unreadable(&place, other),
    })?;
    Ok(ReferenceResult { prediction, origin: record.origin })
}
