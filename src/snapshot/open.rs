//! Opens files of results that nobody judges by a key: a snapshot at any path, an npy or npz file. Compares nothing.

use std::path::Path;

use super::contents::Contents;
use super::{SnapshotError, archive, file, key, npy, read, text};
use crate::tensor::Tensor;

/// What a snapshot's file holds, with the key of the model whose result it is, where its metadata names one. The arrays are
/// looked for where recording puts them.
///
/// # Errors
/// When a file cannot be read or holds something else than it should.
pub fn open(path: &Path) -> Result<(Contents, Option<String>), SnapshotError> {
    let (metadata, body) = text::read_parts(path)?;
    let model = metadata.lines().find_map(|line| line.strip_prefix("  model: "));
    let model = model.map(|model| model.trim().trim_matches('"').to_owned());
    let digest = read::read(&body).map_err(|error| SnapshotError::unreadable(path, error))?;
    let arrays = match digest.arrays {
        None => archive::Arrays::new(),
        Some(hash) => {
            // WEIGHTS/MODEL/SUITE/CASE.snap beside WEIGHTS/arrays/HASH.npz.
            let weights = path.ancestors().nth(3).unwrap_or(path);
            let arrays = weights.join(key::ARRAYS).join(format!("{hash}.npz"));
            open_archive(&arrays)?
        }
    };
    let contents = Contents::from_stored(digest, arrays).map_err(|error| SnapshotError::unreadable(path, error))?;
    Ok((contents, model))
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
    let bytes = file::read(path, file::ARRAYS_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
    let tensor = npy::read(&bytes.into()).map_err(|problem| SnapshotError::unreadable(path, problem))?;
    Ok(vec![(String::new(), tensor)])
}

fn open_archive(path: &Path) -> Result<archive::Arrays, SnapshotError> {
    let bytes = file::read(path, file::ARRAYS_LIMIT).map_err(|error| SnapshotError::file(path, error))?;
    archive::unpack(&bytes).map_err(|error| SnapshotError::unreadable(path, error))
}
