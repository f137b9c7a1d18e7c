//! Equal ensembles pass, others fail, too few samples are an error and no failure.

use std::path::Path;

use serde_json::json;

use super::super::fixture::folded::{change_array, declared, folded, jitter};
use super::super::fixture::{compile_errors, compile_with, folder, judge_recorded};
use super::*;
use crate::backend::Responsible;
use crate::check::{CallResult, Check, MetricValues};
use crate::metric::test_points::{mirrored, noise};
use crate::prediction::Contract;
use crate::protein::Structure;
use crate::snapshot::Recording;

const TRP_CAGE: &str = "NLYIQWLKDGGPSSGRPPPS";

const CALLS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

/// Bends one half of a structure against the other by an angle in radians.
fn bend(structure: &mut Structure, angle: f32) {
    let half = structure.atoms() / 2;
    let [x, y, _] = structure.coord[half];
    let (sine, cosine) = angle.sin_cos();
    for position in &mut structure.coord[half..] {
        let (dx, dy) = (position[0] - x, position[1] - y);
        position[0] = x + cosine * dx - sine * dy;
        position[1] = y + sine * dx + cosine * dy;
    }
}

/// Ten samples that differ as those of a diffusion model do: in a hinge and in every atom.
fn ensemble(seed: u64) -> Vec<CallResult> {
    let contract = declared("boltz2");
    let right = folded(&contract, "a", TRP_CAGE, json!({ "include_fields": ["plddt"] }));
    let mut next = noise(seed);
    let responses = CALLS.iter().enumerate().map(|(index, call)| {
        let (angle, shift) = (0.1 * next(), 0.005 * next());
        let mut response = right.clone().with_structure(|structure| {
            bend(structure, angle);
            jitter(structure, 0.1, seed * 100 + index as u64);
        });
        (*call).clone_into(&mut response.call);
        response.change("plddt", |value| {
            change_array(value, |values| values.iter_mut().for_each(|value| *value += shift));
        })
    });
    responses.collect()
}

fn check(contract: &Contract, gates: &str, calls: &[&str]) -> Check {
    let table = format!("check = 'ensemble'\ngates = {gates}");
    compile_with(contract, &table, calls).unwrap_or_else(|errors| panic!("{errors}"))
}

fn found(directory: &Path, gates: &str, responses: &[CallResult]) -> Vec<Finding> {
    let contract = declared("boltz2");
    judge_recorded(&check(&contract, gates, &CALLS), &contract, responses, directory, Recording::Missing)
}

/// What is said of a second ensemble after a change to each of its samples.
fn after(change: impl Fn(CallResult) -> CallResult) -> Vec<Finding> {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(found(directory.path(), "{}", &ensemble(1)), []);
    let changed: Vec<CallResult> = ensemble(2).into_iter().map(change).collect();
    found(directory.path(), "{}", &changed)
}

#[test]
fn another_draw_from_one_distribution_passes_and_another_distribution_does_not() {
    assert_eq!(after(|response| response), []);
    let bent = after(|response| response.with_structure(|structure| bend(structure, 0.8)));
    assert_eq!(bent.len(), 1, "{bent:?}");
    insta::assert_snapshot!(bent[0].summary, @"complex 0: 10 samples are not from the distribution of 10 recorded: energy distance by CA RMSD 1.11251 Å (allowed 0.2), p 1.08251e-5 (below 0.00333333 is no chance)");
    assert_eq!((bent[0].responsible, bent[0].details.len()), (Responsible::Backend, 3));
    let mirror = |structure: &mut Structure| structure.coord = mirrored(&structure.coord);
    assert_eq!(after(|response| response.with_structure(mirror)).len(), 1);
    let nanometres = |structure: &mut Structure| structure.coord.iter_mut().flatten().for_each(|axis| *axis /= 10.0);
    assert_eq!(after(|response| response.with_structure(nanometres)).len(), 1);
}

