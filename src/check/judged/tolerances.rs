//! Which rule is whose: gates, the contract, the check, and a backend without noise.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{UBIQUITIN, declared, folded, jitter};
use super::super::fixture::{compile_errors, compiled, embedder, folder, judge_recorded_with, response};
use crate::prediction::Contract;
use crate::prediction::contract::Tolerance;
use crate::protein::Structure;
use crate::snapshot::Recording;

fn found(
    right: &(Contract, CallResult),
    table: &str,
    noise: Option<Tolerance>,
    change: impl FnOnce(CallResult) -> CallResult,
) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let (contract, right) = right;
    let check = compiled(contract, &format!("check = 'snapshot'\n{table}"));
    let judge = |response: CallResult| {
        let recording = Recording::Missing;
        judge_recorded_with(&check, contract, &[response], directory.path(), recording, noise)
    };
    assert_eq!(judge(right.clone()), []);
    let findings = judge(change(right.clone()));
    findings.iter().map(ToString::to_string).collect()
}

fn gated() -> (Contract, CallResult) {
    let contract = declared("esmfold");
    let right = folded(&contract, "call", UBIQUITIN, json!({ "include_fields": ["plddt"] }));
    (contract, right)
}

fn moved(response: CallResult) -> CallResult {
    response.with_structure(|structure: &mut Structure| {
        structure.coord.iter_mut().for_each(|position| position[1] += 3.0);
    })
}

#[test]
fn structures_go_by_gates_whatever_the_check_says_of_numbers() {
    let right = gated();
    let noisy = |response: CallResult| response.with_structure(|structure| jitter(structure, 0.3, 5));
    for table in ["", "atol = 5", "rtol = 5", "atol = 5\ngates = { confidence = 0.8 }"] {
        assert_eq!(found(&right, table, None, moved), Vec::<String>::new(), "{table}");
        let beyond = found(&right, table, None, noisy);
        assert!(beyond[0].contains("atom_array[0]: different: "), "{table}: {beyond:?}");
    }
    let one = |response: CallResult| response.with_element("plddt", 3, 0.5);
    assert_eq!(found(&right, "fields = ['plddt']", None, one), Vec::<String>::new());
    let by_number = found(&right, "fields = ['plddt']\natol = 1e-3", None, one);
    insta::assert_snapshot!(by_number[0], @"
    snapshot [call]: 1 of 3 values differs from the recorded result, `plddt[0]` first
      plddt[0]: 1 of 76 elements beyond tolerance
        greatest absolute difference 0.106475 at [3] (chain A residue 3): expected 0.60647506, got 0.5
        greatest relative difference 0.175564 there
        allowed 0.001 + 0 × |expected|; an absolute tolerance of 0.107 would pass
      new result for review: DIR/synthetic/esmfold/suite/case.snap.new
    ");
}

#[test]
fn without_gates_structures_are_compared_number_by_number() {
    let contract = folder();
    let right = response(&contract, "call", "ACDEFG", json!({}));
    let words = found(&(contract, right), "atol = 0.5", None, moved);
    insta::assert_snapshot!(words[0], @"
    snapshot [call]: 1 of 8 values differs from the recorded result, `atom_array[0].coord` first
      atom_array[0].coord: 43 of 129 elements beyond tolerance
        greatest absolute difference 3 at [0, 1] (A ALA 0 N): expected 0, got 3
        greatest relative difference inf there
        allowed 0.5 + 0 × |expected|; an absolute tolerance of 3 would pass
      new result for review: DIR/synthetic/folder/suite/case.snap.new
      hint: likely cause: moved or turned as a whole, otherwise the same (explains 100 % of the difference); look at the frame in which coordinates are written: centring, or a final alignment
    ");
}

#[test]
fn a_backend_without_noise_is_held_to_every_atom() {
    let exact = Some(Tolerance { absolute: 1e-4, relative: 0.0 });
    let words = found(&gated(), "gates = { ca_max = 9 }", exact, moved);
    insta::assert_snapshot!(words[0], @"
    snapshot [call]: 1 of 29 values differs from the recorded result, `atom_array[0].coord` first
      atom_array[0].coord: 601 of 1803 elements beyond tolerance
        greatest absolute difference 3 at [50, 1] (A LYS 5 CE): expected 31.182165, got 34.182167
        greatest relative difference 53.2881 at [300, 1]: expected 0.05629772, got 3.0562978
        allowed 0.0001 + 0 × |expected|; an absolute tolerance of 3.01 would pass
      new result for review: DIR/synthetic/esmfold/suite/case.snap.new
      hint: likely cause: moved or turned as a whole, otherwise the same (explains 99.9 % of the difference); look at the frame in which coordinates are written: centring, or a final alignment
    ");
}

#[test]
fn a_distance_alone_is_no_rule() {
    let errors = compile_errors(&declared("esmfold"), "check = 'snapshot'\nrmsd = 0.5");
    insta::assert_snapshot!(errors, @"
    error: `rmsd` is a gate of the model
     --> check.toml:2:8
      |
    2 | rmsd = 0.5
      |        ^^^ expected `gates = { rmsd = … }`
    ");
}

#[test]
fn whole_numbers_are_exact_and_measured_ones_follow_their_field() {
    let mut contract = embedder();
    contract.tolerance.absolute = 0.5;
    let right = response(&contract, "call", "ACD", serde_json::json!({"include_fields": ["*"]}));
    let of = |name: &str| {
        let name = name.to_owned();
        found(&(contract.clone(), right.clone()), "", None, move |response| response.with_element(&name, 0, 0.25))
    };
    assert_eq!(of("embeddings"), Vec::<String>::new());
    let index = found(&(contract.clone(), right.clone()), "atol = 5", None, |response| {
        response.with_element("chain_index", 0, 1.0)
    });
    insta::assert_snapshot!(index[0], @"
    snapshot [call]: 1 of 5 values differs from the recorded result, `chain_index` first
      chain_index: 1 of 3 elements beyond tolerance
        greatest absolute difference 1 at [0, 0] (chain A residue 0): expected 0, got 1
        greatest relative difference inf there
        allowed 0 + 0 × |expected|; an absolute tolerance of 1 would pass
      new result for review: DIR/synthetic/embedder/suite/case.snap.new
    ");
}
