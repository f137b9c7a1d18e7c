//! The pickle fixtures, which Python wrote.

use std::path::{Path, PathBuf};

/// Paths of all pickles, sorted by name.
pub fn paths() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pickle"))
        .collect();
    paths.sort();
    assert!(paths.len() > 40, "the fixtures are missing");
    paths
}
