//! Planted mistakes are found, right structures pass: those of every embedded model and real ones.

use serde_json::json;

use super::super::fixture::folded::{MISTAKES, UBIQUITIN, declared, first_structure, folded};
use super::super::fixture::{compile_errors, compiled, folder, summaries};
use super::*;
use crate::protein::{mmcif, pdb, test_data};

const INSULIN: &str = "GIVEQCCTSICSLYQLENYCN:FVNQHLCGSHLVEALYLVCGERGFFYTPKT";
const TWENTY: &str = "ARNDCQEGHILKMFPSTWYVAWLFYIVMKRHPEDQNSTGC";

fn faults(structure: &Structure, confidence: Option<&[f64]>) -> Vec<String> {
    let gates = declared("esmfold").gates.physical.unwrap();
    let findings = judge_structure("atom_array[0]", structure, confidence, &gates, "call");
    findings.into_iter().map(|finding| finding.summary).collect()
}

#[test]
fn what_the_embedded_models_fold_could_exist() {
    for key in ["esmfold", "esmfold2", "chai1", "boltz2"] {
        let contract = declared(key);
        let check = compiled(&contract, "check = 'physical'");
        for input in [UBIQUITIN, INSULIN, TWENTY, "A", "GG"] {
            let right = folded(&contract, "call", input, json!({ "include_fields": ["plddt"] }));
            assert_eq!(
                summaries(&*check, &contract, &[right]),
                Vec::<String>::new(),
                "{key} {input}"
            );
        }
    }
}

#[test]
fn every_planted_mistake_is_found() {
    let contract = declared("esmfold");
    let check = compiled(&contract, "check = 'physical'");
    let right = folded(&contract, "call", UBIQUITIN, json!({}));
    for (name, mistake) in MISTAKES {
        let wrong = right.clone().with_structure(mistake);
        assert_ne!(summaries(&*check, &contract, &[wrong]), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_words_name_the_rule_and_the_worst_residues() {
    let structure = first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})));
    let mut mirrored = structure.clone();
    MISTAKES[0].1(&mut mirrored);
    let gates = declared("esmfold").gates.physical.unwrap();
    let found = judge_structure("atom_array[0]", &mirrored, None, &gates, "call");
    let hands = found
        .iter()
        .find(|finding| finding.summary.contains("wrong hand"))
        .unwrap();
    assert!(
        hands.summary.starts_with("atom_array[0]: 70 of 70 alpha carbons"),
        "{}",
        hands.summary
    );
    assert!(
        hands.summary.contains(" in chain A: -2.") && hands.summary.contains("allowed 2 %"),
        "{}",
        hands.summary
    );
    assert!(hands.hint.as_ref().is_some_and(|hint| hint.contains("mirror image")));
    assert!(
        found.iter().any(|finding| finding.summary.contains("positive phi")),
        "{found:?}"
    );

    let mut torn = structure;
    MISTAKES[4].1(&mut torn);
    let found = faults(&torn, None);
    assert_eq!(found.len(), 1, "a single break is told once: {found:?}");
    assert!(
        found[0].starts_with("atom_array[0]: 1 of 75 neighbours are torn apart, allowed none; "),
        "{found:?}"
    );
}

#[test]
fn what_nobody_is_sure_of_is_judged_by_its_hands_only() {
    let structure = first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})));
    let mut wrong = structure.clone();
    MISTAKES[3].1(&mut wrong);
    let sure = vec![0.9; 76];
    assert!(faults(&wrong, Some(&sure)).len() > 3);
    let unsure = faults(&wrong, Some(&[0.3; 76]));
    assert!(
        unsure.len() == 1 && unsure[0].contains("have a wrong hand or shape"),
        "{unsure:?}"
    );
    assert_eq!(faults(&structure, Some(&[0.3; 76])), Vec::<String>::new());
    let mut nowhere = structure.clone();
    nowhere.coord.fill([0.0; 3]);
    assert_eq!(faults(&nowhere, Some(&[0.3; 76])).len(), 1);
    let mut stray = structure;
    stray.coord[1] = [500.0; 3];
    let mut unsure_start = sure.clone();
    unsure_start[0] = 0.2;
    assert_eq!(faults(&stray, Some(&unsure_start)), Vec::<String>::new());
    assert_ne!(faults(&stray, Some(&sure)), Vec::<String>::new());
}

#[test]
fn positions_that_are_no_numbers_break_every_rule() {
    let mut structure = first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})));
    structure.coord.fill([f32::NAN; 3]);
    assert!(faults(&structure, None).len() >= 6);
    assert_eq!(faults(&Structure::default(), None), Vec::<String>::new());
}

#[test]
fn real_structures_could_exist() {
    let gates = declared("boltz2").gates.physical.unwrap();
    let mut seen = 0;
    for name in [
        "multimer-check-A100.pdb",
        "multimer-check-T4.pdb",
        "esmfold_server_short.pdb",
        "boltz/0_model_0.cif",
    ] {
        let Some(text) = test_data::read(name) else { continue };
        let read = if name.ends_with("pdb") {
            pdb::read(&text)
        } else {
            mmcif::read(&text)
        };
        let structure = read.unwrap();
        let scale = if name.ends_with("cif") { 100.0 } else { 1.0 };
        seen += 1;
        let confidence = of_residues(&structure, Some(scale), None);
        assert!(
            confidence
                .as_ref()
                .is_some_and(|values| values.iter().any(|value| *value > 0.7)),
            "{name}"
        );
        let found = judge_structure(name, &structure, confidence.as_deref(), &gates, "call");
        assert_eq!(found, [], "{name}");
        for (mistake, plant) in MISTAKES {
            let mut wrong = structure.clone();
            plant(&mut wrong);
            let found = judge_structure(name, &wrong, confidence.as_deref(), &gates, "call");
            assert_ne!(found, [], "{name}: {mistake}");
        }
    }
    eprintln!("looked at {seen} real structures");
}

#[test]
fn gates_can_be_changed_by_the_case_and_must_be_there() {
    let contract = declared("esmfold");
    let right = folded(&contract, "call", UBIQUITIN, json!({}));
    let strict = compiled(&contract, "check = 'physical'\ngates = { sigmas = 0, bonds = 0 }");
    let found = summaries(&*strict, &contract, &[right]);
    assert!(
        found[0].contains("backbone bonds have a wrong length, allowed 0 %"),
        "{found:?}"
    );
    let errors = compile_errors(&contract, "check = 'physical'\ngates = { sigma = 3 }");
    assert!(errors.contains("did you mean `sigmas`?"), "{errors}");
    let errors = compile_errors(&folder(), "check = 'physical'");
    assert!(errors.contains("expected `[models.folder.gates.physical]`"), "{errors}");
}
