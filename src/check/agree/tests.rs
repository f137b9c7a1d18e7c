//! Answers that differ are told by how much and where, and equal ones pass.

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{UBIQUITIN, change_array, declared, folded};
use super::super::fixture::{compile_with, embedder, folder, judge, response, summaries};
use super::*;
use crate::prediction::Value;
use crate::prediction::contract::Contract;

fn check(contract: &Contract, table: &str) -> Box<dyn Check> {
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
    assert_eq!(
        summaries(&*exact, &contract, &[alone.clone(), batch.clone()]),
        Vec::<String>::new()
    );
    let moved = [alone, batch.with_element("embeddings", 9, 0.125)];
    let findings = judge(&*exact, &contract, &moved);
    assert_eq!(findings[0].call.as_deref(), Some("batch"));
    assert_eq!(
        findings[0].summary,
        "embeddings (`alone`, `batch`): 1 of 24 elements beyond tolerance"
    );
    assert_eq!(
        findings[0].details,
        [
            "greatest absolute difference 0.025 at [0, 2, 1] (chain B residue 0): expected 0.1, got 0.125",
            "greatest relative difference 0.25 there",
            "allowed 0 + 0 × |expected|; an absolute tolerance of 0.025 would pass"
        ]
    );
    let loose = check(&contract, "fields = ['embeddings']\natol = 0.03");
    assert_eq!(summaries(&*loose, &contract, &moved), Vec::<String>::new());
    let relative = check(&contract, "fields = ['embeddings']\nrtol = 0.2");
    assert!(summaries(&*relative, &contract, &moved)[0].ends_with("1 of 24 elements beyond tolerance"));
}

#[test]
fn samples_are_compared_without_their_padding() {
    let contract = embedder();
    let alone = response(&contract, "alone", "EF", json!({"include_fields": ["*"]}));
    let [_, batch] = embeddings();
    let items = check(&contract, "fields = ['chain_index', 'residue_index']\nitems = [[0, 1]]");
    assert_eq!(
        summaries(&*items, &contract, &[alone.clone(), batch.clone()]),
        Vec::<String>::new()
    );
    let other = check(&contract, "fields = ['chain_index']\nitems = [[0, 0]]");
    assert_eq!(
        summaries(&*other, &contract, &[alone.clone(), batch.clone()]),
        ["chain_index (`alone` sample 0, `batch` sample 0): expected int32 array (2,), got int32 array (3,)"]
    );
    let moved = batch.with_element("residue_index", 4, 5.0);
    let findings = judge(&*items, &contract, &[alone.clone(), moved.clone()]);
    assert!(
        findings[0].details[0].contains("at [1] (chain A residue 1): expected 1, got 5"),
        "{findings:?}"
    );
    let missing = check(&contract, "fields = ['chain_index']\nitems = [[1, 0]]");
    assert_eq!(
        summaries(&*missing, &contract, &[alone, moved]),
        ["chain_index: there is no sample 1 to compare"]
    );
}

#[test]
fn rows_are_compared_by_direction() {
    let contract = embedder();
    let [alone, batch] = embeddings();
    let cosine = check(&contract, "fields = ['embeddings', 'chain_index']\ncosine = 0.99");
    let near = batch.clone().with_element("embeddings", 9, 0.11);
    assert_eq!(
        summaries(&*cosine, &contract, &[alone.clone(), near]),
        Vec::<String>::new()
    );
    let far = batch.clone().with_element("embeddings", 9, -5.0);
    let findings = judge(&*cosine, &contract, &[alone.clone(), far]);
    assert_eq!(
        findings[0].summary,
        "embeddings (`alone`, `batch`): cosine similarity 0.08863514 < 0.99 of the row at [0, 2, 0] (chain B residue 0)"
    );
    let nan = batch.clone().with_element("embeddings", 9, f64::NAN);
    assert_eq!(judge(&*cosine, &contract, &[alone.clone(), nan]).len(), 1);
    let index = batch.with_element("chain_index", 0, 1.0);
    assert_eq!(
        judge(&*cosine, &contract, &[alone, index]).len(),
        1,
        "indices stay exact"
    );
}

