//! Pickles that Python itself wrote decode to exactly what Python meant.
//!
//! The fixtures hold every class of response, written by NumPy 1 and 2, biotite before and after 1.6, torch, and pickle
//! protocols 2 to 5; `tests/python/make_pickles.py` made them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/describe.rs"]
mod describe;
#[path = "support/description.rs"]
mod description;
#[path = "support/fixtures.rs"]
mod fixtures;

use std::path::Path;

use bytes::Bytes;
use describe::describe;
use hydrotest::prediction::Value;
use hydrotest::wire::{Limits, pickle};

#[test]
fn every_pickle_of_python_decodes_to_what_it_wrote() {
    for path in fixtures::paths() {
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        let value =
            pickle::decode(&payload, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(describe(&value), description::description(&path), "{}", path.display());
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
