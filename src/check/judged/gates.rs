//! Structures and confidences are judged by the gates of their model.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{MISTAKES, UBIQUITIN, change_array, declared, folded, jitter};
use super::super::fixture::{compile_with, compiled, judge_recorded_with, summaries};
use crate::protein::Structure;
use crate::snapshot::Recording;

/// What a comparison with the recorded response of a model says of a changed one.
fn found(model: &str, table: &str, change: impl FnOnce(CallResult) -> CallResult) -> Vec<super::super::Finding> {
    let directory = tempfile::tempdir().unwrap();
    let contract = declared(model);
    let check = compiled(&contract, &format!("check = 'snapshot'\n{table}"));
    let judge = |response: CallResult| {
        judge_recorded_with(&check, &contract, &[response], directory.path(), Recording::Missing, None)
    };
    let right = folded(&contract, "call", UBIQUITIN, json!({ "include_fields": ["plddt"] }));
    assert_eq!(judge(right.clone()), []);
    judge(change(right))
}

/// Bends the residues of low confidence.
fn floppy(structure: &mut Structure) {
    let factors = structure.b_factor.clone().unwrap();
    for (position, factor) in structure.coord.iter_mut().zip(factors) {
        if factor < 0.7 {
            position[2] += 1.0;
        }
    }
}

#[test]
fn a_recorded_structure_is_judged_where_both_sides_are_confident() {
    for model in ["esmfold", "boltz2"] {
        for (name, mistake) in MISTAKES {
            let found = found(model, "", |response| response.with_structure(mistake));
            assert_eq!(found.len(), 1, "{model} {name}");
            assert!(found[0].to_string().contains("atom_array[0]: different: "), "{name}: {}", found[0].summary);
        }
    }
    let noisy = |response: CallResult| response.with_structure(|structure| jitter(structure, 0.01, 5));
    assert_eq!(found("esmfold", "", noisy), []);
    assert_eq!(found("esmfold", "gates = { ca_rmsd = 0.001 }", noisy).len(), 1);
    let bent = |response: CallResult| response.with_structure(floppy);
    assert_eq!(found("esmfold", "gates = { unmasked_lddt = 0.8 }", bent), []);
    assert_eq!(found("esmfold", "gates = { unmasked_lddt = 0.8, confidence = 0 }", bent).len(), 1);
}

#[test]
fn recorded_confidences_are_judged_by_their_error() {
    let with = |change: fn(&mut Vec<f32>)| {
        found("boltz2", "fields = ['plddt']", |response| response.change("plddt", |value| change_array(value, change)))
    };
    assert_eq!(with(|values| values[0] += 0.1), [], "one residue may move");
    let hundredfold = with(|values| values.iter_mut().for_each(|value| *value *= 100.0));
    insta::assert_snapshot!(hundredfold[0], @"
    snapshot [call]: 1 of 3 values differs from the recorded result, `plddt[0]` first
      plddt[0]: different: pLDDT error 81.483, allowed 0.02; greatest pLDDT error of a residue 94.5219, allowed 0.15; pLDDT error of all residues 77.3232, allowed 0.05; change in confident residues 0.288136, allowed 0.1
      new result for review: DIR/synthetic/boltz2/suite/case.snap.new
      hint: likely cause: values × 100 (explains 99.9 % of the difference); look at units (ångström against nanometre, fraction against percent), and factors such as a temperature
    ");
    assert_eq!(with(|values| values.rotate_right(1)).len(), 1);
    assert_eq!(with(|values| values.fill(0.5)).len(), 1);
}

#[test]
fn responses_agree_by_the_gates_and_by_those_that_the_case_changes() {
    let contract = declared("boltz2");
    let check = |gates: &str| {
        let table = format!("check = 'agree'\nfields = ['atom_array']\ngates = {gates}");
        compile_with(&contract, &table, &["first", "again"]).unwrap_or_else(|errors| panic!("{errors}"))
    };
    let options = json!({ "include_fields": ["plddt"] });
    let [first, again] = ["first", "again"].map(|call| folded(&contract, call, UBIQUITIN, options.clone()));
    let judge = |gates: &str, change: &dyn Fn(&mut Structure)| {
        let again = again.clone().with_structure(|structure| change(structure));
        summaries(&check(gates), &contract, &[first.clone(), again])
    };
    assert_eq!(judge("{}", &|_| {}), Vec::<String>::new());
    for (name, mistake) in MISTAKES {
        let found = judge("{}", &mistake);
        assert!(found[0].contains("[0]: different: "), "{name}: {found:?}");
    }
    let noisy = |structure: &mut Structure| jitter(structure, 0.1, 1);
    assert_eq!(judge("{}", &noisy), Vec::<String>::new());
    assert_eq!(judge("{ rmsd = 0.01 }", &noisy).len(), 1);
    let table = "check = 'agree'\nfields = ['ptm']\ngates = { rmsd = 0.1 }";
    insta::assert_snapshot!(compile_with(&contract, table, &["first", "again"]).err().unwrap(), @"
    error: `gates` is said of no field
     --> check.toml:3:9
      |
    3 | gates = { rmsd = 0.1 }
      |         ^^^^^^^^^^^^^^ expected a field of structures among `fields`
    ");
}
