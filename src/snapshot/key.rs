//! The path of a call's snapshot below the root, and the call behind such a path. Does not touch files.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::tensor::ContentHash;

/// The directory of the arrays. It is beside the directories of the models, so no model may have this name.
pub(super) const ARRAYS: &str = "arrays";
pub(super) const ACCEPTED: &str = ".snap";
pub(super) const PENDING: &str = ".snap.new";
/// Separates case and call in a file name. `@` is taken by variants of a case.
const CALL: char = '+';

/// The key of a recorded result: `WEIGHTS/MODEL/SUITE/CASE.snap`, or `CASE+CALL.snap` for one of several calls.
///
/// Every part is a file name of letters, digits, `_`, `-`, `@` and `.`, not starting with a dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapshotKey {
    weights: String,
    model: String,
    suite: String,
    case: String,
    call: Option<String>,
}

/// A name that cannot be part of a path of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} {name:?} cannot name a snapshot: use letters, digits, '_', '-', '@' and '.', not '.' first{reserved}")]
pub struct InvalidKey {
    part: &'static str,
    name: String,
    reserved: &'static str,
}

impl SnapshotKey {
    /// The key of a case's call; `call` is `None` if the case makes one call only.
    ///
    /// # Errors
    /// When a part is not a plain file name, or the model is called `arrays`.
    pub fn new(weights: &str, model: &str, suite: &str, case: &str, call: Option<&str>) -> Result<Self, InvalidKey> {
        let parts = [("weights", weights), ("model", model), ("suite", suite), ("case", case)];
        for (part, name) in parts.into_iter().chain(call.map(|call| ("call", call))) {
            let reserved = part == "model" && name == ARRAYS;
            if reserved || !is_file_name(name) {
                return Err(InvalidKey {
                    part,
                    name: name.chars().take(80).collect(),
                    reserved: if reserved { "; 'arrays' is taken" } else { "" },
                });
            }
        }
        Ok(Self {
            weights: weights.to_owned(),
            model: model.to_owned(),
            suite: suite.to_owned(),
            case: case.to_owned(),
            call: call.map(str::to_owned),
        })
    }

    /// The weights of the result.
    pub(crate) fn weights(&self) -> &str {
        &self.weights
    }

    /// Key of the model.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Name of the suite.
    pub(crate) fn suite(&self) -> &str {
        &self.suite
    }

    /// Name of the case.
    #[must_use]
    pub fn case(&self) -> &str {
        &self.case
    }

    /// Name of the call, if the case makes several.
    pub(crate) fn call(&self) -> Option<&str> {
        self.call.as_deref()
    }

    /// The file name without extension, by which insta knows the snapshot.
    fn stem(&self) -> String {
        match &self.call {
            None => self.case.clone(),
            Some(call) => format!("{}{CALL}{call}", self.case),
        }
    }

    /// The file below the root.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file(ACCEPTED)
    }

    /// The file of the result that waits to be accepted, below the root.
    pub(crate) fn pending_path(&self) -> PathBuf {
        self.file(PENDING)
    }

    fn file(&self, ending: &str) -> PathBuf {
        Path::new(&self.weights).join(&self.model).join(&self.suite).join(self.stem() + ending)
    }

    /// The key behind a file name in a suite's directory, and whether it is pending. Returns `None` for other files.
    pub(super) fn from_file(weights: &str, model: &str, suite: &str, file: &str) -> Option<(Self, ReviewState)> {
        let (stem, state) = match file.strip_suffix(PENDING) {
            Some(stem) => (stem, ReviewState::Pending),
            None => (file.strip_suffix(ACCEPTED)?, ReviewState::Accepted),
        };
        let (case, call) = stem.split_once(CALL).map_or((stem, None), |(case, call)| (case, Some(call)));
        Some((Self::new(weights, model, suite, case, call).ok()?, state))
    }
}

/// Whether a result is the reference or waits to become it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReviewState {
    /// A `.snap`: what responses are compared with.
    Accepted,
    /// A `.snap.new`: a response that differed from the reference, or had none.
    Pending,
}

/// The file of arrays with this content, below the root.
pub(super) fn arrays_path(weights: &str, hash: ContentHash) -> PathBuf {
    Path::new(weights).join(ARRAYS).join(format!("{hash}.npz"))
}

/// Whether a name is a plain file name, so short that the name of a temporary file for it fits the usual limit of 255 bytes.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 100
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@' | b'.'))
}

impl fmt::Display for SnapshotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.weights, self.model, self.suite, self.stem())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_file_name() {
        for call in [None, Some("second")] {
            let key = SnapshotKey::new("synthetic", "esm2", "embed", "two.chains", call).unwrap();
            let name = key.path().file_name().unwrap().to_str().unwrap().to_owned();
            let read = SnapshotKey::from_file("synthetic", "esm2", "embed", &name);
            assert_eq!(read, Some((key.clone(), ReviewState::Accepted)));
            let name = key.pending_path().file_name().unwrap().to_str().unwrap().to_owned();
            let read = SnapshotKey::from_file("synthetic", "esm2", "embed", &name);
            assert_eq!(read, Some((key, ReviewState::Pending)));
        }
        assert_eq!(SnapshotKey::from_file("synthetic", "esm2", "embed", "notes.txt"), None);
    }

    #[test]
    fn names_that_would_leave_the_root_are_refused() {
        for name in ["", ".", "..", "a/b", "a\\b", ".hidden", "two words", "a+b", "naïve"] {
            assert!(SnapshotKey::new("w", "m", "s", name, None).is_err(), "{name}");
            assert!(SnapshotKey::new(name, "m", "s", "c", None).is_err(), "{name}");
        }
        let taken = SnapshotKey::new("w", "arrays", "s", "c", None).unwrap_err();
        assert!(taken.to_string().ends_with("'arrays' is taken"), "{taken}");
    }
}
