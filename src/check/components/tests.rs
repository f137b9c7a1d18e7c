//! Planted mistakes in ligands and nucleic acids are found, and what the embedded model folds is right.

use std::cell::RefCell;

use serde_json::json;

use super::super::case_results::{CallResult, MetricValues, RecordedResults};
use super::super::fixture::compiled;
use super::super::fixture::folded::{declared, folded_complex};
use super::*;
use crate::check::CaseResults;
use crate::prediction::Value;
use crate::protein::Label;
use crate::snapshot::{Recording, SnapshotKey, Store};

fn molecules() -> CallResult {
    folded_complex(&json!([
        { "kind": "protein", "id": "A", "sequence": "ACD" },
        { "kind": "dna", "id": "B", "sequence": "GATC" },
        { "kind": "rna", "id": "R", "sequence": "GAUC" },
        { "kind": "ligand", "id": "L", "ccd": ["SAH"] },
        { "kind": "ligand", "id": ["M", "N"], "smiles": "CC(=O)Oc1ccccc1" },
    ]))
}

/// What the check says of a response with some weights: its findings, and what it did not judge.
fn said(weights: &str, response: &CallResult) -> String {
    let contract = declared("esmfold2");
    let check = compiled(&contract, "check = 'components'");
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), Recording::Never).unwrap();
    let key = |call: &str| SnapshotKey::new(weights, "esmfold2", "suite", "case", Some(call));
    let measured = MetricValues::default();
    let findings = check.judge(&CaseResults {
        contract: &contract,
        responses: std::slice::from_ref(response),
        recorded: Some(&RecordedResults {
            store: &store,
            key: &key,
            notes: &RefCell::default(),
            noise: None,
            backend: "toy",
            kind: "toy",
            source: "suites/suite.toml",
            at: None,
            command: Some("record this"),
            declared: "in [backends.toy]",
        }),
        measured: &measured,
    });
    let lines = findings.into_iter().map(|finding| finding.summary);
    lines.chain(measured.into_inner().1).collect::<Vec<_>>().join("\n")
}

/// The atoms of a chain.
fn chain(structure: &Structure, id: &str) -> Vec<usize> {
    (0..structure.atoms()).filter(|&atom| structure.chain_id[atom] == *id).collect()
}

#[test]
fn what_the_embedded_model_folds_is_right() {
    for weights in ["synthetic", "rig"] {
        assert_eq!(said(weights, &molecules()), "", "{weights}");
    }
}

#[test]
fn planted_mistakes_are_found() {
    let without = |response: &CallResult, id: &str, count: usize| {
        response.clone().with_structure(|it| {
            let gone: Vec<usize> = chain(it, id).into_iter().rev().take(count).collect();
            let keep: Vec<bool> = (0..it.atoms()).map(|atom| !gone.contains(&atom)).collect();
            it.retain(&keep);
        })
    };
    let moved = |id: &'static str, change: fn([f32; 3]) -> [f32; 3]| {
        molecules().with_structure(|it| {
            for atom in chain(it, id) {
                it.coord[atom] = change(it.coord[atom]);
            }
        })
    };
    let right = molecules();
    let found = [
        without(&right, "L", 1),
        without(&right, "L", 26),
        without(&right, "M", 2),
        without(&right, "B", 1),
        without(&right, "R", 20),
        moved("L", |_| [1.0, 2.0, 3.0]),
        moved("N", |[x, y, z]| [x + 100.0, y, z]),
        moved("B", |[x, y, _]| [x, y, f32::NAN]),
        right.clone().change("plddt", |value| {
            if let Value::List(items) = value {
                items[0] = Value::Array(Tensor::vector(&[0.5f32; 3]));
            }
        }),
        right.clone().with_element("plddt", 12, f64::NAN),
    ]
    .map(|wrong| said("published", &wrong));
    insta::assert_snapshot!(found.join("\n"), @"
    atom_array[0]: SAH 1 in chain L: expected 26 heavy atoms, got 25
    atom_array[0]: no atoms in chain L
    atom_array[0]: LIG 1 in chain M: expected 10 heavy atoms, got 8
    atom_array[0]: DC 4 in chain B: expected 19 heavy atoms, got 18
    atom_array[0]: chain R: expected 4 nucleotides, got 3
    atom_array[0]: N of SAH 1 in chain L and CA are 0 Å apart, expected at least 0.4 Å
    atom_array[0]: chain N is 66.5925 Å away from all others, expected at most 15 Å
    atom_array[0]: 82 atoms without finite coordinates, such as P of DG 1 in chain B
    plddt[0]: expected 14 to 57 values for all chains, got 3
    plddt[0]: 1 of 14 are not finite
    ");
    // Random weights may put atoms anywhere; how many there are they know.
    let heaped = moved("L", |_| [1.0, 2.0, 3.0]);
    assert_eq!(said("rig", &heaped), "");
    assert_ne!(said("rig", &without(&right, "L", 1)), "");
    // Where the atoms lie means little if there are too few of them.
    insta::assert_snapshot!(said("published", &without(&heaped, "L", 1)), @"atom_array[0]: SAH 1 in chain L: expected 26 heavy atoms, got 25");
}

#[test]
fn a_foreign_structure_of_any_size_is_judged_in_little_time() {
    // The atoms of modified nucleotides are not counted.
    let right = folded_complex(&json!([
        { "kind": "protein", "id": "A", "sequence": "ACD" },
        { "kind": "dna", "id": "B", "sequence": "GATC", "modifications": [{ "position": 3, "ccd": "5CM" }] },
    ]));
    assert_eq!(said("published", &right), "");
    let large = right.with_structure(|it| {
        let last = it.atoms() - 1;
        let (chain, number, name) = (it.chain_id[last], it.res_id[last], it.res_name[last]);
        for place in 0..33_000u16 {
            it.push(chain, number, name, Label::literal("C"), Label::literal("C"), [f32::from(place), 500.0, 0.0]);
        }
        it.b_factor = Some(vec![0.5; it.atoms()]);
    });
    insta::assert_snapshot!(said("published", &large), @"atom_array[0]: 33082 of 33101 atoms in nucleic acids and ligands, too many to measure where they lie");
    assert_eq!(said("rig", &large), "");
}

#[test]
fn a_missing_first_phosphate_hydrogens_and_a_bond_are_no_mistake() {
    let right = molecules().with_structure(|it| {
        let phosphate = ["P", "OP1", "OP2"];
        let first = chain(it, "B")[0];
        let number = it.res_id[first];
        let keep: Vec<bool> = (0..it.atoms())
            .map(|atom| {
                let is_first = it.chain_id[atom] == "B" && it.res_id[atom] == number;
                !(is_first && phosphate.contains(&it.atom_name[atom].as_str()))
            })
            .collect();
        it.retain(&keep);
        let last = it.atoms() - 1;
        let (chain, number, name) = (it.chain_id[last], it.res_id[last], it.res_name[last]);
        it.push(chain, number, name, Label::literal("H1"), Label::literal("H"), [0.0; 3]);
    });
    assert_eq!(said("published", &right), "");
    let protein = folded_complex(&json!([{ "kind": "protein", "id": "A", "sequence": "ACD" }]));
    insta::assert_snapshot!(said("published", &protein), @"components [call]: no nucleic acid and no ligand in the input");
}
