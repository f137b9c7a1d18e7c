//! The same call must get the same response in every case; a response to another call is named where a case fails anyway.

use std::sync::Arc;

use super::*;
use crate::config::Config;
use crate::plan::{CaseStatement, PlannedCall, PlannedInstance};
use crate::prediction::{Input, Method, Value};
use crate::tensor::Tensor;

fn trial(key: &str, case: &str, input: &str) -> PlannedTrial {
    let contract = Arc::clone(Config::built_in().unwrap().model(key).unwrap());
    let call = PlannedCall {
        name: "call".into(),
        instance: 0,
        variant: None,
        config: Options::new(),
        request: Request { method: Method::Embed, input: Input::One(input.to_owned()), options: Options::new() },
    };
    PlannedTrial {
        name: format!("{key}::suite::{case}"),
        suite: "suite".into(),
        case: case.to_owned(),
        contract,
        scenario: None,
        skip: None,
        calls: vec![call],
        order: crate::config::CallOrder::InTurn,
        checks: Arc::new([]),
        timeout: std::time::Duration::from_secs(60),
        retries: 0,
        expected_failure: None,
        known: Vec::new(),
        source: "suites/suite.toml".into(),
        level: crate::config::Level::Core,
        statement: CaseStatement::default(),
        position: 0,
    }
}

fn answered(trial: &PlannedTrial, values: &[f32], time: f64) -> CallResult {
    let metadata = crate::prediction::Record {
        class: "M".to_owned(),
        fields: vec![("inference_time".to_owned(), Value::Float(time))],
    };
    let embeddings = Tensor::from_values(vec![1, 1, values.len()], values).unwrap();
    let call = &trial.calls[0];
    CallResult {
        call: call.name.to_string(),
        request: call.request.clone(),
        config: call.config.clone(),
        result: Ok(Prediction {
            class: "C".to_owned(),
            fields: vec![
                ("metadata".to_owned(), Value::Record(metadata)),
                ("embeddings".to_owned(), Value::Array(embeddings)),
            ],
        }),
    }
}

fn origin(weights: &str) -> PredictionOrigin {
    PredictionOrigin {
        backend: "toy".to_owned(),
        kind: "toy",
        weights: weights.to_owned(),
        declared: String::new(),
        noise: None,
        reproduce: String::new(),
    }
}

/// What is said of the responses to trials of one plan, in turn; each has a finding of its own where `is_wrong`.
fn said(responses: &[(&PlannedTrial, &[f32])], weights: &str, is_wrong: bool) -> Vec<String> {
    let contract = Arc::clone(&responses[0].0.contract);
    let plan = Plan {
        unmatched: Vec::new(),
        instances: vec![PlannedInstance { contract, config: Options::new() }],
        trials: responses.iter().map(|(trial, _)| (*trial).clone()).collect(),
        served: Vec::new(),
        empty: Vec::new(),
        covered: Vec::new(),
    };
    let selected: Vec<usize> = (0..responses.len()).collect();
    let seen = SeenResponses::of(&plan, &selected);
    let mut lines = Vec::new();
    for (place, (trial, values)) in responses.iter().enumerate() {
        let mut judged = Judged::default();
        if is_wrong {
            judged.findings.push(Finding::wrong("shape", "call", "wrong"));
        }
        let response = answered(trial, values, place as f64);
        seen.weigh(trial, &origin(weights), &[response], &mut judged);
        lines.extend(judged.findings.iter().map(ToString::to_string));
        lines.extend(judged.notes);
    }
    lines
}

#[test]
fn another_response_to_the_same_call_is_a_finding() {
    let (one, two) = (trial("esm2", "short", "MK"), trial("esm2", "again", "MK"));
    let right: &[f32] = &[1.0, 2.0, 3.0];
    assert_eq!(said(&[(&one, right), (&two, right)], "published", false), [""; 0]);
    let near: &[f32] = &[1.0, 2.0, 3.000_001];
    assert_eq!(said(&[(&one, right), (&two, near)], "published", false), [""; 0]);
    let other: &[f32] = &[1.0, -2.0, 3.0];
    insta::assert_snapshot!(said(&[(&one, right), (&two, other)], "published", false).join("\n"), @"
    repeats [call]: the same call gave another response in `esm2::suite::short`
      embeddings: 1 of 3 elements beyond tolerance
    ");
    // How far calls of one case may differ the case says itself.
    assert_eq!(said(&[(&one, right), (&one, other)], "published", false), [""; 0]);
    let third = trial("esm2", "other", "MKV");
    assert_eq!(said(&[(&one, right), (&third, other)], "published", false), [""; 0]);
}

#[test]
fn a_configuration_that_asks_for_more_fields_is_another_call() {
    let one = trial("esm2", "short", "MK");
    let mut two = trial("esm2", "again", "MK");
    let fields = serde_json::json!({ "include_fields": ["hidden_states"] });
    two.calls[0].config = fields.as_object().unwrap().clone();
    let responses: [(&PlannedTrial, &[f32]); 2] = [(&one, &[1.0, 2.0]), (&two, &[2.0, 1.0])];
    assert_eq!(said(&responses, "published", false), [""; 0]);
}

#[test]
fn models_with_chance_are_only_remarked_unless_they_are_embedded() {
    let (one, two) = (trial("boltz2", "short", "MK"), trial("boltz2", "again", "MK"));
    let responses: [(&PlannedTrial, &[f32]); 2] = [(&one, &[1.0, 2.0]), (&two, &[2.0, 1.0])];
    let remarked = said(&responses, "published", false);
    assert!(remarked[0].starts_with("the same call gave another response"), "{remarked:?}");
    assert!(said(&responses, "synthetic", false)[0].starts_with("repeats [call]"));
}

#[test]
fn the_response_to_another_call_is_named_where_a_case_fails() {
    let (one, two) = (trial("esm2", "short", "MK"), trial("esm2", "long", "MKVL"));
    let response: &[f32] = &[1.0, 2.0, 3.0];
    assert_eq!(said(&[(&one, response), (&two, response)], "published", false), [""; 0]);
    insta::assert_snapshot!(said(&[(&one, response), (&two, response)], "published", true).join("\n"), @"
    shape [call]: wrong
    shape [call]: wrong
      hint: this is the response to `esm2::suite::short`
    ");
    let small = trial("esm2", "small", "mk");
    let found = said(&[(&one, response), (&small, response)], "published", true);
    assert!(!found.join("").contains("response to"), "{found:?}");
}
