//! Pickles written by Python decode to exactly the values that Python had.
//!
//! The fixtures hold every class of response, written by NumPy 1 and 2, biotite before and after 1.6, torch, and pickle
//! protocols 2 to 5; `tests/python/make_pickles.py` made them. `make_layouts.py` made arrays in every memory layout.

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
use hydrotest::wire::{ResponseLimits, pickle};

#[test]
fn every_pickle_of_python_decodes_to_its_value() {
    for path in fixtures::paths() {
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        let value = pickle::decode(&payload, &ResponseLimits::default())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(describe(&value), description::description(&path), "{}", path.display());
    }
}

/// The element that `make_layouts.py` put at a position of an array.
fn element_of_layout(name: &str, [i, j, k]: [usize; 3]) -> usize {
    match name {
        "zero" => 100 * i + 10 * j,
        "zero everywhere" | "no dimension" => 7,
        _ => 100 * i + 10 * j + k,
    }
}

#[test]
fn arrays_of_every_memory_layout_have_the_right_elements() {
    let mut read = 0;
    let is_layout = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with("layouts.");
    for path in fixtures::paths().into_iter().filter(|path| is_layout(path)) {
        let payload = Bytes::from(std::fs::read(&path).unwrap());
        let Value::Map(entries) = pickle::decode(&payload, &ResponseLimits::default()).unwrap() else {
            panic!("{}", path.display());
        };
        for (name, array) in &entries {
            let (name, array) = (name.as_text().unwrap(), array.as_array().unwrap());
            let shape: &[usize] = match name {
                "no dimension" => &[],
                "one" => &[1, 1, 1],
                "one long" => &[1, 2, 4],
                "empty" | "empty permuted" => &[2, 0, 4],
                _ => &[2, 3, 4],
            };
            assert_eq!(array.shape(), shape, "{name} in {}", path.display());
            for flat in 0..array.len() {
                let mut place = [0; 3];
                let position = array.position(flat);
                place[3 - position.len()..].copy_from_slice(&position);
                if name == "one long" {
                    place.swap(0, 1);
                }
                let expected = element_of_layout(name, place);
                let got = match array.text_at(flat) {
                    Some(text) => text.parse::<f64>().unwrap(),
                    None => array.f64_at(flat).unwrap(),
                };
                let rounded = if name.ends_with("i1") { f64::from(expected as u8 as i8) } else { expected as f64 };
                assert_eq!(got.to_bits(), rounded.to_bits(), "{name} at {place:?} in {}", path.display());
                read += 1;
            }
        }
    }
    // 24 permuted arrays and ten others of 24 elements, in 16 files.
    assert!(read > 16 * 34 * 24, "{read} elements");
}

#[test]
fn unsupported_python_values_are_not_the_writers_fault() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/unread.jsonl");
    let lines = std::fs::read_to_string(path).unwrap();
    let mut read = 0;
    for line in lines.lines() {
        let (name, digits): (String, String) = serde_json::from_str(line).unwrap();
        let bytes: Vec<u8> = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        let error = pickle::decode(&bytes.into(), &ResponseLimits::default()).expect_err(&name);
        assert!(error.fault.is_ours(), "{name}: {error}");
        let text = error.to_string();
        assert!(text.contains("hydrotest cannot read") && text.contains(&name), "{name}: {text}");
        read += 1;
    }
    assert!(read > 30, "{read} values");
}

#[test]
fn arrays_are_views_into_the_payload() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle/large.numpy2.protocol4.pickle");
    let payload = Bytes::from(std::fs::read(path).unwrap());
    let value = pickle::decode(&payload, &ResponseLimits::default()).unwrap();
    let Value::Map(entries) = &value else {
        panic!("{}", value.describe());
    };
    let array = entries[1].1.as_array().unwrap();
    let place = array.bytes().as_ptr() as usize - payload.as_ptr() as usize;
    assert!(place + array.bytes().len() < payload.len());
}
