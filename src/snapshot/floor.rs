//! The noise floor of a recorded result, that is by how much repeats on its platform differ: a small JSON file beside the snapshot.
//! Reads and writes it. Does not measure.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{SnapshotError, SnapshotKey, Store, file};

/// The differences between repeats of one call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floors {
    /// The backend that was repeated.
    pub backend: String,
    /// How many responses were compared with each other.
    pub repeats: usize,
    /// For the path of a value, such as `atom_array[0]`, the worst value of each measure.
    pub fields: BTreeMap<String, BTreeMap<String, f64>>,
    /// Paths where repeats differ by more than the tolerances, which was accepted as noise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// The floor beside the snapshot at a path. Returns `None` if none was measured.
///
/// # Errors
/// As [`Store::floors`].
pub(crate) fn open_floors(snapshot: &Path) -> Result<Option<Floors>, SnapshotError> {
    read_floors(&snapshot.with_extension("floor.json"))
}

fn read_floors(path: &Path) -> Result<Option<Floors>, SnapshotError> {
    if !path.try_exists().map_err(|error| SnapshotError::file(path, error))? {
        return Ok(None);
    }
    let bytes = file::read(path, file::TEXT_LIMIT)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| SnapshotError::unreadable(path, error))
}

impl Store {
    /// The floor of a call. Returns `None` if none was measured.
    ///
    /// # Errors
    /// When the file cannot be read or has the wrong content.
    pub(crate) fn floors(&self, key: &SnapshotKey) -> Result<Option<Floors>, SnapshotError> {
        read_floors(&self.floors_path(key))
    }

    /// Writes the floor of a call beside its snapshot, in place of an earlier one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_floors(&self, key: &SnapshotKey, floors: &Floors) -> Result<PathBuf, SnapshotError> {
        let path = self.floors_path(key);
        let text = serde_json::to_string_pretty(floors).map_err(|error| SnapshotError::unreadable(&path, error))?;
        file::write(&path, (text + "\n").as_bytes())?;
        Ok(path)
    }

    /// `CASE.floor.json` beside `CASE.snap`.
    pub(super) fn floors_path(&self, key: &SnapshotKey) -> PathBuf {
        self.root().join(key.path()).with_extension("floor.json")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Recording;
    use super::*;

    #[test]
    fn floors_come_back_and_foreign_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::new(directory.path(), Recording::Never).unwrap();
        let key = SnapshotKey::new("published", "esmfold", "fold", "short", Some("again")).unwrap();
        assert_eq!(store.floors(&key).unwrap(), None);
        let floors = Floors {
            backend: "lab".into(),
            repeats: 3,
            fields: BTreeMap::from([("plddt[0]".into(), BTreeMap::from([("plddt".into(), 1.0 / 3.0)]))]),
            accepted: vec!["plddt[0]".into()],
        };
        let path = store.write_floors(&key, &floors).unwrap();
        assert!(path.ends_with("published/esmfold/fold/short+again.floor.json"), "{path:?}");
        assert_eq!(store.floors(&key).unwrap(), Some(floors));
        for wrong in ["", "{}", r#"{"backend":"a","repeats":2,"fields":{"x":{"y":null}}}"#] {
            std::fs::write(&path, wrong).unwrap();
            assert!(store.floors(&key).is_err(), "{wrong}");
        }
    }
}
