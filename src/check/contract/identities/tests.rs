//! Every identity that is declared holds on the embedded models, and is told once one number breaks it.

use serde_json::json;

use super::super::super::Check;
use super::super::super::case_results::CallResult;
use super::super::super::fixture::folded::{UBIQUITIN, declared, folded};
use super::super::super::fixture::{folder, judge, response};
use crate::prediction::Value;
use crate::prediction::contract::Contract;
use crate::prediction::identity::{FieldIdentity, FieldPart, FieldRelation};
use crate::tensor::Tensor;

/// A complex and a shorter chain.
const BATCH: &str = "ACDEFGHIKLMNPQRSTVWY:GH|MKTAYIAKQR";

/// What is said of identities, summary and details.
fn reported(contract: &Contract, response: CallResult) -> Vec<String> {
    let findings = judge(&Check::contract(), contract, &[response]).into_iter();
    let reported = findings.filter(|finding| finding.summary.contains("allowed"));
    reported.map(|finding| format!("{}; {}", finding.summary, finding.details.join("; "))).collect()
}

fn all_fields(contract: &Contract, input: &str) -> CallResult {
    folded(contract, "call", input, json!({"include_fields": ["*"]}))
}

/// What is said once an element of a field, or of its first array, is another number.
fn broken(key: &str, input: &str, field: &str, flat: usize, number: f64) -> String {
    let contract = declared(key);
    let response = all_fields(&contract, input).with_element(field, flat, number);
    let reported = reported(&contract, response);
    assert_eq!(reported.len(), 1, "{reported:#?}");
    reported.concat()
}

#[test]
fn embedded_models_keep_all_that_is_declared() {
    for key in ["esmfold", "esm2"] {
        let contract = declared(key);
        assert!(!contract.identities.is_empty());
        for input in ["A", UBIQUITIN, BATCH] {
            assert_eq!(reported(&contract, all_fields(&contract, input)), Vec::<String>::new(), "{key} {input}");
        }
    }
}

#[test]
fn a_number_that_breaks_an_identity_is_told_with_its_place() {
    insta::assert_snapshot!(broken("esm2", "ACD:E", "embeddings", 1280 + 7, 9.0), @"`embeddings` is not `hidden_states[:, -1]`: at [0, 1, 7] (chain A residue 1) expected 1.85666, got 9, allowed 0.0001; beyond that: 1 of 5120 elements, by up to 7.14334");
    // Seven numbers a residue, in the third of eight blocks.
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "frames", 7 * (2 * 4 + 3), 2.0), @"`frames[..., 0:4]` is not of length 1: at [2, 0, 3, 0] (chain B residue 0) expected 1, got 2.22203, allowed 0.0001; beyond that: 1 of 32 elements, by up to 1.22203");
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "sidechain_frames", 128 * (2 * 4 + 3) + 7, 99.0), @"`frames[..., 4:7]` is not `sidechain_frames[..., 0, 0:3, 3]`: at [2, 0, 3, 5] (chain B residue 0) expected 99, got 1.04574, allowed 0.01; beyond that: 1 of 96 elements, by up to 97.9543");
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "angles", 14 * (2 * 4 + 3) + 1, 1.5), @"`angles` is not `unnormalized_angles` at length 1: at [2, 0, 3, 0, 1] (chain B residue 0) expected 0.952163, got 1.5, allowed 0.001; beyond that: 1 of 448 elements, by up to 0.547837");
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "aatype", 3, 0.0), @"`aatype` is not the types of the residues: at [0, 3] (chain B residue 0) expected 6, got 0, allowed 0; beyond that: 1 of 4 elements, by up to 6");
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "plddt", 2, 0.0), @"`plddt` is not the expectation of the softmax of `lddt_head[-1, :, :, 1]`: at [0][2] (chain A residue 2) expected 0.584405, got 0, allowed 0.001; beyond that: 1 of 4 elements, by up to 0.584405");
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "ptm_logits", 64 * 6 + 63, 0.0), @"`aligned_confidence_probs` is not the softmax of `ptm_logits`: at [0, 1, 2, 63] (chain A residue 1, chain A residue 2) expected 0.5, got 0, allowed 0.0001; beyond that: 3 of 1024 elements, by up to 0.5");
    insta::assert_snapshot!(broken("esmfold", "ACD:E", "pae", 6, 30.0), @"`pae` is not the expectation of `aligned_confidence_probs`: at [0, 1, 2] (chain A residue 1, chain A residue 2) expected 0.791898, got 30, allowed 0.001; beyond that: 1 of 16 elements, by up to 29.2081");
    insta::assert_snapshot!(broken("esmfold", UBIQUITIN, "ptm", 0, 0.125), @"`ptm` is not the TM-score of `ptm_logits`: at [0][0] expected 0.631005, got 0.125, allowed 0.001; beyond that: 1 of 1 element, by up to 0.506005");
}

