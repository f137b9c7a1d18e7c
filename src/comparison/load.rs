//! Reads a file of results by its extension: PDB, mmCIF, npy, npz, snapshot. Compares nothing.

use std::path::Path;

use crate::protein::{ParseError, Structure, mmcif, pdb};
use crate::snapshot::{Entry, open, open_arrays};
use crate::tensor::Tensor;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Structures by name.
    pub structures: Vec<(String, Structure)>,
    /// Arrays by name.
    pub arrays: Vec<(String, Tensor)>,
}

/// The longest structure file.
const LONGEST: u64 = 1 << 30;

/// Reads a file.
///
/// # Errors
/// In words that begin with the file, and the line where there is one.
pub fn load(path: &Path) -> Result<Loaded, String> {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "pdb" | "ent" => structure(path, pdb::read),
        "cif" | "mmcif" => structure(path, mmcif::read),
        "npy" | "npz" => {
            let arrays = open_arrays(path).map_err(|error| error.to_string())?;
            Ok(Loaded {
                arrays,
                ..Loaded::default()
            })
        }
        "snap" | "new" => snapshot(path),
        _ => Err(format!(
            "{}: cannot tell what this is by its name; expected .pdb, .ent, .cif, .mmcif, .npy, .npz or .snap",
            path.display()
        )),
    }
}

fn structure(path: &Path, read: fn(&str) -> Result<Structure, ParseError>) -> Result<Loaded, String> {
    let at = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
    let size = std::fs::metadata(path).map_err(|error| at(&error))?.len();
    if size > LONGEST {
        return Err(at(&"is longer than 1 GiB"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| at(&error))?;
    let structure = read(&text).map_err(|error| format!("{}:{}: {}", path.display(), error.line, error.message))?;
    if structure.atoms() == 0 {
        return Err(at(&"holds no atoms"));
    }
    Ok(Loaded {
        structures: vec![(String::new(), structure)],
        ..Loaded::default()
    })
}

fn snapshot(path: &Path) -> Result<Loaded, String> {
    let contents = open(path).map_err(|error| error.to_string())?;
    let mut loaded = Loaded::default();
    for (name, entry) in &contents.digest().entries {
        match entry {
            Entry::Structure(_) => loaded
                .structures
                .extend(contents.structure(name).map(|it| (name.clone(), it.clone()))),
            Entry::Array(_) => loaded
                .arrays
                .extend(contents.array(name).map(|it| (name.clone(), it.clone()))),
            _ => {}
        }
    }
    // The columns of a structure are compared as a structure.
    let names: Vec<String> = loaded.structures.iter().map(|(name, _)| format!("{name}.")).collect();
    loaded
        .arrays
        .retain(|(name, _)| !names.iter().any(|parent| name.starts_with(parent)));
    Ok(loaded)
}
