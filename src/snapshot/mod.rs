//! Recorded reference results: snapshots that people review as text and that load as the responses they were recorded of.
//!
//! A snapshot is a text file at `WEIGHTS/MODEL/SUITE/CASE.snap` in the form that `cargo insta review` shows and accepts: a head, then
//! a JSON record that says where the result comes from, has a line for every value, and names the arrays behind them by content hash:
//! `WEIGHTS/arrays/HASH.npz`. So a review shows a readable diff, and accepting it there is complete, because the arrays of a pending
//! result have their final name already. [`Store::prune`] removes arrays that no snapshot names.
//!
//! Arrays up to 8 MiB are stored whole. Of larger ones, some rows and the length of every row are stored. Everything on disk is untrusted.
//!
//! This module does not compare, print or call backends.

use std::io;
use std::path::{Path, PathBuf};

use crate::prediction::TooManyValues;

mod archive;
mod array_files;
mod columns;
mod file;
mod floor;
mod key;
mod load;
mod lock;
mod neighbours;
mod npy;
mod provenance;
mod record;
mod statistics;
mod store;
mod unpacked;
mod write;

pub(crate) use array_files::Listed;
pub use array_files::{Prune, StoredArrays};
pub(crate) use file::{read_bounded, write_atomically};
pub use floor::Floors;
pub(crate) use floor::open_floors;
pub(crate) use key::InvalidKey;
pub use key::{ReviewState, SnapshotKey};
pub use provenance::Provenance;
pub use store::{Kept, Recording, Store, open};
pub(crate) use store::{ReferenceResult, open_arrays};
pub(crate) use unpacked::{Unpacked, has_built_in};

/// Why a snapshot could not be read or written. Every error names its file.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system reports an error.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// A file has the wrong content.
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
    /// A run is recording there.
    #[error("{path} is in use: a run may record there; try again when it has ended", path = path.display())]
    InUse {
        /// The directory of snapshots.
        path: PathBuf,
    },
    /// The response cannot be described.
    #[error(transparent)]
    TooManyValues(#[from] TooManyValues),
    /// Unused arrays cannot be told from needed ones.
    #[error("cannot tell which arrays are unused while a snapshot is unreadable: {path}: {problem}", path = path.display())]
    Uncertain {
        /// The snapshot.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

impl SnapshotError {
    fn file(path: &Path, error: io::Error) -> Self {
        Self::File { path: path.to_owned(), error }
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers pass errors by value")]
    fn unreadable(path: &Path, problem: impl ToString) -> Self {
        Self::Unreadable { path: path.to_owned(), problem: problem.to_string() }
    }
}
