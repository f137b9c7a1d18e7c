//! Maintenance of recorded results: what is there, what waits for review, what nothing uses. Judges no response.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::key::{self, ReviewState};
use super::store::{Store, put_arrays, record};
use super::{SnapshotError, SnapshotKey, file};
use crate::prediction::Prediction;
use crate::tensor::ContentHash;

/// A snapshot on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which call's.
    pub key: SnapshotKey,
    /// Whether it is the reference or waits for review.
    pub state: ReviewState,
    /// Its file.
    pub path: PathBuf,
    /// The length of that file in bytes.
    pub(crate) size: u64,
    /// Its arrays.
    pub arrays: StoredArrays,
}

impl Listed {
    /// Where it comes from, in words; empty where it cannot be read.
    pub(crate) fn origin(&self) -> String {
        record(&self.path).map_or_else(|_| String::new(), |record| record.origin.description())
    }
}

/// The arrays of a snapshot on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredArrays {
    /// It has none.
    None,
    /// A file, which may serve several snapshots.
    File {
        /// Where it is, or should be.
        path: PathBuf,
        /// Its length in bytes; `None` when it is not there.
        size: Option<u64>,
    },
    /// The snapshot does not tell.
    Unreadable(String),
}

/// What to do with what nothing uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// Only say what it is.
    Report,
    /// Delete it.
    Delete,
}

impl Store {
    /// Every snapshot and every pending one, sorted by key.
    ///
    /// # Errors
    /// When a directory cannot be read. A snapshot that cannot be is listed as such.
    pub fn list(&self) -> Result<Vec<Listed>, SnapshotError> {
        let mut listed = Vec::new();
        for weights in directories(self.root())? {
            for model in directories(&self.root().join(&weights))? {
                let above = self.root().join(&weights).join(&model);
                for suite in directories(&above)? {
                    for (name, size) in files(&above.join(&suite))? {
                        if let Some((key, state)) = SnapshotKey::from_file(&weights, &model, &suite, &name) {
                            let path = above.join(&suite).join(&name);
                            let arrays = self.arrays_of(&key, &path);
                            listed.push(Listed { key, state, path, size, arrays });
                        }
                    }
                }
            }
        }
        listed.sort_by(|a, b| (&a.key, a.state).cmp(&(&b.key, b.state)));
        Ok(listed)
    }