#[test]
fn structures_are_compared_where_they_are() {
    let contract = folder();
    let [first, second] = ["alone", "batch"].map(|call| response(&contract, call, "ACDE", json!({})));
    let shifted = second.clone().with_structure(|structure| {
        structure.coord.iter_mut().for_each(|position| position[0] += 10.0);
    });
    let exact = check(&contract, "fields = ['atom_array']");
    assert_eq!(
        summaries(&*exact, &contract, &[first.clone(), second.clone()]),
        Vec::<String>::new()
    );
    let findings = judge(&*exact, &contract, &[first.clone(), shifted.clone()]);
    assert_eq!(
        findings[0].summary,
        "atom_array (`alone`, `batch`)[0].coord: 28 of 84 elements beyond tolerance"
    );
    assert!(
        findings[0]
            .hint
            .as_deref()
            .unwrap_or_default()
            .contains("moved or turned as a whole"),
        "{findings:?}"
    );
    let loose = check(&contract, "fields = ['atom_array']\natol = 10");
    assert_eq!(
        summaries(&*loose, &contract, &[first.clone(), shifted]),
        Vec::<String>::new()
    );
    let renamed = second.clone().with_structure(|structure| structure.res_id[0] = 9);
    assert!(summaries(&*loose, &contract, &[first.clone(), renamed])[0].contains("got A ALA 9 N"));
    let cooled = second.with_structure(|structure| structure.b_factor = Some(vec![0.25; structure.atoms()]));
    assert!(summaries(&*exact, &contract, &[first, cooled])[0].contains(".b_factor: "));
}

#[test]
fn nothing_on_both_sides_is_no_agreement() {
    let contract = folder();
    let [first, second] = ["alone", "batch"]
        .map(|call| response(&contract, call, "AC", json!({"include_fields": ["plddt"]})).with("plddt", Value::None));
    let plddt = check(&contract, "fields = ['plddt']");
    assert_eq!(
        summaries(&*plddt, &contract, &[first.clone(), second.clone()]),
        ["plddt: expected a value, got None"]
    );
    let hollow = |response: CallResult| response.with("plddt", Value::List(vec![Value::None]));
    assert_eq!(
        summaries(&*plddt, &contract, &[hollow(first.clone()), hollow(second.clone())]),
        ["plddt (`alone`, `batch`): nothing to compare, both are empty or None"]
    );
    let empty = |response: CallResult| response.with("plddt", Value::List(Vec::new()));
    assert_eq!(summaries(&*plddt, &contract, &[empty(first), empty(second)]).len(), 1);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let embed = embedder();
    let wrong = |table: &str, words: &str| {
        let errors = errors(&embed, table);
        assert!(errors.contains(words), "{errors}");
    };
    wrong("fields = ['embeddings']\nsecond = 'alone'", "compared with itself");
    wrong("fields = ['embeddings']\nfirst = 'alon'", "did you mean `alone`?");
    wrong("fields = ['embeddings']\nitems = [[0]]", "not pairs of samples");
    wrong(
        "fields = ['metadata.sequence_lengths']\nitems = [[0, 1]]",
        "has no samples",
    );
    wrong("fields = ['embeddings']\nrmsd = 1", "`rmsd` is a gate of the model");
    wrong("fields = ['embeddings']\natol = inf", "expected a number");
    wrong("fields = ['embeddings']\ncosine = -1", "expected a number");
    let folder = folder();
    let errors = errors(&folder, "fields = ['atom_array']\ncosine = 1");
    assert!(errors.contains("expected a field of arrays"), "{errors}");
    let single = compile_with(&embed, "check = 'agree'\nfields = ['embeddings']", &["only"]).unwrap_err();
    assert!(single.to_string().contains("compared with itself"));
    let three = compile_with(&embed, "check = 'agree'\nfields = ['embeddings']", &["a", "b", "c"]).unwrap_err();
    assert!(three.to_string().contains("missing keys `first`, `second`"));
}

#[test]
fn confidences_agree_by_their_means_under_gates() {
    let contract = declared("chai1");
    let check = check(&contract, "fields = ['plddt']\ngates = {}");
    let options = json!({ "include_fields": ["plddt"], "num_diffn_samples": 1 });
    let [alone, batch] = ["alone", "batch"].map(|call| folded(&contract, call, UBIQUITIN, options.clone()));
    let moved = |change: fn(&mut Vec<f32>)| {
        let batch = batch.clone().change("plddt", |value| change_array(value, change));
        summaries(&*check, &contract, &[alone.clone(), batch])
    };
    // As one card repeats itself: a little everywhere, more where a loop moved.
    assert_eq!(moved(|values| values[3] -= 0.1), Vec::<String>::new());
    assert_eq!(
        moved(|values| values.iter_mut().for_each(|value| *value -= 0.003)),
        Vec::<String>::new()
    );
    let lower = moved(|values| values.iter_mut().for_each(|value| *value -= 0.08));
    assert!(
        lower[0].contains("plddt (`alone`, `batch`)[0]: different: pLDDT error "),
        "{lower:?}"
    );
    assert_eq!(moved(|values| values.rotate_right(2)).len(), 1);
    let short = Value::List(vec![Value::Array(crate::tensor::Tensor::vector(&[0.5f32; 75]))]);
    let responses = [alone.clone(), batch.with("plddt", short)];
    assert!(
        summaries(&*check, &contract, &responses)[0].contains("expected float32 array (76,), got float32 array (75,)")
    );
}
