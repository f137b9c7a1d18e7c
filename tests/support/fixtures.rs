//! The pickles that Python wrote, and what they must decode to.

use std::path::{Path, PathBuf};

/// Every pickle, sorted by name.
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

/// What a pickle must decode to, as Python described it.
pub fn description(path: &Path) -> serde_json::Value {
    let name = path.file_name().unwrap().to_str().unwrap();
    let value = name.split('.').next().unwrap();
    let text = std::fs::read_to_string(path.with_file_name(format!("{value}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}
