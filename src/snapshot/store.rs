//! The directory of recorded results. Reads them, and writes what its mode allows. Does not compare or print.

use std::path::{Path, PathBuf};

use super::archive::{self, Arrays};
use super::key::{ARRAYS, arrays_path};
use super::provenance::{Origin, Provenance, in_words};
use super::record::SnapshotRecord;
use super::{SnapshotError, SnapshotKey, file, load, npy, write};
use crate::prediction::Prediction;
use crate::tensor::{ContentHash, Tensor};

/// Which results may be written.
///
/// A run in a checkout uses [`Self::Pending`], so that `cargo insta review` has something to show after a failure. A run whose checkout
/// is not reviewed (in CI, or read-only) uses [`Self::Never`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// None.
    Never,
    /// Results that differ or have no snapshot, as `.snap.new` for review.
    Pending,
    /// Results that differ, as [`Self::Pending`]. Results without a snapshot are left for [`Self::Missing`] to record, once it is known
    /// that nothing else is wrong with them.
    Proposed,
    /// As [`Self::Pending`], but results without a snapshot become snapshots at once. A recorded one is never overwritten.
    Missing,
}

/// A directory of snapshots.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) root: PathBuf,
    /// The directory of pending results, if it is not `root`.
    pub(super) pending: Option<PathBuf>,
    pub(super) recording: Recording,
}

/// A recorded result.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceResult {
    /// The response, apart from how long it took.
    pub prediction: Prediction,
    pub(super) origin: Origin,
}

/// What happened to a response for which nothing is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing: not a pass.
    Nothing,
    /// It waits for review in this file: not a pass either.
    Pending(PathBuf),
    /// It may be recorded.
    Proposed,
    /// It is the reference now, in this file.
    Recorded(PathBuf),
}

impl ReferenceResult {
    /// Its fixed options and the current ones, in words. Returns `None` if they are the same.
    pub(crate) fn configured_otherwise(&self, now: &Provenance) -> Option<(String, String)> {
        (self.origin.config != now.config).then(|| (in_words(&self.origin.config), in_words(&now.config)))
    }

    /// The key of its model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.origin.model
    }

    /// Its weights.
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

    /// The same directory with another mode.
    pub(crate) fn with(&self, recording: Recording) -> Self {
        Self { recording, ..self.clone() }
    }

    /// The same directory with another directory, which need not exist, for pending results.
    ///
    /// # Errors
    /// When the path is relative and there is no working directory.
    pub fn with_pending(self, directory: &Path) -> Result<Self, SnapshotError> {
        let directory = std::path::absolute(directory).map_err(|error| SnapshotError::file(directory, error))?;
        Ok(Self { pending: Some(directory), ..self })
    }

    /// The directory of pending results.
    pub(crate) fn for_review(&self) -> Self {
        Self { root: self.pending_root().to_owned(), pending: None, recording: self.recording }
    }

    /// The directory of pending results, if they have their own.
    pub(crate) fn pending_directory(&self) -> Option<&Path> {
        self.pending.as_deref()
    }

    /// Which results may be written.
    pub(crate) const fn recording(&self) -> Recording {
        self.recording
    }

    /// The directory, as an absolute path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file for the result of a key.
    pub(crate) fn path(&self, key: &SnapshotKey) -> PathBuf {
        self.root.join(key.path())
    }

    /// Whether a result was recorded, without reading it.
    pub(crate) fn has(&self, key: &SnapshotKey) -> bool {
        self.path(key).exists()
    }

    /// The recorded result of a key. Returns `None` if there is none.
    ///
    /// # Errors
    /// When a file cannot be read, has the wrong content, or was altered.
    pub fn read(&self, key: &SnapshotKey) -> Result<Option<ReferenceResult>, SnapshotError> {
        let path = self.path(key);
        if !path.try_exists().map_err(|error| SnapshotError::file(&path, error))? {
            return Ok(None);
        }
        self.reference(key, &path).map(Some)
    }

    /// The result of a key, from the file at a path.
    pub(super) fn reference(&self, key: &SnapshotKey, path: &Path) -> Result<ReferenceResult, SnapshotError> {
        reference(path, |hash| Ok(self.arrays_path(key, hash)))
    }

    pub(super) fn arrays_path(&self, key: &SnapshotKey, hash: ContentHash) -> PathBuf {
        self.root.join(arrays_path(key.weights(), hash))
    }

    /// Keeps a response for which nothing is recorded, as the mode allows.
    ///
    /// # Errors
    /// When a file cannot be written, or the response has more values than a snapshot can describe.
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
                self.save(key, &path, prediction, provenance)?;
                self.settle(key)?;
                Ok(Kept::Recorded(path))
            }
        }
    }

    /// Keeps a response that differs from the recorded one for review, if the mode allows it. Returns its file.
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

    /// Removes the pending result of a key whose response is the reference now, if the mode allows it.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn settle(&self, key: &SnapshotKey) -> Result<(), SnapshotError> {
        match self.recording {
            Recording::Never => Ok(()),
            _ => file::remove(&self.pending_root().join(key.pending_path())),
        }
    }

    /// Writes a pending result and returns its file.
    fn save_pending(
        &self,
        key: &SnapshotKey,
        prediction: &Prediction,
        provenance: &Provenance,
    ) -> Result<PathBuf, SnapshotError> {
        let review = self.for_review();
        let path = review.root.join(key.pending_path());
        review.save(key, &path, prediction, provenance)?;
        Ok(path)
    }

    fn pending_root(&self) -> &Path {
        self.pending.as_ref().unwrap_or(&self.root)
    }

    /// Writes a result to the file at a path. Writes its arrays first, so that a snapshot on disk always finds them.
    fn save(
        &self,
        key: &SnapshotKey,
        path: &Path,
        prediction: &Prediction,
        provenance: &Provenance,
    ) -> Result<(), SnapshotError> {
        let (record, arrays) = write::record(prediction, provenance.origin(key))?;
        if let Some(hash) = record.arrays {
            let path = self.arrays_path(key, hash);
            let packed = archive::pack(&arrays).map_err(|error| SnapshotError::unreadable(&path, error))?;
            if packed.len() as u64 > file::ARRAYS_LIMIT {
                return Err(SnapshotError::unreadable(&path, "the arrays of the response are too large to keep"));
            }
            put_arrays(&path, &packed)?;
        }
        file::write(path, record.render().as_bytes())
    }
}

