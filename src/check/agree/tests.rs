//! Responses that differ are told by how much and where, and equal ones pass.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{UBIQUITIN, change_array, declared, folded};
use super::super::fixture::{compile_with, embedder, folder, judge, response, summaries};
use crate::check::Check;
use crate::prediction::Value;
use crate::prediction::contract::Contract;

fn check(contract: &Contract, table: &str) -> Check {
    compile_with(contract, &format!("check = 'agree'\n{table}"), &["alone", "batch"])
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(contract: &Contract, table: &str) -> String {
    compile_with(contract, &format!("check = 'agree'\n{table}"), &["alone", "batch"])
        .map_or_else(|errors| errors.to_string(), |_| String::new())
}

fn embeddings() -> [CallResult; 2] {
    let contract = embedder();
    ["alone", "batch"].map(|call| response(&contract, call, "AC:D|EF", json!({"include_fields": ["*"]})))
}

#[test]
fn differences_are_counted_measured_and_placed() {
    let contract = embedder();
    let [alone, batch] = embeddings();
    let exact = check(&contract, "fields = ['embeddings', 'chain_index']");
    assert_eq!(summaries(&exact, &contract, &[alone.clone(), batch.clone()]), Vec::<String>::new());
    let moved = [alone, batch.with_element("embeddings", 9, 0.125)];
    let findings = judge(&exact, &contract, &moved);
    assert_eq!(findings[0].call.as_deref(), Some("batch"));
    insta::assert_snapshot!(findings[0].summary, @"embeddings (`alone`, `batch`): 1 of 24 elements beyond tolerance");
    insta::assert_snapshot!(findings[0].details.join("\n"), @"
    greatest absolute difference 0.025 at [0, 2, 1] (chain B residue 0): expected 0.1, got 0.125
    greatest relative difference 0.25 there
    allowed 0 + 0 × |expected|; an absolute tolerance of 0.025 would pass
    ");
    let loose = check(&contract, "fields = ['embeddings']\natol = 0.03");
    assert_eq!(summaries(&loose, &contract, &moved), Vec::<String>::new());
    let relative = check(&contract, "fields = ['embeddings']\nrtol = 0.2");
    insta::assert_snapshot!(summaries(&relative, &contract, &moved)[0], @"embeddings (`alone`, `batch`): 1 of 24 elements beyond tolerance");
}

#[test]
fn samples_are_compared_without_their_padding() {
    let contract = embedder();
    let alone = response(&contract, "alone", "EF", json!({"include_fields": ["*"]}));
    let [_, batch] = embeddings();
    let items = check(&contract, "fields = ['chain_index', 'residue_index']\nitems = [[0, 1]]");
    assert_eq!(summaries(&items, &contract, &[alone.clone(), batch.clone()]), Vec::<String>::new());
    let other = check(&contract, "fields = ['chain_index']\nitems = [[0, 0]]");
    insta::assert_snapshot!(summaries(&other, &contract, &[alone.clone(), batch.clone()]).join("\n"), @"chain_index (`alone` sample 0, `batch` sample 0): expected int32 array (2,), got int32 array (3,)");
    let moved = batch.with_element("residue_index", 4, 5.0);
    let findings = judge(&items, &contract, &[alone.clone(), moved.clone()]);
    insta::assert_snapshot!(findings[0].details[0], @"greatest absolute difference 4 at [1] (chain A residue 1): expected 1, got 5");
    let missing = check(&contract, "fields = ['chain_index']\nitems = [[1, 0]]");
    insta::assert_snapshot!(summaries(&missing, &contract, &[alone, moved]).join("\n"), @"chain_index: there is no sample 1 to compare");
}

#[test]
fn rows_are_compared_by_direction() {
    let contract = embedder();
    let [alone, batch] = embeddings();
    let cosine = check(&contract, "fields = ['embeddings', 'chain_index']\ncosine = 0.99");
    let near = batch.clone().with_element("embeddings", 9, 0.11);
    assert_eq!(summaries(&cosine, &contract, &[alone.clone(), near]), Vec::<String>::new());
    let far = batch.clone().with_element("embeddings", 9, -5.0);
    let findings = judge(&cosine, &contract, &[alone.clone(), far]);
    insta::assert_snapshot!(findings[0].summary, @"embeddings (`alone`, `batch`): cosine similarity 0.08863514 < 0.99 of the row at [0, 2, 0] (chain B residue 0)");
    let nan = batch.clone().with_element("embeddings", 9, f64::NAN);
    assert_eq!(judge(&cosine, &contract, &[alone.clone(), nan]).len(), 1);
    let index = batch.with_element("chain_index", 0, 1.0);
    assert_eq!(judge(&cosine, &contract, &[alone, index]).len(), 1, "indices stay exact");
}

#[test]
fn structures_are_compared_where_they_are() {
    let contract = folder();
    let [first, second] = ["alone", "batch"].map(|call| response(&contract, call, "ACDE", json!({})));
    let shifted = second.clone().with_structure(|structure| {
        structure.coord.iter_mut().for_each(|position| position[0] += 10.0);
    });
    let exact = check(&contract, "fields = ['atom_array']");
    assert_eq!(summaries(&exact, &contract, &[first.clone(), second.clone()]), Vec::<String>::new());
    let findings = judge(&exact, &contract, &[first.clone(), shifted.clone()]);
    insta::assert_snapshot!(findings[0].summary, @"atom_array (`alone`, `batch`)[0].coord: 28 of 84 elements beyond tolerance");
    insta::assert_snapshot!(findings[0].hint.as_deref().unwrap_or_default(), @"likely cause: moved or turned as a whole, otherwise the same (explains 100 % of the difference); look at the frame in which coordinates are written: centring, or a final alignment");
    let loose = check(&contract, "fields = ['atom_array']\natol = 10");
    assert_eq!(summaries(&loose, &contract, &[first.clone(), shifted]), Vec::<String>::new());
    let renamed = second.clone().with_structure(|structure| structure.res_id[0] = 9);
    insta::assert_snapshot!(summaries(&loose, &contract, &[first.clone(), renamed])[0], @"atom_array (`alone`, `batch`)[0]: 1 of 28 atoms have other names, first atom 0: expected A ALA 0 N (N), got A ALA 9 N (N)");
    let cooled = second.with_structure(|structure| structure.b_factor = Some(vec![0.25; structure.atoms()]));
    insta::assert_snapshot!(summaries(&exact, &contract, &[first, cooled])[0], @"atom_array (`alone`, `batch`)[0].b_factor: 28 of 28 elements beyond tolerance");
}

#[test]
fn nothing_on_both_sides_is_no_agreement() {
    let contract = folder();
    let [first, second] = ["alone", "batch"]
        .map(|call| response(&contract, call, "AC", json!({"include_fields": ["plddt"]})).with("plddt", Value::None));
    let plddt = check(&contract, "fields = ['plddt']");
    insta::assert_snapshot!(summaries(&plddt, &contract, &[first.clone(), second.clone()]).join("\n"), @"plddt: expected a value, got None");
    let hollow = |response: CallResult| response.with("plddt", Value::List(vec![Value::None]));
    insta::assert_snapshot!(summaries(&plddt, &contract, &[hollow(first.clone()), hollow(second.clone())]).join("\n"), @"plddt (`alone`, `batch`): nothing to compare, both are empty or None");
    let empty = |response: CallResult| response.with("plddt", Value::List(Vec::new()));
    assert_eq!(summaries(&plddt, &contract, &[empty(first), empty(second)]).len(), 1);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let embed = embedder();
    let reported = [
        "fields = ['embeddings']\nsecond = 'alone'",
        "fields = ['embeddings']\nfirst = 'alon'",
        "fields = ['embeddings']\nitems = [[0]]",
        "fields = ['metadata.sequence_lengths']\nitems = [[0, 1]]",
        "fields = ['embeddings']\nrmsd = 1",
        "fields = ['embeddings']\natol = inf",
        "fields = ['embeddings']\ncosine = -1",
    ]
    .map(|table| errors(&embed, table));
    insta::assert_snapshot!(reported.join("\n\n"), @"
    error: the call `alone` is compared with itself
     --> check.toml:3:10
      |
    3 | second = 'alone'
      |          ^^^^^^^ expected another call, or `items` that are different samples

    error: unknown call `alon`
     --> check.toml:3:9
      |
    3 | first = 'alon'
      |         ^^^^^^ did you mean `alone`?

    error: these are not pairs of samples
     --> check.toml:3:9
      |
    3 | items = [[0]]
      |         ^^^^^ expected pairs of samples, as in `[[0, 1], [1, 0]]`

    error: `metadata.sequence_lengths` has no samples
     --> check.toml:3:9
      |
    3 | items = [[0, 1]]
      |         ^^^^^^^^ expected `fields` of the contract

    error: `rmsd` is a gate of the model
     --> check.toml:3:8
      |
    3 | rmsd = 1
      |        ^ expected `gates = { rmsd = … }`

    error: `atol` is inf
     --> check.toml:3:8
      |
    3 | atol = inf
      |        ^^^ expected a number of at least 0 and below inf

    error: `cosine` is -1
     --> check.toml:3:10
      |
    3 | cosine = -1
      |          ^^ expected a number above -1 and of at most 1
    ");
    let folder = folder();
    let errors = errors(&folder, "fields = ['atom_array']\ncosine = 1");
    insta::assert_snapshot!(errors, @"
    error: `cosine` is said of no field
     --> check.toml:3:10
      |
    3 | cosine = 1
      |          ^ expected a field of arrays among `fields`
    ");
    let single = compile_with(&embed, "check = 'agree'\nfields = ['embeddings']", &["only"]).unwrap_err();
    insta::assert_snapshot!(single, @"
    error: the call `only` is compared with itself
     --> check.toml:1:1
      |
    1 | check = 'agree'
      | ^ expected another call, or `items` that are different samples
    ");
    let three = compile_with(&embed, "check = 'agree'\nfields = ['embeddings']", &["a", "b", "c"]).unwrap_err();
    insta::assert_snapshot!(three, @"
    error: missing keys `first`, `second`
     --> check.toml:1:1
      |
    1 | check = 'agree'
      | ^ in this file
    ");
}

#[test]
fn confidences_agree_by_their_means_under_gates() {
    let contract = declared("chai1");
    let check = check(&contract, "fields = ['plddt']\ngates = {}");
    let options = json!({ "include_fields": ["plddt"], "num_diffn_samples": 1 });
    let [alone, batch] = ["alone", "batch"].map(|call| folded(&contract, call, UBIQUITIN, options.clone()));
    let moved = |change: fn(&mut Vec<f32>)| {
        let batch = batch.clone().change("plddt", |value| change_array(value, change));
        summaries(&check, &contract, &[alone.clone(), batch])
    };
    // As one card repeats itself: a little everywhere, more where a loop moved.
    assert_eq!(moved(|values| values[3] -= 0.1), Vec::<String>::new());
    assert_eq!(moved(|values| values.iter_mut().for_each(|value| *value -= 0.003)), Vec::<String>::new());
    let lower = moved(|values| values.iter_mut().for_each(|value| *value -= 0.08));
    insta::assert_snapshot!(lower[0], @"plddt (`alone`, `batch`)[0]: different: pLDDT error 0.08, allowed 0.02; greatest pLDDT error of a residue 0.08, allowed 0.15; pLDDT error of all residues 0.08, allowed 0.05; change in confident residues 0.35, allowed 0.1");
    assert_eq!(moved(|values| values.rotate_right(2)).len(), 1);
    let short = Value::List(vec![Value::Array(crate::tensor::Tensor::vector(&[0.5f32; 75]))]);
    let responses = [alone.clone(), batch.with("plddt", short)];
    insta::assert_snapshot!(summaries(&check, &contract, &responses)[0], @"plddt (`alone`, `batch`)[0]: expected float32 array (76,), got float32 array (75,)");
}
