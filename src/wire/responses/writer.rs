//! Records responses while they arrive, in files below one directory. Does not change them.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{CallKey, RawResponse, RecordingError, ResponseOrigin, file};

/// Writes recordings below a directory. The first response to a call replaces all recordings of an earlier run; later responses are
/// added.
#[derive(Debug)]
pub struct ResponseWriter {
    directory: PathBuf,
    origin: ResponseOrigin,
    state: Mutex<KeptResponses>,
}

#[derive(Debug, Default)]
struct KeptResponses {
    /// The number of responses by the hash of the call.
    kept: HashMap<String, usize>,
    files: usize,
    bytes: u64,
    failures: Vec<String>,
}

impl ResponseWriter {
    /// A writer below `directory`, which is created.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn create(directory: &Path, origin: ResponseOrigin) -> Result<Self, RecordingError> {
        fs::create_dir_all(directory).map_err(|error| RecordingError::new(directory, &error))?;
        Ok(Self { directory: directory.to_owned(), origin, state: Mutex::default() })
    }

    /// Records a response. Errors go to [`Self::failures`], because they must not fail the call.
    pub fn keep(&self, key: &CallKey, raw: &RawResponse) {
        let mut state = self.state();
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

    /// Adds a failure to record a response.
    pub(crate) fn refuse(&self, reason: String) {
        self.state().failures.push(reason);
    }

    fn state(&self) -> MutexGuard<'_, KeptResponses> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, key: &CallKey, raw: &RawResponse, before: usize) -> Result<u64, RecordingError> {
        let directory = self.directory.join(folder(key.model()));
        let path = directory.join(name(key.hash(), before));
        let failed = |error: io::Error| RecordingError::new(&path, &error);
        let packed = file::pack(key, &self.origin, raw).map_err(|problem| RecordingError::new(&path, &problem))?;
        fs::create_dir_all(&directory).map_err(failed)?;
        if before == 0 {
            // Removes the responses to this call from an earlier run.
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

    /// The directory of the recordings.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The number of recorded responses, and their bytes on disk.
    pub(crate) fn kept(&self) -> (usize, u64) {
        let state = self.state();
        (state.files, state.bytes)
    }

    /// The failures to record a response, one line for each.
    #[must_use]
    pub fn failures(&self) -> Vec<String> {
        self.state().failures.clone()
    }
}

/// The directory of a model: its key, without characters that could lead to another directory.
fn folder(model: &str) -> String {
    model.replace(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-', "_")
}

/// The file of a response with `before` earlier ones to an equal call.
fn name(hash: &str, before: usize) -> String {
    match before {
        0 => format!("{hash}.zip"),
        _ => format!("{hash}-{}.zip", before + 1),
    }
}
