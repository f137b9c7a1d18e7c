//! Opens files of results that nobody judges by a key: a snapshot at any path, an npy or npz file. Compares nothing.

use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::{ContentHash, SnapshotError, archive, file, key, npy, read, text};
use crate::tensor::Tensor;

/// A snapshot that was opened by its path.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What it holds.
    pub contents: Contents,
    /// The key of the model whose result it is, where its metadata names one.
    pub model: Option<String>,
    /// Which parameters stand behind it, where its metadata says so.
    pub weights: Option<String>,
}

/// What a snapshot's file holds. The arrays are looked for where recording puts them.
///
/// # Errors
/// When a file cannot be read or holds something else than it should.
pub fn open(path: &Path) -> Result<Opened, SnapshotError> {
    let (metadata, body) = text::read_parts(path)?;
    let named = |key: &str| {
        let value = metadata.lines().find_map(|line| line.strip_prefix(key))?;
        Some(value.trim().trim_matches('"').to_owned())
    };
    let digest = read::read(&body).map_err(|error| SnapshotError::unreadable(path, error))?;
    let arrays = match digest.arrays {
        None => archive::Arrays::new(),
        Some(hash) => {
            let path = arrays_of(path, hash)?;
            let arrays = open_archive(&path)?;
            if archive::name(&arrays) != hash {
                return Err(SnapshotError::unreadable(&path, "was altered after it was recorded"));
            }
            arrays
        }
    };
    let contents = Contents::from_stored(digest, arrays).map_err(|error| SnapshotError::unreadable(path, error))?;
    Ok(Opened {
        contents,
        model: named("  model: "),
        weights: named("  weights: "),
    })
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
pub fn open_arrays(path: &Path) -> Result<Vec<(String, Tensor)>, SnapshotError> {
    if path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("npz"))
    {
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
