//! Tests that hand-made mutants of structures change what they say, and leave structures that can be walked.

use std::sync::Arc;

use super::*;
use crate::config::Config;
use crate::mutant::{MutatedCall, RightResponses};
use crate::prediction::{Input, Method, Options, Request};
use crate::synthetic::SyntheticModel;

/// Inputs of models that have ligands and temperature factors between them, and all but four of the amino acids in two chains.
const INPUTS: [(&str, &str); 2] = [
    ("esmfold", r#""MKLVINGTDHSWFYAPQE:MLVINTKLVIN""#),
    (
        "esmfold2",
        r#"{"kind": "structure_prediction_input", "sequences": [
            {"kind": "protein", "id": "A", "sequence": "MKLV"}, {"kind": "dna", "id": "B", "sequence": "GATA"}]}"#,
    ),
];

#[test]
fn every_fault_befalls_a_structure_but_those_of_long_inputs() {
    let config = Config::built_in().unwrap();
    let faults = mutants();
    let mut is_seen = vec![false; faults.len()];
    for (key, input) in INPUTS {
        let contract = Arc::clone(config.model(key).unwrap());
        let model = SyntheticModel::load(Arc::clone(&contract), Options::new()).unwrap();
        let request = Request {
            method: Method::Fold,
            input: match serde_json::from_str(input).unwrap() {
                serde_json::Value::String(text) => Input::One(text),
                other => Input::Structured(other),
            },
            options: Options::new(),
        };
        let right = model.predict(&request).unwrap();
        let call = MutatedCall {
            contract: &contract,
            config: &Options::new(),
            request: &request,
            earlier: &[],
            count: 0,
            responses: &RightResponses::default(),
        };
        for (fault, is_seen) in faults.iter().zip(&mut is_seen) {
            let wrong = fault.changed(&call, &right);
            let structure = wrong.as_ref().and_then(|wrong| wrong.at("atom_array[0]")?.as_structure());
            assert!(structure.is_none_or(|it| it.uneven_column().is_none()), "{}", fault.name);
            *is_seen |= structure.is_some();
        }
    }
    let unseen = faults.iter().zip(is_seen).filter(|(_, is_seen)| !is_seen);
    let unseen: Vec<&str> = unseen.map(|(fault, _)| fault.name.as_str()).collect();
    assert_eq!(
        unseen,
        [
            "fault/structure/garbage-after-500",
            "fault/structure/zeros-after-1022",
            "fault/structure/garbage-after-1022",
            "fault/structure/cut-after-1022"
        ]
    );
}
