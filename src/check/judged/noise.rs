//! What repeats differ by makes floors, and no more than that passes because of them.

use std::path::Path;

use serde_json::json;

use super::super::case_results::CallResult;
use super::super::fixture::folded::{UBIQUITIN, declared, folded, jitter};
use super::super::fixture::{compile_with, compiled, judge_recorded};
use crate::compare::floors;
use crate::metric_value::ABSOLUTE;
use crate::prediction::{Contract, Prediction};
use crate::snapshot::{Floors, Recording, SnapshotKey, Store};

fn repeat(seed: u64, most: f32) -> CallResult {
    let contract = declared("esmfold");
    let right = folded(&contract, "call", UBIQUITIN, json!({ "include_fields": ["plddt", "s_s"] }));
    // In a residue of the middle, of which the model is sure.
    let index = 40 * 1024 + seed as usize;
    right.with_structure(|structure| jitter(structure, most, seed)).with_element("s_s", index, 20.0 * seed as f64)
}

/// Stores what five repeats of a call differ by.
fn measure(contract: &Contract, call: Option<&str>, directory: &Path) {
    let repeats: Vec<Prediction> = (1..6).map(|seed| contents(&repeat(seed, 0.03))).collect();
    let store = Store::new(directory, Recording::Never).unwrap();
    let key = SnapshotKey::new("synthetic", "esmfold", "suite", "case", call).unwrap();
    let measured = Floors {
        backend: "toy".into(),
        repeats: repeats.len(),
        fields: floors(contract, &repeats),
        accepted: Vec::new(),
    };
    store.write_floors(&key, &measured).unwrap();
}

fn contents(response: &CallResult) -> Prediction {
    response.result.clone().unwrap()
}

#[test]
fn the_worst_pair_makes_the_floor() {
    let contract = declared("esmfold");
    let repeats = [1, 2, 3].map(|seed| contents(&repeat(seed, 0.02)));
    let all = floors(&contract, &repeats);
    let pair = floors(&contract, &repeats[..2]);
    let structure = &all["atom_array[0]"];
    assert!(structure["ca_rmsd"] >= pair["atom_array[0]"]["ca_rmsd"]);
    assert!((0.001..0.1).contains(&structure["rmsd"]), "{structure:?}");
    assert!(structure["lddt"] <= 1.0 && structure["lddt"] > 0.99);
    assert_eq!(all["plddt[0]"]["plddt"].to_bits(), 0.0f64.to_bits());
    assert!(all["s_s"][ABSOLUTE] > 0.4);
    assert!(!all.contains_key("atom_array[0].coord"));
    assert!(floors(&contract, &repeats[..1]).is_empty());
    let check = compiled(&contract, "check = 'snapshot'");
    assert_eq!(check.beyond(&contract, &repeats[0], &repeats[1]), ["s_s"]);
    let mirrored = repeat(1, 0.02).with_structure(|structure| {
        structure.coord.iter_mut().for_each(|position| position[0] = -position[0]);
    });
    let loose = compiled(&contract, "check = 'snapshot'\natol = 50");
    assert_eq!(loose.beyond(&contract, &repeats[0], &repeats[1]), Vec::<String>::new());
    let beyond = loose.beyond(&contract, &repeats[0], &contents(&mirrored));
    assert!(beyond.contains(&"atom_array[0]".to_owned()), "{beyond:?}");
}

#[test]
fn equal_repeats_have_a_floor_in_every_measure() {
    let contract = declared("esmfold");
    let right = folded(&contract, "call", UBIQUITIN, json!({ "include_fields": ["plddt", "pae"] }));
    let floors = floors(&contract, &[contents(&right), contents(&right)]);
    let of = |path: &str, key: &str| floors[path].get(key).copied();
    assert_eq!(of("pae", "pae"), Some(0.0));
    assert_eq!(of("pae", "unmasked_pae"), Some(0.0));
    assert_eq!(of("plddt[0]", "plddt"), Some(0.0));
    assert_eq!(of("atom_array[0]", ABSOLUTE), Some(0.0));
}

#[test]
fn two_responses_differ_by_no_more_than_repeats_do() {
    let directory = tempfile::tempdir().unwrap();
    let contract = declared("esmfold");
    let table = "check = 'agree'\nfields = ['atom_array']\natol = 0.001";
    let check = compile_with(&contract, table, &["first", "again"]).unwrap();
    let responses = |most| {
        let again = repeat(9, most);
        [("first", repeat(0, 0.0)), ("again", again)]
            .map(|(call, response)| CallResult { call: call.to_owned(), ..response })
    };
    let judge = |most| judge_recorded(&check, &contract, &responses(most), directory.path(), Recording::Never);
    assert_eq!(judge(0.02).len(), 1);
    measure(&contract, Some("again"), directory.path());
    assert_eq!(judge(0.02), []);
    assert_eq!(judge(0.5).len(), 1);
}

#[test]
fn what_repeats_differ_by_passes_and_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let contract = declared("esmfold");
    // Stricter than the noise, so that only the floor lets it pass.
    let check = compiled(&contract, "check = 'snapshot'\nfields = ['atom_array']\ngates = { ca_max = 0.001 }");
    let judge =
        |response: CallResult| judge_recorded(&check, &contract, &[response], directory.path(), Recording::Missing);
    assert_eq!(judge(repeat(1, 0.02)), []);
    assert_eq!(judge(repeat(9, 0.02)).len(), 1);
    measure(&contract, None, directory.path());
    assert_eq!(judge(repeat(9, 0.02)), []);
    let far = judge(repeat(9, 0.5));
    insta::assert_snapshot!(far[0], @"
    snapshot [call]: 1 of 3 values differs from the recorded result, `atom_array[0]` first
      atom_array[0]: different: CA RMSD 0.504284 Å, floor 0.0442313, allowed 0.05; greatest CA distance 0.774628 Å, floor 0.0827085, allowed 0.001; all-atom RMSD 0.542129 Å, floor 0.0435155, allowed 0.1 (59 of 76 residues confident)
        CA RMSD 0.504284 Å, floor 0.0442313, allowed 0.05: different
        greatest CA distance 0.774628 Å, floor 0.0827085, allowed 0.001: different
        all-atom RMSD 0.542129 Å, floor 0.0435155, allowed 0.1: different
        greatest distance of a confident atom 2.23633 Å, floor 0.0866246, allowed 0.5 (OD2 of ASP 51 in chain A): different
        lDDT 0.931124, floor 1, allowed at least 0.999: different
        least lDDT of a confident residue 0.896949, floor 1, allowed at least 0.9 (ASP 20 in chain A): different
        lDDT of all residues 0.931508, floor 1, allowed at least 0.95: different
        confident residues with inverted chirality 8, floor 0, allowed 0 (THR 8 in chain A): different
        greatest turn of a confident peptide bond 137.297°, floor 5.92752, allowed 30 (ALA 45 in chain A): different
        Cα with inverted chirality 0.142857, floor 0, allowed 0.02: different
        pLDDT error 0, floor 0, allowed 0.005: indistinguishable
        greatest pLDDT error of a residue 0, floor 0, allowed 0.05: indistinguishable
        pLDDT error of all residues 0, floor 0, allowed 0.02: indistinguishable
        change in confident residues 0, floor 0, allowed 0.05: indistinguishable
        temperature factor error of all atoms 0, floor 0, allowed 0.02: indistinguishable
        farthest: CA of SER 19 in chain A, 0.774628 Å
      new result for review: DIR/synthetic/esmfold/suite/case.snap.new
    ");
}
