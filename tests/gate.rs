//! The action and the workflows, read from their files. The steps of the action are executed the way GitHub's runner does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "gate/action.rs"]
mod action;
#[path = "gate/workflows.rs"]
mod workflows;

use std::fs;
use std::path::Path;

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// A YAML file of this repository.
fn yaml(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).unwrap();
    let documents = YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(documents.len(), 1, "{}: one document", path.display());
    json(&documents[0])
}

/// Converts to JSON what actions and workflows use.
fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Yaml::Array(items) => items.iter().map(json).collect(),
        Yaml::String(text) => text.as_str().into(),
        Yaml::Integer(number) => (*number).into(),
        Yaml::Boolean(flag) => (*flag).into(),
        Yaml::Null => Value::Null,
        other => panic!("not expected in these files: {other:?}"),
    }
}

/// The text of a value. Empty if there is none.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