#[test]
fn confidences_are_the_tighter_invariant() {
    let shifted = |response: CallResult| {
        response.change("plddt", |value| {
            change_array(value, |values| values.iter_mut().for_each(|value| *value += 0.03));
        })
    };
    let found = after(shifted);
    insta::assert_snapshot!(found[0].summary, @"complex 0: 10 samples are not from the distribution of 10 recorded: energy distance by pLDDT 0.05065 (allowed 0.005), p 1.08251e-5 (below 0.00333333 is no chance)");
}

#[test]
fn one_seed_for_all_and_other_atoms_are_found() {
    let first = ensemble(2).remove(0);
    let copied = after(|response| CallResult { result: first.result.clone(), ..response });
    insta::assert_snapshot!(copied[0].summary, @"complex 0: atom_array[0] of `a` and atom_array[0] of `b` are the same structure; other seeds must give other samples");
    let renamed = after(|response| response.with_structure(|structure| structure.atom_name.swap(0, 1)));
    insta::assert_snapshot!(renamed[0].summary, @"complex 0: atom_array[0] of `a` has other atoms than recorded atom_array[0] of `a`: the atoms come in another order: N of ASN 1 in chain A is number 1, expected 0");
}

#[test]
fn what_cannot_be_decided_is_no_fault() {
    let directory = tempfile::tempdir().unwrap();
    let few = &ensemble(1)[..3];
    assert_eq!(found(directory.path(), "{}", few), [], "recording needs no judgement");
    let undecided = found(directory.path(), "{}", few);
    insta::assert_snapshot!(undecided[0].summary, @"complex 0: 3 samples recorded, the gates ask for 10");
    assert_eq!(undecided[0].responsible, Responsible::Harness);
    let blind = found(directory.path(), "{ samples = 3 }", few);
    insta::assert_snapshot!(blind[0].summary, @"complex 0: no difference of so few samples is surprising, there are 20 splits");
    assert_eq!(blind[0].responsible, Responsible::Harness);

    let contract = declared("boltz2");
    let empty = tempfile::tempdir().unwrap();
    let check = check(&contract, "{}", &CALLS);
    let missing = judge_recorded(&check, &contract, few, empty.path(), Recording::Never);
    assert_eq!((missing.len(), missing[0].responsible), (3, Responsible::Reference));
    insta::assert_snapshot!(missing[0].hint.as_ref().unwrap(), @"record it with: record this");
}

#[test]
fn equal_ensembles_fail_at_most_once_in_a_hundred() {
    let contract = declared("boltz2");
    let gates = contract.gates.ensemble.unwrap();
    let draw = |seed| -> Vec<Sample> {
        let responses = ensemble(seed);
        let measured = MetricValues::default();
        let results = CaseResults { contract: &contract, responses: &responses, recorded: None, measured: &measured };
        Calls::All.answered(&results).flat_map(|answered| samples::of_response(&answered).unwrap().remove(0)).collect()
    };
    let (mut by_chance, mut failed) = (0, 0);
    for run in 0..100 {
        let tests = test(&draw(10 + 2 * run), &draw(11 + 2 * run), &gates);
        assert_eq!(tests.len(), 3);
        by_chance += usize::from(tests.iter().any(|test| test.result.p_value < test.p));
        failed += usize::from(tests.iter().any(Tested::differs));
    }
    assert!(by_chance <= 3, "{by_chance} of 100 are surprising");
    assert!(failed <= 1, "{failed} of 100 equal ensembles fail");
}

#[test]
fn models_without_chance_have_no_ensembles() {
    let errors = compile_errors(&declared("esmfold"), "check = 'ensemble'");
    insta::assert_snapshot!(errors, @"
    error: `esmfold` cannot be judged so, there are no gates
     --> check.toml:1:1
      |
    1 | check = 'ensemble'
      | ^ expected `[models.esmfold.gates.ensemble]`
    ");
    assert!(!compile_errors(&folder(), "check = 'ensemble'").is_empty());
}
