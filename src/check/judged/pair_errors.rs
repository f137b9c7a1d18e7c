//! Aligned errors are judged by their means, where the model is confident.

use serde_json::json;

use super::super::finding::Finding;
use super::super::fixture::folded::{UBIQUITIN, declared, folded};
use super::super::fixture::{compiled, judge_recorded_with};
use crate::prediction::Value;
use crate::snapshot::Recording;
use crate::tensor::Tensor;

/// Little enough that its aligned errors are stored whole.
const INPUT: &str = "NLYIQWLKDGGPSSGRPPPS:GIVEQCCTSICSLYQLENYCN";

/// What a comparison with the recorded response of a model says of one with other aligned errors.
fn found(model: &str, input: &str, change: impl Fn(usize, usize, f32, &[f32]) -> f32) -> Vec<Finding> {
    let directory = tempfile::tempdir().unwrap();
    let contract = declared(model);
    let check = compiled(&contract, "check = 'snapshot'\nfields = ['atom_array', 'plddt', 'pae']");
    let judge = |response| {
        let recording = Recording::Missing;
        judge_recorded_with(&check, &contract, &[response], directory.path(), recording, None)
    };
    let right = folded(&contract, "call", input, json!({ "include_fields": ["plddt", "pae"] }));
    assert_eq!(judge(right.clone()), []);
    let edit = |tensor: &mut Tensor| {
        let size = *tensor.shape().last().unwrap();
        let values: Vec<f32> = tensor.values().unwrap().collect();
        let changed = values.iter().enumerate();
        let changed: Vec<f32> =
            changed.map(|(flat, value)| change(flat / size % size, flat % size, *value, &values)).collect();
        *tensor = Tensor::from_values(tensor.shape().to_vec(), &changed).unwrap();
    };
    judge(right.change("pae", |value| match value {
        Value::Array(tensor) => edit(tensor),
        Value::List(items) => match &mut items[0] {
            Value::Array(tensor) => edit(tensor),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }))
}

#[test]
fn aligned_errors_are_judged_by_their_mean() {
    let mut reported = Vec::new();
    for model in ["esmfold", "boltz2"] {
        assert_eq!(
            found(model, INPUT, |row, column, value, _| { if (row, column) == (0, 3) { value + 2.0 } else { value } }),
            [],
            "{model}: one pair may move"
        );
        let transposed = found(model, INPUT, |row, column, _, all| {
            let size = (all.len() as f64).sqrt() as usize;
            all[column * size + row]
        });
        reported.push(format!("{model}: {}", transposed[0]));
        assert_eq!(found(model, INPUT, |_, _, value, _| value * 10.0).len(), 1, "{model}");
        assert_eq!(
            found(model, INPUT, |_, _, value, _| if value > 5.0 { f32::NAN } else { value }).len(),
            1,
            "{model}"
        );
    }
    insta::assert_snapshot!(reported.join("\n"), @"
    esmfold: snapshot [call]: 1 of 8 values differs from the recorded result, `pae` first
      pae: different: PAE error 0.129968 Å, allowed 0.05; greatest PAE error of a residue 0.216361 Å, allowed 0.25; PAE error of all residues 0.25288 Å, allowed 0.5; lost PAE asymmetry 0, allowed 0.5; correlation of PAE asymmetry -1, allowed at least -0.5
      new result for review: DIR/synthetic/esmfold/suite/case.snap.new
      hint: likely cause: axes in the order [0, 2, 1] (explains 100 % of the difference); look at a transpose or reshape, and the order in which arrays are laid out
    boltz2: snapshot [call]: 1 of 8 values differs from the recorded result, `pae[0]` first
      pae[0]: different: PAE error 0.130198 Å, allowed 0.5; greatest PAE error of a residue 0.186107 Å, allowed 2.5; PAE error of all residues 0.257425 Å, allowed 1.5; lost PAE asymmetry 0, allowed 0.5; correlation of PAE asymmetry -1, allowed at least -0.5
      new result for review: DIR/synthetic/boltz2/suite/case.snap.new
      hint: likely cause: axes in the order [1, 0] (explains 100 % of the difference); look at a transpose or reshape, and the order in which arrays are laid out
    ");
}

#[test]
fn larger_matrices_are_judged_alike() {
    let input = &UBIQUITIN[..70];
    assert_eq!(found("boltz2", input, |_, _, value, _| value + 0.1), []);
    assert_eq!(found("boltz2", input, |_, _, value, _| value + 3.0).len(), 1);
}
