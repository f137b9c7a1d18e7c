//! Opens files of results by their path and not by a key: a snapshot at any path, an npy or npz file. Compares nothing.

use std::path::{Path, PathBuf};

use super::store::{ReferenceResult, reference};
use super::{SnapshotError, archive, file, key, npy};
use crate::tensor::{ContentHash, Tensor};

/// What a snapshot's file holds. The arrays are looked for where recording puts them.
///
/// # Errors
/// When a file cannot be read or holds something else than it should.
pub fn open(path: &Path) -> Result<ReferenceResult, SnapshotError> {
    reference(path, |hash| arrays_of(path, hash))
}

/// `WEIGHTS/arrays/HASH.npz` for `WEIGHTS/MODEL/SUITE/CASE.snap`.
fn arrays_of(path: &Path, hash: ContentHash) -> Result<PathBuf, SnapshotError> {
    let whole = std::path::absolute(path).map_err(|error| SnapshotError::file(path, error))?;
    let weights = whole.ancestors().nth(3);
    let arrays = weights.map(|weights| weights.join(key::ARRAYS).join(format!("{hash}.npz")));
    match arrays {
        Some(arrays) if arrays.exists() => Ok(arrays),
        _ => Err(SnapshotError::unreadable(
            path,
            format!(
                "its arrays are not where they were recorded, three directories up in {}/{hash}.npz; a snapshot is read from \
                 WEIGHTS/MODEL/SUITE/CASE.snap beside WEIGHTS/{}",
                key::ARRAYS,
                key::ARRAYS
            ),
        )),
    }
}

/// The arrays of an npz file by name, or the one of an npy file under no name.
///
/// # Errors
/// When the file cannot be read or is neither.
pub(crate) fn open_arrays(path: &Path) -> Result<Vec<(String, Tensor)>, SnapshotError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz")) {
        return Ok(open_archive(path)?.into_iter().collect());
    }
    let bytes = file::read(path, file::OWN_ARRAY_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
    let tensor = npy::read(&bytes.into()).map_err(|problem| SnapshotError::unreadable(path, problem))?;
    Ok(vec![(String::new(), tensor)])
}

fn open_archive(path: &Path) -> Result<archive::Arrays, SnapshotError> {
    let bytes = file::read(path, file::ARRAYS_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
    archive::unpack(&bytes).map_err(|error| SnapshotError::unreadable(path, error))
}
