//! How snapshots cannot be read or written. Every error names the file it is about.

use std::io;
use std::path::{Path, PathBuf};

use crate::prediction::TooManyValues;

/// Why a response could not be judged by its snapshot, or snapshots could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refused.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Its refusal.
        error: io::Error,
    },
    /// A file holds something else than it should.
    #[error("{path}: {problem}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The arrays of a snapshot are not those that were recorded.
    #[error("{path} was altered after it was recorded: its content is not what its name says", path = path.display())]
    Altered {
        /// The file of arrays.
        path: PathBuf,
    },
    /// A run records there at this moment.
    #[error("{path} is in use: a run may record there; try again when it has ended", path = path.display())]
    InUse {
        /// The directory of snapshots.
        path: PathBuf,
    },
    /// The response cannot be described.
    #[error(transparent)]
    TooManyValues(#[from] TooManyValues),
    /// Arrays cannot be swept while it is unknown which ones are needed.
    #[error("cannot tell which arrays are unused while a snapshot is unreadable: {path}: {problem}", path = path.display())]
    Uncertain {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl SnapshotError {
    pub(super) fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    #[expect(clippy::needless_pass_by_value, reason = "errors are handed on as they come")]
    pub(super) fn unreadable(path: &Path, problem: impl ToString) -> Self {
        Self::Unreadable { path: path.to_owned(), problem: problem.to_string() }
    }
}
