//! Embeddings are judged by the direction and length of their rows.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::finding::Finding;
use super::super::fixture::folded::{declared, folded};
use super::super::fixture::{compiled, judge_recorded_with};
use crate::prediction::Value;
use crate::snapshot::Recording;
use crate::tensor::Tensor;

/// Little enough that its embeddings are stored whole.
const INPUT: &str = "MKVL";

fn found(model: &str, table: &str, change: impl Fn(&mut Vec<f32>)) -> Vec<Finding> {
    found_of(INPUT, model, table, change)
}

fn found_of(input: &str, model: &str, table: &str, change: impl Fn(&mut Vec<f32>)) -> Vec<Finding> {
    let directory = tempfile::tempdir().unwrap();
    let contract = declared(model);
    let check = compiled(
        &contract,
        &format!("check = 'snapshot'\nfields = ['embeddings']\n{table}"),
    );
    let judge = |response: CallResult| {
        let recording = Recording::Missing;
        judge_recorded_with(&*check, &contract, &[response], directory.path(), recording, None)
    };
    let right = folded(&contract, "call", input, json!({}));
    assert_eq!(judge(right.clone()), []);
    judge(right.change("embeddings", |value| {
        if let Value::Array(tensor) = value {
            let mut values: Vec<f32> = tensor.values().unwrap().collect();
            change(&mut values);
            *tensor = Tensor::from_values(tensor.shape().to_vec(), &values).unwrap();
        }
    }))
}

#[test]
fn half_precision_is_within_the_gates_and_other_lengths_and_directions_are_not() {
    let rounded = |values: &mut Vec<f32>| {
        for value in values {
            *value = half::bf16::from_f32(*value).to_f32();
        }
    };
    assert_eq!(found("esmc", "", rounded), []);
    let longer = found("esmc", "", |values| {
        *values = values.iter().map(|value| value * 1.02).collect();
    });
    assert!(
        longer[0].to_string().contains("embeddings: different: ") && longer[0].to_string().contains("change of norms"),
        "{longer:?}"
    );
    let late = found("esmc", "", |values| values.rotate_right(1));
    assert!(late[0].to_string().contains("least cosine of residues"), "{late:?}");
    assert_eq!(found("esmc", "", |values| values[0] = f32::NAN).len(), 1);
    // Without such gates, and where a check gives a tolerance, every element counts.
    assert_eq!(found("esm2", "", rounded).len(), 1);
    assert_eq!(found("esmc", "atol = 1e-6\nrtol = 0.0", rounded).len(), 1);
}

#[test]
fn the_verdict_depends_neither_on_the_length_nor_on_how_much_is_stored() {
    // Of the last one only some rows are stored.
    for repeats in [1, 10, 1100] {
        let input = INPUT.repeat(repeats);
        let scaled = |factor: f32| {
            found_of(&input, "esmc", "", move |values| {
                for value in values {
                    *value *= factor;
                }
            })
        };
        assert_eq!(scaled(1.008), [], "{repeats}");
        let beyond = scaled(1.0125);
        assert!(
            beyond[0].to_string().contains("change of norms"),
            "{repeats}: {beyond:?}"
        );
    }
}
