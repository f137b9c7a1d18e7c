//! What the embedded models promise, measured from outside: contracts, geometry, confidence, chance and errors.

mod built_in;
mod confidence;
mod contact;
mod contract;
mod embed;
pub(crate) mod fixture;
pub(crate) mod geometry;
mod stochastic;

use serde_json::json;

use crate::prediction::Input;
use crate::prediction::{Method, Options, Request};

#[test]
fn a_method_the_model_lacks_is_an_attribute_error() {
    let model = fixture::load(fixture::esm2(), json!({})).unwrap();
    let request = Request { method: Method::Fold, input: Input::One("A".into()), options: Options::new() };
    assert_eq!(
        model.predict(&request).unwrap_err().to_string(),
        "AttributeError: 'ESM2Core' object has no attribute 'fold'"
    );
}

#[test]
fn calls_share_nothing() {
    let model = fixture::load(fixture::esm2(), json!({})).unwrap();
    let lengths = |sequence: &str| fixture::call(&model, json!(sequence), json!({})).unwrap().sequence_lengths();
    assert_eq!((lengths("ACDE"), lengths("ACDEFG")), (Some(vec![4]), Some(vec![6])));
}
