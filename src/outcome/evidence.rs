//! Evidence of a run: a directory with the raw responses, the outcome, the suites and settings they were judged by, and the hashes of all
//! files. Writes and verifies the hashes. Does not judge.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::{OwnTolerances, PerModel};
use crate::prediction::known::KnownDefect;
use crate::snapshot::{read_bounded, write_atomically};

/// The hashes of all other files, in the form of `sha256sum`.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The outcome file of the run.
pub(crate) const OUTCOME: &str = "outcome.json";
/// The settings of the backend that the plan of the run used.
pub(crate) const BACKEND: &str = "backend.json";
/// The raw responses, as a backend of kind `replay` reads them.
pub(crate) const RESPONSES: &str = "responses";
/// Copies of the suites.
pub(crate) const SUITES: &str = "suites";

/// The most bytes of [`SUMS`] and of [`BACKEND`].
const TEXT_LIMIT: u64 = 64 << 20;
/// The most files in a directory of evidence.
const MOST_FILES: usize = 200_000;

/// The settings of a backend that the plan of a run uses. None says where the backend is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceBackend {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) weights: String,
    /// The models it serves; `None` means all.
    pub(crate) models: Option<Vec<String>>,
    /// The release of boileroom.
    pub(crate) boileroom: Option<String>,
    /// The backend of boileroom that its calls go through.
    pub(crate) through: Option<String>,
    /// Its known failures.
    pub(crate) known: Vec<KnownDefect>,
    /// Options and sizes of single models.
    pub(crate) per_model: PerModel,
    /// Gates of single models that replace those of their contracts.
    #[serde(default)]
    pub(crate) tolerances: OwnTolerances,
}

/// Names a file in an error of the file system.
fn at(path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// Closes a directory of evidence by writing the hashes of all its files.
///
/// # Errors
/// When a file cannot be read or the hashes cannot be written.
pub(crate) fn close(directory: &Path) -> Result<(), String> {
    let sums = text(&hashes(directory)?);
    let path = directory.join(SUMS);
    write_atomically(&path, sums.as_bytes()).map_err(at(&path))
}

/// Checks that every file is unchanged since the directory was closed, and that there are no others.
///
/// # Errors
/// The first difference.
pub(crate) fn verify(directory: &Path) -> Result<(), String> {
    let path = directory.join(SUMS);
    let stated = read_bounded(&path, TEXT_LIMIT).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            format!("{} has no {SUMS}: the run did not end, or this is no evidence", directory.display())
        }
        _ => at(&path)(error),
    })?;
    let found = hashes(directory)?;
    // Compares bytes, so that every change of the list itself is detected.
    if text(&found).as_bytes() == stated {
        return Ok(());
    }
    let stated = String::from_utf8_lossy(&stated);
    let stated: BTreeMap<&str, &str> =
        stated.lines().filter_map(|line| line.split_once("  ")).map(|(hash, name)| (name, hash)).collect();
    let changed = found.iter().find_map(|(name, hash)| match stated.get(name.as_str()) {
        None => Some(format!("{name} is not in {SUMS}")),
        Some(known) if known != hash => Some(format!("{name} has another hash than {SUMS} says")),
        Some(_) => None,
    });
    let missing = || stated.keys().find(|name| !found.contains_key(**name)).map(|name| format!("{name} is missing"));
    let reason = changed.or_else(missing).unwrap_or_else(|| format!("{SUMS} itself was changed"));
    Err(altered(directory, &reason))
}

/// The settings of the backend that the plan of the run used.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn backend(directory: &Path) -> Result<EvidenceBackend, String> {
    let path = directory.join(BACKEND);
    let bytes = read_bounded(&path, TEXT_LIMIT).map_err(at(&path))?;
    serde_json::from_slice(&bytes).map_err(|error| at(&path)(io::Error::other(error)))
}

fn altered(directory: &Path, reason: &str) -> String {
    format!("{} is not what the run wrote: {reason}", directory.display())
}

/// The hashes of all files except [`SUMS`], by name.
fn hashes(directory: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = directory.join(&folder);
        let failed = at(&path);
        for entry in std::fs::read_dir(&path).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            let relative = folder.join(entry.file_name());
            let name = relative.to_string_lossy().replace('\\', "/");
            // Refuses links: their targets can be anywhere and can change.
            let kind = entry.file_type().map_err(&failed)?;
            if kind.is_dir() {
                folders.push(relative);
            } else if !kind.is_file() || name.contains('\n') || found.len() >= MOST_FILES {
                return Err(altered(directory, &format!("{name:?} is nothing that evidence holds")));
            } else if name != SUMS {
                found.insert(name, hash(&entry.path())?);
            }
        }
    }
    Ok(found)
}

fn hash(path: &Path) -> Result<String, String> {
    let failed = at(path);
    let mut file = File::open(path).map_err(&failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(&failed)?;
        if read == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

fn text(hashes: &BTreeMap<String, String>) -> String {
    hashes.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn evidence() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("responses/esm2")).unwrap();
        fs::write(home.path().join("responses/esm2/a.zip"), [7; 600]).unwrap();
        fs::write(home.path().join(OUTCOME), "{\"cases\": []}").unwrap();
        close(home.path()).unwrap();
        home
    }

    #[test]
    fn every_change_of_a_byte_is_refused() {
        let home = evidence();
        verify(home.path()).unwrap();
        for name in ["responses/esm2/a.zip", OUTCOME, SUMS] {
            let path = home.path().join(name);
            let whole = fs::read(&path).unwrap();
            for place in 0..whole.len() {
                for change in [1, 0x20, 0x80] {
                    let mut other = whole.clone();
                    other[place] ^= change;
                    fs::write(&path, &other).unwrap();
                    assert!(verify(home.path()).is_err(), "{name}, byte {place} ^ {change}");
                }
            }
            fs::write(&path, whole).unwrap();
        }
        verify(home.path()).unwrap();
    }

    #[test]
    fn what_is_added_or_missing_is_named() {
        let reported = |change: fn(&Path)| {
            let home = evidence();
            change(home.path());
            let error = verify(home.path()).unwrap_err();
            error.replace(&home.path().display().to_string(), "DIR")
        };
        insta::assert_snapshot!(reported(|home| fs::write(home.join("more"), "").unwrap()), @"DIR is not what the run wrote: more is not in SHA256SUMS");
        insta::assert_snapshot!(reported(|home| fs::remove_file(home.join(OUTCOME)).unwrap()), @"DIR is not what the run wrote: outcome.json is missing");
        insta::assert_snapshot!(reported(|home| fs::write(home.join(OUTCOME), "{}").unwrap()), @"DIR is not what the run wrote: outcome.json has another hash than SHA256SUMS says");
        insta::assert_snapshot!(reported(|home| fs::remove_file(home.join(SUMS)).unwrap()), @"DIR has no SHA256SUMS: the run did not end, or this is no evidence");
    }
}
