//! Python's descriptions of the pickles that it wrote.

use std::path::Path;

/// The expected value of a fixture, as described by Python.
pub fn description(path: &Path) -> serde_json::Value {
    let name = path.file_name().unwrap().to_str().unwrap();
    let value = name.split('.').next().unwrap();
    let text = std::fs::read_to_string(path.with_file_name(format!("{value}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}