#[test]
fn the_worst_of_several_is_told() {
    let contract = declared("esmfold");
    let right = all_fields(&contract, BATCH);
    let wrong = right.with_element("pae", 3, 20.0).with_element("pae", 30, 31.0);
    let reported = reported(&contract, wrong.with_element("pae", 29, 25.0));
    insta::assert_snapshot!(reported.join("\n"), @"`pae` is not the expectation of `aligned_confidence_probs`: at [0, 1, 8] (chain A residue 1, chain A residue 8) expected 1.94995, got 31, allowed 0.001; beyond that: 3 of 584 elements, by up to 29.0501");
}

#[test]
fn a_structure_that_moved_without_its_frames_is_told() {
    let contract = declared("esmfold");
    let moved = all_fields(&contract, "ACD").with_structure(|structure| structure.coord[1][2] += 1.0);
    insta::assert_snapshot!(reported(&contract, moved).join("\n"), @"`frames[-1, ..., 4:7]` is not where the alpha carbons of `atom_array` are: at [7, 0, 0, 6] (chain A residue 0) expected 2.01294, got 1.01294, allowed 0.01; beyond that: 1 of 9 elements, by up to 1");
}

#[test]
fn padding_is_left_out_and_so_is_what_has_another_shape() {
    let contract = declared("esmfold");
    let right = all_fields(&contract, "ACD|A");
    // Of the second sample only the first residue is one.
    let other = right.clone().with_element("pae", 9 + 1, 20.0);
    assert_eq!(reported(&contract, other), Vec::<String>::new());
    let smaller = Value::Array(Tensor::from_values(vec![2, 2, 2], &[9.0f32; 8]).unwrap());
    assert_eq!(reported(&contract, right.clone().with("pae", smaller)), Vec::<String>::new());
    let number = right.with_element("pae", 0, f64::NAN);
    assert_eq!(reported(&contract, number), Vec::<String>::new());
}

#[test]
fn fields_that_were_not_asked_for_are_not_judged() {
    let contract = declared("esmfold");
    let response = folded(&contract, "call", "ACD", json!({"include_fields": ["pae", "plddt"]}));
    assert_eq!(reported(&contract, response.with_element("pae", 1, 9.0)), Vec::<String>::new());
}

#[test]
fn lists_are_judged_sample_by_sample() {
    let mut contract = folder();
    contract.identities = vec![FieldIdentity {
        field: FieldPart::parse("pae[0]").unwrap(),
        relation: FieldRelation::Same,
        of: FieldPart::parse("plddt"),
        tolerance: 0.25,
    }];
    let right = response(&contract, "call", "ACD|EF", json!({"include_fields": ["*"]}));
    let reported = reported(&contract, right.with_element("pae", 1, 8.0));
    insta::assert_snapshot!(reported.join("\n"), @"`pae[0]` is not `plddt`: at [0][0, 1] (chain A residue 0, chain A residue 1) expected 0.2, got 8, allowed 0.25; beyond that: 1 of 5 elements, by up to 7.8");
}
