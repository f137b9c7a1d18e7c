//! The directory of recorded results, and the judgement of a response by them. Prints nothing; writes only what its mode
//! allows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::archive;
use super::compare::{Record, compare};
use super::comparison::Comparison;
use super::contents::Contents;
use super::digest::Digest;
use super::explain::{likely_cause, told};
use super::judge::FieldJudge;
use super::provenance::Provenance;
use super::runtime::{self, Candidate};
use super::{ContentHash, SnapshotError, SnapshotKey, file, read, text};
use crate::prediction::Prediction;

/// What a judgement may write.
///
/// A run in a checkout keeps [`Self::Pending`], so that `cargo insta review` has something to show after a failure. A run
/// whose checkout nobody reviews (in CI, or read-only) takes [`Self::Never`].
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
    recording: Recording,
}

/// How a response stands to its snapshot.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// It is what was recorded, within tolerance.
    Matches(Comparison),
    /// It is not.
    Differs {
        /// In which values, and by how much.
        comparison: Comparison,
        /// Where the response was put for review.
        pending: Option<PathBuf>,
    },
    /// Nothing was recorded: not a pass.
    Missing {
        /// Where the snapshot would be.
        path: PathBuf,
        /// Where the response was put for review.
        pending: Option<PathBuf>,
    },
    /// Nothing was recorded, and this may be.
    Proposed,
    /// Nothing was recorded until now.
    Recorded {
        /// Where the snapshot is.
        path: PathBuf,
    },
}

impl Store {
    /// The snapshots below `root`, which need not exist.
    ///
    /// # Errors
    /// When the path is relative and there is no working directory.
    pub fn new(root: &Path, recording: Recording) -> Result<Self, SnapshotError> {
        let root = std::path::absolute(root).map_err(|error| SnapshotError::file(root, error))?;
        Ok(Self { root, recording })
    }

    /// The same directory, for a judgement that may write something else.
    #[must_use]
    pub fn with(&self, recording: Recording) -> Self {
        Self {
            root: self.root.clone(),
            recording,
        }
    }

    /// What a judgement may write.
    #[must_use]
    pub const fn recording(&self) -> Recording {
        self.recording
    }

    /// The directory, as an absolute path.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a result was recorded, without reading it.
    #[must_use]
    pub fn has(&self, key: &SnapshotKey) -> bool {
        self.root.join(key.path()).exists()
    }

    /// Holds a response against the snapshot of its call, and writes what the mode allows.
    ///
    /// # Errors
    /// When a file cannot be read or written, or holds something else than it should; the error names it. When the response
    /// has more values than a snapshot describes.
    pub fn judge(
        &self,
        key: &SnapshotKey,
        prediction: &Prediction,
        provenance: &Provenance,
        judge: Arc<dyn FieldJudge>,
    ) -> Result<Judgement, SnapshotError> {
        let actual = Arc::new(Contents::of(prediction)?);
        let body = actual.digest().to_string();
        let candidate = Candidate {
            description: provenance.description(key),
            info: provenance.info(key),
            // insta takes the parent of this path.
            source: Path::new(&provenance.source)
                .parent()
                .map_or("suites", |_| &provenance.source),
            body: &body,
        };
        let path = self.root.join(key.path());
        let there = path.try_exists().map_err(|error| SnapshotError::file(&path, error))?;
        if there {
            self.judge_recorded(key, &path, actual, (&candidate, provenance.seed_option.clone()), judge)
        } else {
            self.judge_missing(key, path, actual, &candidate)
        }
    }

    fn judge_recorded(
        &self,
        key: &SnapshotKey,
        path: &Path,
        actual: Arc<Contents>,
        (candidate, seed): (&Candidate<'_>, Option<String>),
        judge: Arc<dyn FieldJudge>,
    ) -> Result<Judgement, SnapshotError> {
        text::read_body(path)?;
        let visit = {
            let (store, key, path) = (self.clone(), key.clone(), path.to_owned());
            move |reference: &insta::Snapshot, new: &insta::Snapshot| {
                let (recorded, altered) = store.load(&key, &path, reference)?;
                let record = if altered.is_some() {
                    Record::Altered
                } else {
                    Record::Intact
                };
                let fields = compare(&recorded, &actual, record, &*judge);
                let mut comparison = Comparison {
                    cause: None,
                    fields,
                    altered,
                };
                if !comparison.matches() {
                    let metadata = runtime::metadata(new).unwrap_or_default();
                    let relatives = store.related(
                        &key,
                        &metadata,
                        seed.as_deref(),
                        &actual.digest,
                        &told(&comparison.fields),
                    );
                    comparison.cause = likely_cause(&comparison.fields, &recorded, &actual, &relatives);
                }
                let pending = store.root.join(key.pending_path());
                if comparison.matches() {
                    store.answered(&pending)?;
                    return Ok(Judgement::Matches(comparison));
                }
                // When the response reads as recorded and only the arrays were altered, there is nothing to review: their
                // file has to be restored.
                let news = runtime::text(reference) != runtime::text(new);
                let pending = match store.recording {
                    Recording::Pending | Recording::Proposed | Recording::Missing if news => {
                        Some(store.save(&key, pending, &actual, new)?)
                    }
                    _ => None,
                };
                Ok(Judgement::Differs { comparison, pending })
            }
        };
        runtime::compare(&self.root.join(key.directory()), &key.stem(), candidate, visit)
            .map_err(|error| SnapshotError::unreadable(path, error))?
    }

    fn judge_missing(
        &self,
        key: &SnapshotKey,
        path: PathBuf,
        actual: Arc<Contents>,
        candidate: &Candidate<'_>,
    ) -> Result<Judgement, SnapshotError> {
        let pending = self.root.join(key.pending_path());
        let target = match self.recording {
            Recording::Never => return Ok(Judgement::Missing { path, pending: None }),
            Recording::Proposed => return Ok(Judgement::Proposed),
            Recording::Pending => pending.clone(),
            Recording::Missing => path.clone(),
        };
        let (store, key) = (self.clone(), key.clone());
        let written = runtime::build(candidate, move |new| store.save(&key, target.clone(), &actual, new))
            .map_err(|error| SnapshotError::unreadable(&path, error))??;
        if self.recording == Recording::Missing {
            self.answered(&pending)?;
            return Ok(Judgement::Recorded { path });
        }
        Ok(Judgement::Missing {
            path,
            pending: Some(written),
        })
    }

    /// Removes what waited for review of a response that is the reference now.
    fn answered(&self, pending: &Path) -> Result<(), SnapshotError> {
        if self.recording == Recording::Never {
            return Ok(());
        }
        match fs::remove_file(pending) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(SnapshotError::file(pending, error)),
            _ => Ok(()),
        }
    }

