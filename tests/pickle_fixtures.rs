//! Pickles that Python itself wrote decode to exactly what Python meant.
//!
//! The fixtures hold every class of response, written by NumPy 1 and 2, biotite before and after 1.6, torch, and pickle
//! protocols 2 to 5; `tests/python/make_pickles.py` made them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/describe.rs"]
mod describe;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use describe::describe;
use hydrotest::prediction::Value;
use hydrotest::wire::{Limits, pickle};

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pickle"))
        .collect();
    paths.sort();
    paths
}

fn expected(path: &Path) -> serde_json::Value {
    let name = path.file_name().unwrap().to_str().unwrap();
    let value = name.split('.').next().unwrap();
    let text = std::fs::read_to_string(path.with_file_name(format!("{value}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_pickle_of_python_decodes_to_what_it_wrote() {
    let paths = fixtures();
    assert!(paths.len() > 40, "the fixtures are missing");
    for path in paths {
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        let value =
            pickle::decode(&payload, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(describe(&value), expected(&path), "{}", path.display());
    }
}

#[test]
fn arrays_are_views_into_the_payload() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle/large.numpy2.protocol4.pickle");
    let payload = Bytes::from(std::fs::read(path).unwrap());
    let value = pickle::decode(&payload, &Limits::default()).unwrap();
    let Value::Map(entries) = &value else {
        panic!("{}", value.describe());
    };
    let array = entries[1].1.as_array().unwrap();
    let place = array.bytes().as_ptr() as usize - payload.as_ptr() as usize;
    assert!(place + array.bytes().len() < payload.len());
}
