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
    let check = compiled(&contract, &format!("check = 'snapshot'\nfields = ['embeddings']\n{table}"));
    let judge = |response: CallResult| {
        let recording = Recording::Missing;
        judge_recorded_with(&check, &contract, &[response], directory.path(), recording, None)
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
    insta::assert_snapshot!(longer[0], @"
    snapshot [call]: 1 of 2 values differs from the recorded result, `embeddings` first
      embeddings: different: least cosine of residues 1, allowed at least 0.999; change of norms of residues 0.02, allowed 0.01; mean cosine of all residues 1, allowed at least 0.999
      new result for review: DIR/synthetic/esmc/suite/case.snap.new
      hint: likely cause: values × 1.02 (explains 99.9 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature
    ");
    let late = found("esmc", "", |values| values.rotate_right(1));
    insta::assert_snapshot!(late[0], @"
    snapshot [call]: 1 of 2 values differs from the recorded result, `embeddings` first
      embeddings: different: least cosine of residues -0.0143511, allowed at least 0.999; change of norms of residues 0.000552482, allowed 0.01; mean cosine of all residues 0.00528749, allowed at least 0.999
      new result for review: DIR/synthetic/esmc/suite/case.snap.new
      hint: likely cause: every entry one place late along axis 2 (features) (explains 100 % of the difference); look at the last axis: the order and number of features or of the vocabulary
    ");
    assert_eq!(found("esmc", "", |values| values[0] = f32::NAN).len(), 1);
    // Without such gates, and where a check gives a tolerance, every element counts.
    assert_eq!(found("esm2", "", rounded).len(), 1);
    assert_eq!(found("esmc", "atol = 1e-6\nrtol = 0.0", rounded).len(), 1);
}

#[test]
fn the_verdict_depends_neither_on_the_length_nor_on_how_much_is_stored() {
    // Of the last one only some rows are stored.
    let mut reported = Vec::new();
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
        reported.push(format!("{repeats}: {}", scaled(1.0125)[0]));
    }
    insta::assert_snapshot!(reported.join("\n"), @"
    1: snapshot [call]: 1 of 2 values differs from the recorded result, `embeddings` first
      embeddings: different: least cosine of residues 1, allowed at least 0.999; change of norms of residues 0.0125, allowed 0.01; mean cosine of all residues 1, allowed at least 0.999
      new result for review: DIR/synthetic/esmc/suite/case.snap.new
      hint: likely cause: values × 1.0125 (explains 99.9 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature
    10: snapshot [call]: 1 of 2 values differs from the recorded result, `embeddings` first
      embeddings: different: least cosine of residues 1, allowed at least 0.999; change of norms of residues 0.0125001, allowed 0.01; mean cosine of all residues 1, allowed at least 0.999
      new result for review: DIR/synthetic/esmc/suite/case.snap.new
      hint: likely cause: values × 1.0125 (explains 99.9 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature
    1100: snapshot [call]: 1 of 2 values differs from the recorded result, `embeddings` first
      embeddings: different: least cosine of residues 1, allowed at least 0.999; change of norms of residues 0.0125001, allowed 0.01; mean cosine of all residues 1, allowed at least 0.999
      new result for review: DIR/synthetic/esmc/suite/case.snap.new
    ");
}
