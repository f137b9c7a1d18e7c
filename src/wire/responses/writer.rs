//! Keeps responses while they come in. Writes below one directory; changes nothing of what it is given.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{CallKey, RawResponse, RecordingError, ResponseOrigin, file};

/// Writes recordings below a directory. The first response to a call takes the place of everything that an earlier run kept
/// of it; those after it are added.
#[derive(Debug)]
pub struct ResponseWriter {
    directory: PathBuf,
    origin: ResponseOrigin,
    state: Mutex<KeptResponses>,
}

#[derive(Debug, Default)]
struct KeptResponses {
    /// Responses kept, by the call's hash.
    kept: HashMap<String, usize>,
    files: usize,
    bytes: u64,
    failures: Vec<String>,
}

impl ResponseWriter {
    /// A writer below `directory`, which is made.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn create(directory: &Path, origin: ResponseOrigin) -> Result<Self, RecordingError> {
        fs::create_dir_all(directory).map_err(|error| RecordingError::new(directory, &error))?;
        Ok(Self { directory: directory.to_owned(), origin, state: Mutex::default() })
    }

    /// Keeps a response. Errors are kept for [`Self::failures`]: they must not fail the call.
    pub fn keep(&self, key: &CallKey, raw: &RawResponse) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.kept.get(key.hash()).copied().unwrap_or(0);
        match self.write(key, raw, before) {
            Ok(bytes) => {
                state.kept.insert(key.hash().to_owned(), before + 1);
                state.files += 1;
                state.bytes += bytes;
            }
            Err(error) => state.failures.push(error.to_string()),
        }
    }

    /// Notes that a response cannot be kept.
    pub(crate) fn refuse(&self, reason: String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures.push(reason);
    }

    fn write(&self, key: &CallKey, raw: &RawResponse, before: usize) -> Result<u64, RecordingError> {
        let directory = self.directory.join(folder(key.model()));
        let path = directory.join(name(key.hash(), before));
        let failed = |error: io::Error| RecordingError::new(&path, &error);
        let packed = file::pack(key, &self.origin, raw).map_err(|problem| RecordingError::new(&path, &problem))?;
        fs::create_dir_all(&directory).map_err(failed)?;
        if before == 0 {
            // Responses that an earlier run kept of this call are not of this run.
            for index in 1.. {
                match fs::remove_file(directory.join(name(key.hash(), index))) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                    removed => removed.map_err(failed)?,
                }
            }
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".hydrotest-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut part = builder.tempfile_in(&directory).map_err(failed)?;
        part.write_all(&packed).map_err(failed)?;
        part.persist(&path).map_err(|error| failed(error.error))?;
        Ok(packed.len() as u64)
    }

    /// Where it writes.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// How many responses were kept, and their bytes on disk.
    pub(crate) fn kept(&self) -> (usize, u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.files, state.bytes)
    }

    /// Responses that could not be kept, one line for each.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures.clone()
    }
}

/// The directory of a model: its key, without what could lead elsewhere.
fn folder(model: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "_-".contains(letter) { letter } else { '_' }
    };
    model.chars().map(plain).collect()
}

/// The file of the response after `before` others to an equal call.
fn name(hash: &str, before: usize) -> String {
    match before {
        0 => format!("{hash}.zip"),
        _ => format!("{hash}-{}.zip", before + 1),
    }
}
