//! The action and the workflows, read from their files: the steps of the action are executed as GitHub's runner executes them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "gate/action.rs"]
mod action;
#[path = "gate/workflows.rs"]
mod workflows;

use std::fs;
use std::path::Path;

use serde_json::Value;

/// A YAML file of this repository.
fn yaml(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The text of a value; empty where there is none.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
