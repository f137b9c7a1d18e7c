//! Maintenance of recorded results: lists them, accepts or rejects pending ones, removes unused ones. Does not judge responses.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::key::{ARRAYS, ReviewState, arrays_path};
use super::store::{Store, put_arrays, record};
use super::{SnapshotError, SnapshotKey, file};
use crate::prediction::Prediction;
use crate::tensor::ContentHash;

/// A snapshot on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: SnapshotKey,
    /// Whether it is the reference or waits for review.
    pub state: ReviewState,
    /// Its file.
    pub path: PathBuf,
    /// Length of its file in bytes.
    pub(crate) size: u64,
    /// Its arrays.
    pub arrays: StoredArrays,
}

impl Listed {
    /// The origin of the result in one line; empty if it cannot be read.
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
        /// Its length in bytes; `None` if it does not exist.
        size: Option<u64>,
    },
    /// Unknown, because the snapshot cannot be read.
    Unreadable(String),
}

/// What to do with unused files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// Only list them.
    Report,
    /// Delete them.
    Delete,
}

impl Store {
    /// Every snapshot and every pending one, sorted by key.
    ///
    /// # Errors
    /// When a directory cannot be read. A snapshot that cannot be read is listed as such.
    pub fn list(&self) -> Result<Vec<Listed>, SnapshotError> {
        let mut listed = Vec::new();
        for weights in directories(&self.root)? {
            for model in directories(&self.root.join(&weights))? {
                for (key, state, path, size) in self.files_of(&weights, &model)? {
                    let arrays = self.arrays_of(&key, &path);
                    listed.push(Listed { key, state, path, size, arrays });
                }
            }
        }
        listed.sort_by(|a, b| (&a.key, a.state).cmp(&(&b.key, b.state)));
        Ok(listed)
    }

    /// The snapshots of a model with some weights, sorted by suite and file name, each with its file and the file's length.
    ///
    /// # Errors
    /// When a directory cannot be read.
    pub(super) fn files_of(
        &self,
        weights: &str,
        model: &str,
    ) -> Result<Vec<(SnapshotKey, ReviewState, PathBuf, u64)>, SnapshotError> {
        let above = self.root.join(weights).join(model);
        let mut found = Vec::new();
        for suite in directories(&above)? {
            for (name, size) in files(&above.join(&suite))? {
                let key = SnapshotKey::from_file(weights, model, &suite, &name);
                found.extend(key.map(|(key, state)| (key, state, above.join(&suite).join(&name), size)));
            }
        }
        Ok(found)
    }