    /// The keys of all recorded results with the weights and the model of `key`, sorted.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub(super) fn keys_beside(&self, key: &SnapshotKey) -> Result<Vec<SnapshotKey>, SnapshotError> {
        let (weights, model) = (key.weights(), key.model());
        let above = self.root().join(weights).join(model);
        let mut keys = Vec::new();
        for suite in directories(&above)? {
            for (name, _) in files(&above.join(&suite))? {
                let found = SnapshotKey::from_file(weights, model, &suite, &name);
                keys.extend(found.filter(|(_, state)| *state == ReviewState::Accepted).map(|(key, _)| key));
            }
        }
        Ok(keys)
    }

    /// The snapshots, pending ones too, of calls that are not among those used.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn unused(&self, used: &HashSet<SnapshotKey>) -> Result<Vec<Listed>, SnapshotError> {
        let mut listed = self.list()?;
        listed.retain(|entry| !used.contains(&entry.key));
        Ok(listed)
    }

    /// Makes the pending results that `chosen` picks the reference, after making sure that their arrays are there and
    /// intact. Each takes one atomic step; returns those accepted.
    ///
    /// # Errors
    /// At the first result that cannot be accepted; those before it are.
    pub fn accept(&self, chosen: impl Fn(&SnapshotKey) -> bool) -> Result<Vec<SnapshotKey>, SnapshotError> {
        let mut accepted = Vec::new();
        for entry in self.for_review().list()? {
            if entry.state != ReviewState::Pending || !chosen(&entry.key) {
                continue;
            }
            let target = self.root().join(entry.key.path());
            if self.pending_directory().is_some() {
                self.take_over(&entry, &target)?;
            } else {
                self.inspect(&entry)?;
                fs::rename(&entry.path, &target).map_err(|error| SnapshotError::file(&target, error))?;
            }
            // What repeats of the earlier result differed by says nothing of this one.
            let floors = self.floors_path(&entry.key);
            match fs::remove_file(&floors) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(SnapshotError::file(&floors, error));
                }
                _ => {}
            }
            accepted.push(entry.key);
        }
        Ok(accepted)
    }

    /// Makes a result of another directory, which may be on another file system, the reference at `target`.
    fn take_over(&self, entry: &Listed, target: &Path) -> Result<(), SnapshotError> {
        let text =
            file::read(&entry.path, file::TEXT_LIMIT).map_err(|error| SnapshotError::file(&entry.path, error))?;
        let review = self.for_review();
        if let StoredArrays::File { path, .. } = &entry.arrays
            && let Ok(below) = path.strip_prefix(review.root())
        {
            review.inspect(entry)?;
            let packed = file::read(path, file::ARRAYS_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
            put_arrays(&self.root().join(below), &packed)?;
        }
        // Its text with the arrays that are here now.
        self.inspect(entry)?;
        file::write(target, &text).map_err(|error| SnapshotError::file(target, error))?;
        review.reject(entry)
    }

    /// What a result on disk holds, after making sure that its arrays are there and intact.
    ///
    /// # Errors
    /// When it is not whole, or holds something else than it should.
    pub(crate) fn inspect(&self, entry: &Listed) -> Result<Prediction, SnapshotError> {
        Ok(self.reference(&entry.key, &entry.path)?.prediction)
    }

    /// Deletes a result that waits for review.
    ///
    /// # Errors
    /// When its file cannot be deleted.
    pub(crate) fn reject(&self, entry: &Listed) -> Result<(), SnapshotError> {
        fs::remove_file(&entry.path).map_err(|error| SnapshotError::file(&entry.path, error))?;
        remove_empty(self.root(), &entry.path);
        Ok(())
    }

    /// Finds, and when told deletes, what nothing uses: arrays that no snapshot names, and, when `used` says what all suites
    /// together use, the snapshots they do not. Needs [`Store::lock_to_change`]: a recording writes its arrays first.
    ///
    /// # Errors
    /// When a snapshot that stays is unreadable, because its arrays are unknown; when a file cannot be deleted.
    pub fn prune(&self, used: Option<&HashSet<SnapshotKey>>, prune: Prune) -> Result<Vec<PathBuf>, SnapshotError> {
        let mut unused = Vec::new();
        let mut named = HashSet::new();
        for entry in self.list()? {
            if used.is_some_and(|used| !used.contains(&entry.key)) {
                // A floor without its snapshot means nothing.
                let floors = self.floors_path(&entry.key);
                unused.push(entry.path);
                if entry.state == ReviewState::Accepted && floors.exists() {
                    unused.push(floors);
                }
                continue;
            }
            match entry.arrays {
                StoredArrays::None => {}
                StoredArrays::File { path, .. } => {
                    named.insert(path);
                }
                StoredArrays::Unreadable(problem) => {
                    let path = entry.path;
                    return Err(SnapshotError::Uncertain { path, problem });
                }
            }
        }
        for weights in directories(self.root())? {
            for (name, _) in files(&self.root().join(&weights).join(key::ARRAYS))? {
                let hash = name.strip_suffix(".npz").and_then(|stem| stem.parse::<ContentHash>().ok());
                let path = hash.map(|hash| self.root().join(key::arrays_path(&weights, hash)));
                unused.extend(path.filter(|path| !named.contains(path)));
            }
        }
        if prune == Prune::Delete {
            for path in &unused {
                fs::remove_file(path).map_err(|error| SnapshotError::file(path, error))?;
                remove_empty(self.root(), path);
            }
        }
        Ok(unused)
    }

    fn arrays_of(&self, key: &SnapshotKey, path: &Path) -> StoredArrays {
        match record(path).map(|record| record.arrays) {
            Ok(None) => StoredArrays::None,
            Ok(Some(hash)) => {
                let path = self.root().join(key.arrays_path(hash));
                let size = fs::metadata(&path).ok().map(|metadata| metadata.len());
                StoredArrays::File { path, size }
            }
            Err(SnapshotError::Unreadable { problem, .. }) => StoredArrays::Unreadable(problem),
            Err(error) => StoredArrays::Unreadable(error.to_string()),
        }
    }
}

/// Names of the directories in a directory; none when it does not exist. Links are not followed out of the tree.
fn directories(path: &Path) -> Result<Vec<String>, SnapshotError> {
    let found = entries(path, fs::FileType::is_dir)?;
    Ok(found.into_iter().map(|(name, _)| name).collect())
}

/// Names and lengths of the files in a directory; none when it does not exist.
fn files(path: &Path) -> Result<Vec<(String, u64)>, SnapshotError> {
    entries(path, fs::FileType::is_file)
}

fn entries(path: &Path, wanted: impl Fn(&fs::FileType) -> bool) -> Result<Vec<(String, u64)>, SnapshotError> {
    let at = |error| SnapshotError::file(path, error);
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(at(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(at)?;
        if wanted(&entry.file_type().map_err(at)?) {
            let size = entry.metadata().map_err(at)?.len();
            // A name that is no text is none of ours.
            found.extend(OsString::into_string(entry.file_name()).ok().map(|name| (name, size)));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes the directories that a deleted file leaves empty; that they stay is no harm.
fn remove_empty(root: &Path, path: &Path) {
    let above = path.ancestors().skip(1).take_while(|directory| *directory != root);
    for directory in above {
        if fs::remove_dir(directory).is_err() {
            return;
        }
    }
}
