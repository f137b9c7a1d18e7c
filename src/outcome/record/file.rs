//! Outcome files on disk: whole or not there, read with a bound, and never of another form than this program knows.

use std::path::Path;

use super::{FORMAT, RunRecord, VERSION};
use crate::snapshot::read_bounded;

/// The largest file that is read: 10,000 cases with long findings are a tenth of it.
const LARGEST: u64 = 1 << 30;

/// Why an outcome file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutcomeFileError {
    /// The system refuses.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is no outcome file of this version.
    #[error("{path}: this is no outcome file of version {VERSION}: {reason}")]
    Form {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads an outcome file.
///
/// # Errors
/// When it cannot be read or is no outcome file of this version.
pub(crate) fn read(path: &Path) -> Result<RunRecord, OutcomeFileError> {
    let shown = || path.display().to_string();
    let failed = |error| OutcomeFileError::File { path: shown(), error };
    let bytes = read_bounded(path, LARGEST).map_err(failed)?;
    let form = |reason: String| OutcomeFileError::Form { path: shown(), reason };
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| form(error.to_string()))?;
    if value.get("format").and_then(serde_json::Value::as_str) != Some(FORMAT) {
        return Err(form(format!("its `format` is not `{FORMAT}`")));
    }
    if let Some(version) = value.get("version").filter(|version| **version != VERSION) {
        return Err(form(format!("its version is {version}")));
    }
    serde_json::from_value(value).map_err(|error| form(error.to_string()))
}

/// A record as the text of its file.
///
/// # Errors
/// When a value has no JSON form, of which a record holds none.
pub(crate) fn text(record: &RunRecord) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(record)? + "\n")
}

/// The JSON schema of outcome files.
pub(crate) fn schema() -> serde_json::Value {
    schemars::schema_for!(RunRecord).to_value()
}