    /// Writes arrays first, so that a snapshot on disk always finds them.
    fn save(
        &self,
        key: &SnapshotKey,
        path: PathBuf,
        contents: &Contents,
        snapshot: &insta::Snapshot,
    ) -> Result<PathBuf, SnapshotError> {
        if let Some(hash) = contents.digest().arrays {
            let path = self.root.join(key.arrays_path(hash));
            let packed = archive::pack(&contents.arrays()).map_err(|error| SnapshotError::unreadable(&path, error))?;
            if packed.len() as u64 > file::ARRAYS_LIMIT {
                return Err(SnapshotError::unreadable(
                    &path,
                    "the arrays of the response are too large to keep",
                ));
            }
            // Equal content has equal bytes; a file that has others was altered and is put right.
            if file::read(&path, file::ARRAYS_LIMIT).ok().as_ref() != Some(&packed) {
                file::write(&path, &packed).map_err(|error| SnapshotError::file(&path, error))?;
            }
        }
        file::replace(&path, |part| {
            snapshot.save(part).map_err(|error| io::Error::other(error.to_string()))
        })
        .map_err(|error| SnapshotError::file(&path, error))?;
        Ok(path)
    }

    /// What is recorded under a key; `None` when nothing is.
    ///
    /// # Errors
    /// When a file cannot be read, holds something else than it should, or was altered.
    pub fn read(&self, key: &SnapshotKey) -> Result<Option<Contents>, SnapshotError> {
        let path = self.root.join(key.path());
        if !path.try_exists().map_err(|error| SnapshotError::file(&path, error))? {
            return Ok(None);
        }
        let body = text::read_body(&path)?;
        let digest = read::read(&body).map_err(|error| SnapshotError::unreadable(&path, error))?;
        match self.assemble(key, &path, digest)? {
            (contents, None) => Ok(Some(contents)),
            (_, Some(altered)) => Err(SnapshotError::unreadable(&altered, "was altered after it was recorded")),
        }
    }

    /// What a snapshot holds, and its file of arrays if that was altered.
    fn load(
        &self,
        key: &SnapshotKey,
        path: &Path,
        snapshot: &insta::Snapshot,
    ) -> Result<(Contents, Option<PathBuf>), SnapshotError> {
        let body = runtime::text(snapshot).ok_or_else(|| SnapshotError::unreadable(path, "is a binary snapshot"))?;
        let digest = read::read(&body).map_err(|error| SnapshotError::unreadable(path, error))?;
        self.assemble(key, path, digest)
    }

    /// The arrays that a digest names, with it.
    pub(super) fn assemble(
        &self,
        key: &SnapshotKey,
        path: &Path,
        digest: Digest,
    ) -> Result<(Contents, Option<PathBuf>), SnapshotError> {
        let Some(hash) = digest.arrays else {
            let contents = Contents::from_stored(digest, archive::Arrays::new())
                .map_err(|error| SnapshotError::unreadable(path, error))?;
            return Ok((contents, None));
        };
        let (arrays_path, arrays) = self.arrays(key, hash)?;
        let altered = archive::name(&arrays) != hash;
        let contents =
            Contents::from_stored(digest, arrays).map_err(|error| SnapshotError::unreadable(&arrays_path, error))?;
        Ok((contents, altered.then_some(arrays_path)))
    }

    /// The arrays under a name, whatever their content hashes to.
    fn arrays(&self, key: &SnapshotKey, hash: ContentHash) -> Result<(PathBuf, archive::Arrays), SnapshotError> {
        let path = self.root.join(key.arrays_path(hash));
        let bytes = file::read(&path, file::ARRAYS_LIMIT).map_err(|error| SnapshotError::file(&path, error))?;
        let arrays = archive::unpack(&bytes).map_err(|error| SnapshotError::unreadable(&path, error))?;
        Ok((path, arrays))
    }
}