/// Writes a file of arrays. Equal arrays have equal bytes, so a file with other bytes was altered and is overwritten.
pub(super) fn put_arrays(path: &Path, packed: &[u8]) -> Result<(), SnapshotError> {
    match file::read(path, file::ARRAYS_LIMIT) {
        Ok(there) if there == packed => Ok(()),
        _ => file::write(path, packed),
    }
}

/// The record in the file at a path.
pub(super) fn record(path: &Path) -> Result<SnapshotRecord, SnapshotError> {
    let text = String::from_utf8(file::read(path, file::TEXT_LIMIT)?)
        .map_err(|error| SnapshotError::unreadable(path, error))?;
    SnapshotRecord::parse(&text).map_err(|error| SnapshotError::unreadable(path, error))
}

/// The result in the file at a path, with its arrays from the file that `arrays_path` returns.
pub(super) fn reference(
    path: &Path,
    arrays_path: impl FnOnce(ContentHash) -> Result<PathBuf, SnapshotError>,
) -> Result<ReferenceResult, SnapshotError> {
    let record = record(path)?;
    let (arrays, place) = match record.arrays {
        None => (Arrays::new(), path.to_owned()),
        Some(hash) => {
            let arrays_path = arrays_path(hash)?;
            let arrays = open_archive(&arrays_path)?;
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

/// The result in a snapshot's file at any path. Looks for its arrays where recording puts them: in `WEIGHTS/arrays/HASH.npz` for
/// `WEIGHTS/MODEL/SUITE/CASE.snap`.
///
/// # Errors
/// When a file cannot be read or has the wrong content.
pub fn open(path: &Path) -> Result<ReferenceResult, SnapshotError> {
    reference(path, |hash| {
        let whole = std::path::absolute(path).map_err(|error| SnapshotError::file(path, error))?;
        let arrays = whole.ancestors().nth(3).map(|weights| weights.join(ARRAYS).join(format!("{hash}.npz")));
        arrays.filter(|arrays| arrays.exists()).ok_or_else(|| {
            let problem = format!(
                "its arrays are not where they were recorded, three directories up in {ARRAYS}/{hash}.npz; a snapshot is read from \
                 WEIGHTS/MODEL/SUITE/CASE.snap beside WEIGHTS/{ARRAYS}"
            );
            SnapshotError::unreadable(path, problem)
        })
    })
}

/// The arrays of an npz file by name, or the array of an npy file under an empty name.
///
/// # Errors
/// When the file cannot be read or is neither.
pub(crate) fn open_arrays(path: &Path) -> Result<Vec<(String, Tensor)>, SnapshotError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
        return Ok(open_archive(path)?.into_iter().collect());
    }
    let bytes = file::read(path, file::OWN_ARRAY_LIMIT)?;
    let tensor = npy::read(&bytes.into()).map_err(|problem| SnapshotError::unreadable(path, problem))?;
    Ok(vec![(String::new(), tensor)])
}

fn open_archive(path: &Path) -> Result<Arrays, SnapshotError> {
    archive::unpack(&file::read(path, file::ARRAYS_LIMIT)?).map_err(|error| SnapshotError::unreadable(path, error))
}