    /// The snapshots, pending ones too, whose keys are not in `used`.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn unused(&self, used: &HashSet<SnapshotKey>) -> Result<Vec<Listed>, SnapshotError> {
        let mut listed = self.list()?;
        listed.retain(|entry| !used.contains(&entry.key));
        Ok(listed)
    }

    /// Makes the pending results that `chosen` picks the reference, after checking that their arrays are intact. Each takes one atomic
    /// step. Returns the accepted ones.
    ///
    /// # Errors
    /// At the first result that cannot be accepted. Those before it are accepted.
    pub fn accept(&self, chosen: impl Fn(&SnapshotKey) -> bool) -> Result<Vec<SnapshotKey>, SnapshotError> {
        let mut accepted = Vec::new();
        for entry in self.for_review().list()? {
            if entry.state != ReviewState::Pending || !chosen(&entry.key) {
                continue;
            }
            let target = self.path(&entry.key);
            if self.pending.is_some() {
                self.take_over(&entry, &target)?;
            } else {
                self.inspect(&entry)?;
                fs::rename(&entry.path, &target).map_err(|error| SnapshotError::file(&target, error))?;
            }
            // The noise floor of the earlier result does not hold for this one.
            file::remove(&self.floors_path(&entry.key))?;
            accepted.push(entry.key);
        }
        Ok(accepted)
    }

    /// Makes a result from another directory, which may be on another file system, the reference at `target`.
    fn take_over(&self, entry: &Listed, target: &Path) -> Result<(), SnapshotError> {
        let text = file::read(&entry.path, file::TEXT_LIMIT)?;
        let review = self.for_review();
        if let StoredArrays::File { path, .. } = &entry.arrays
            && let Ok(below) = path.strip_prefix(&review.root)
        {
            review.inspect(entry)?;
            put_arrays(&self.root.join(below), &file::read(path, file::ARRAYS_LIMIT)?)?;
        }
        // Checks the text with the arrays that are here now.
        self.inspect(entry)?;
        file::write(target, &text)?;
        review.reject(entry)
    }

    /// The content of a result on disk, after checking that its arrays are intact.
    ///
    /// # Errors
    /// When it is incomplete or has the wrong content.
    pub(crate) fn inspect(&self, entry: &Listed) -> Result<Prediction, SnapshotError> {
        Ok(self.reference(&entry.key, &entry.path)?.prediction)
    }

    /// Deletes a result that waits for review.
    ///
    /// # Errors
    /// When its file cannot be deleted.
    pub(crate) fn reject(&self, entry: &Listed) -> Result<(), SnapshotError> {
        fs::remove_file(&entry.path).map_err(|error| SnapshotError::file(&entry.path, error))?;
        remove_empty(&self.root, &entry.path);
        Ok(())
    }

    /// Lists or deletes unused files: arrays that no snapshot names, and snapshots that are not in `used`, which has the keys of all
    /// suites. Needs [`Store::lock_to_change`], because a recording writes its arrays first.
    ///
    /// # Errors
    /// When a snapshot that stays is unreadable, so that its arrays are unknown, or when a file cannot be deleted.
    pub fn prune(&self, used: Option<&HashSet<SnapshotKey>>, prune: Prune) -> Result<Vec<PathBuf>, SnapshotError> {
        let mut unused = Vec::new();
        let mut named = HashSet::new();
        for entry in self.list()? {
            if used.is_some_and(|used| !used.contains(&entry.key)) {
                // A floor is useless without its snapshot.
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
                    return Err(SnapshotError::Uncertain { path: entry.path, problem });
                }
            }
        }
        for weights in directories(&self.root)? {
            for (name, _) in files(&self.root.join(&weights).join(ARRAYS))? {
                let hash = name.strip_suffix(".npz").and_then(|stem| stem.parse::<ContentHash>().ok());
                let path = hash.map(|hash| self.root.join(arrays_path(&weights, hash)));
                unused.extend(path.filter(|path| !named.contains(path)));
            }
        }
        if prune == Prune::Delete {
            for path in &unused {
                fs::remove_file(path).map_err(|error| SnapshotError::file(path, error))?;
                remove_empty(&self.root, path);
            }
        }
        Ok(unused)
    }

    fn arrays_of(&self, key: &SnapshotKey, path: &Path) -> StoredArrays {
        match record(path).map(|record| record.arrays) {
            Ok(None) => StoredArrays::None,
            Ok(Some(hash)) => {
                let path = self.arrays_path(key, hash);
                StoredArrays::File { size: fs::metadata(&path).ok().map(|metadata| metadata.len()), path }
            }
            Err(SnapshotError::Unreadable { problem, .. }) => StoredArrays::Unreadable(problem),
            Err(error) => StoredArrays::Unreadable(error.to_string()),
        }
    }
}

/// Names of the directories in a directory, which need not exist. Does not follow links out of the tree.
fn directories(path: &Path) -> Result<Vec<String>, SnapshotError> {
    Ok(entries(path, fs::FileType::is_dir)?.into_iter().map(|(name, _)| name).collect())
}

/// Names and lengths of the files in a directory, which need not exist.
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
            // Skips names that are not UTF-8, which no snapshot has.
            found.extend(entry.file_name().into_string().ok().map(|name| (name, size)));
        }
    }
    found.sort();
    Ok(found)
}

/// Removes the directories that a deleted file leaves empty. It does no harm if they stay.
fn remove_empty(root: &Path, path: &Path) {
    let mut above = path.ancestors().skip(1).take_while(|directory| *directory != root);
    let _ = above.try_for_each(fs::remove_dir);
}
