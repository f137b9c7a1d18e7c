//! Planted mistakes are found, right structures pass: those of every embedded model and real ones.

use std::cell::RefCell;

use serde_json::json;

use super::super::case_results::{CallResult, MetricValues, RecordedResults};
use super::super::fixture::folded::{MISTAKES, UBIQUITIN, declared, first_structure, folded};
use super::super::fixture::{compile_errors, compiled, folder, summaries};
use super::*;
use crate::backend::Responsible;
use crate::check::CaseResults;
use crate::prediction::Contract;
use crate::prediction::contract::FactorScale;
use crate::protein::{mmcif, pdb, test_data};
use crate::snapshot::{Recording, SnapshotKey, Store};

const INSULIN: &str = "GIVEQCCTSICSLYQLENYCN:FVNQHLCGSHLVEALYLVCGERGFFYTPKT";
const TWENTY: &str = "ARNDCQEGHILKMFPSTWYVAWLFYIVMKRHPEDQNSTGC";

fn faults(structure: &Structure, confidence: Option<&[f64]>) -> Vec<String> {
    let gates = declared("esmfold").gates.physical.unwrap();
    let findings = PhysicalStructure::new("atom_array[0]", structure, confidence, &gates).judge("call", false);
    findings.into_iter().map(|finding| finding.summary).collect()
}

#[test]
fn what_the_embedded_models_fold_could_exist() {
    for key in ["esmfold", "esmfold2", "chai1", "boltz2"] {
        let contract = declared(key);
        let check = compiled(&contract, "check = 'physical'");
        for input in [UBIQUITIN, INSULIN, TWENTY, "A", "GG"] {
            let right = folded(&contract, "call", input, json!({ "include_fields": ["plddt"] }));
            assert_eq!(summaries(&check, &contract, &[right]), Vec::<String>::new(), "{key} {input}");
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
        assert_ne!(summaries(&check, &contract, &[wrong]), Vec::<String>::new(), "{name}");
    }
}

/// Moves the atoms of residues with this name, given their places by the atoms' names.
fn changed(structure: &Structure, name: &str, change: impl Fn(&mut Structure, &dyn Fn(&str) -> usize)) -> Structure {
    let mut wrong = structure.clone();
    for own in structure.residues() {
        if structure.res_name[own.start] == *name {
            change(&mut wrong, &|atom| structure.atom_named(&own, atom).unwrap());
        }
    }
    wrong
}

#[test]
fn mistakes_in_side_chains_are_found_where_the_backbone_is_right() {
    let gates = declared("esmfold").gates.physical.unwrap();
    let input = format!("{UBIQUITIN}{UBIQUITIN}");
    let structure = first_structure(&folded(&declared("esmfold"), "call", &input, json!({})));
    let swapped =
        |name: &str, one: &str, other: &str| changed(&structure, name, |it, at| it.coord.swap(at(one), at(other)));
    let squeezed = changed(&structure, "PHE", |it, at| {
        let ring = ["CG", "CD1", "CE1", "CZ", "CE2", "CD2"].map(at);
        let middle = [0, 1, 2].map(|axis| ring.iter().map(|&atom| it.coord[atom][axis]).sum::<f32>() / 6.0);
        for atom in ring {
            it.coord[atom] = [0, 1, 2].map(|axis| middle[axis] + 0.4 * (it.coord[atom][axis] - middle[axis]));
        }
    });
    let bent = changed(&structure, "GLU", |it, at| it.coord[at("OE1")][0] += 1.0);
    let isoleucine = changed(&structure, "ILE", |it, at| {
        let by = [0, 1, 2].map(|axis| it.coord[at("CG2")][axis] - it.coord[at("CG1")][axis]);
        it.coord.swap(at("CG1"), at("CG2"));
        it.coord[at("CD1")] = [0, 1, 2].map(|axis| it.coord[at("CD1")][axis] + by[axis]);
    });
    let found: Vec<String> = [
        squeezed,
        bent,
        isoleucine,
        swapped("THR", "OG1", "CG2"),
        swapped("LEU", "CD1", "CD2"),
        swapped("VAL", "CG1", "CG2"),
    ]
    .iter()
    .map(|wrong| {
        let found = PhysicalStructure::new("it", wrong, None, &gates).judge("call", true);
        let words = found.iter().map(|finding| {
            let end = finding.summary.find(';').unwrap();
            format!("{} ({})", &finding.summary[..end], finding.hint.as_deref().unwrap_or("-"))
        });
        words.collect::<Vec<_>>().join("\n")
    })
    .collect();
    insta::assert_snapshot!(found.join("\n\n"), @"
    it: 28 of 608 bonds of side chains have a wrong length, allowed 2 % (-)

    it: 8 of 54 rings and planar groups are not flat, allowed 2 % (-)

    it: 14 of 14 isoleucines have a wrong hand at CB, allowed 5 % (two atoms of a branch seem to have each other's names or places)

    it: 14 of 14 threonines have a wrong hand at CB, allowed 5 % (two atoms of a branch seem to have each other's names or places)

    it: 18 of 18 leucines have the names of CD1 and CD2 swapped, allowed 5 % (two atoms of a branch seem to have each other's names or places)

    it: 8 of 8 valines have the names of CG1 and CG2 swapped, allowed 5 % (two atoms of a branch seem to have each other's names or places)
    ");
    // Chai-1 names methyl groups by chance: no fraction of them is too many.
    let by_chance = PhysicalGates { methyl_names: 1.0, ..gates };
    let wrong = swapped("LEU", "CD1", "CD2");
    assert_eq!(PhysicalStructure::new("it", &wrong, None, &by_chance).judge("call", true), []);
}

#[test]
fn the_words_name_the_rule_and_the_worst_residues() {
    let structure = first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})));
    let mut mirrored = structure.clone();
    MISTAKES[0].1(&mut mirrored);
    let gates = declared("esmfold").gates.physical.unwrap();
    let found = PhysicalStructure::new("atom_array[0]", &mirrored, None, &gates).judge("call", true);
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(found.join("\n"), @"
    physical [call]: atom_array[0]: 70 of 70 alpha carbons have a wrong hand or shape, allowed 2 %; PRO 36 in chain A: -2.71284 Å³, PRO 37 in chain A: -2.71284 Å³, PRO 18 in chain A: -2.71284 Å³
      76 residues, no confidence given
      hint: most residues have the wrong hand: the structure is a mirror image, or CB took C's place
    physical [call]: atom_array[0]: 69 of 69 residues have a positive phi, allowed 10 %; GLN 39 in chain A: 65.775°, LYS 26 in chain A: 65.5931°, ASP 20 in chain A: 65.5255°
      76 residues, no confidence given
    physical [call]: atom_array[0]: 7 of 7 isoleucines have a wrong hand at CB, allowed 5 %; ILE 2 in chain A: -2.6506 Å³, ILE 43 in chain A: -2.6506 Å³, ILE 35 in chain A: -2.6506 Å³
      76 residues, no confidence given
      hint: two atoms of a branch seem to have each other's names or places
    physical [call]: atom_array[0]: 7 of 7 threonines have a wrong hand at CB, allowed 5 %; THR 13 in chain A: -2.56503 Å³, THR 54 in chain A: -2.56503 Å³, THR 6 in chain A: -2.56503 Å³
      76 residues, no confidence given
      hint: two atoms of a branch seem to have each other's names or places
    physical [call]: atom_array[0]: 9 of 9 leucines have the names of CD1 and CD2 swapped, allowed 5 %; LEU 72 in chain A: -2.6035 Å³, LEU 66 in chain A: -2.6035 Å³, LEU 7 in chain A: -2.6035 Å³
      76 residues, no confidence given
      hint: two atoms of a branch seem to have each other's names or places
    physical [call]: atom_array[0]: 4 of 4 valines have the names of CG1 and CG2 swapped, allowed 5 %; VAL 69 in chain A: -2.6333 Å³, VAL 25 in chain A: -2.6333 Å³, VAL 4 in chain A: -2.6333 Å³
      76 residues, no confidence given
      hint: two atoms of a branch seem to have each other's names or places
    ");

    let mut torn = structure;
    MISTAKES[4].1(&mut torn);
    let found = faults(&torn, None);
    assert_eq!(found.len(), 1, "a single break is told once: {found:?}");
    insta::assert_snapshot!(found[0], @"atom_array[0]: 1 of 75 neighbours are torn apart, allowed none; GLU 15 in chain A: 28.4115 Å");
}

#[test]
fn unsure_residues_are_judged_by_their_chirality_only() {
    let structure = first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})));
    let mut wrong = structure.clone();
    MISTAKES[3].1(&mut wrong);
    let sure = vec![0.9; 76];
    assert!(faults(&wrong, Some(&sure)).len() > 3);
    let unsure = faults(&wrong, Some(&[0.3; 76]));
    insta::assert_snapshot!(unsure.join("\n"), @"atom_array[0]: 67 of 70 alpha carbons have a wrong hand or shape, allowed 2 %; MET 0 in chain A: -26.1243 Å³, LEU 42 in chain A: 20.5301 Å³, THR 54 in chain A: 20.2096 Å³");
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

/// What the check says of a response with some weights: its findings, and what it did not judge.
fn with_weights(weights: &str, response: &CallResult, table: &str) -> (Vec<Finding>, Vec<String>) {
    said(&declared("esmfold"), weights, response, table)
}

fn said(contract: &Contract, weights: &str, response: &CallResult, table: &str) -> (Vec<Finding>, Vec<String>) {
    let check = compiled(contract, &format!("check = 'physical'\n{table}"));
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(directory.path(), Recording::Never).unwrap();
    let key = |call: &str| SnapshotKey::new(weights, "esmfold", "suite", "case", Some(call));
    let measured = MetricValues::default();
    let findings = check.judge(&CaseResults {
        contract,
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
    (findings, measured.into_inner().1)
}

#[test]
fn a_structure_without_atoms_is_no_structure_whatever_the_weights() {
    let right = folded(&declared("esmfold"), "call", UBIQUITIN, json!({}));
    let empty = right.with_structure(|it| it.retain(&vec![false; it.atoms()]));
    for weights in ["published", "rig"] {
        let (found, unjudged) = with_weights(weights, &empty, "");
        insta::allow_duplicates! {
            insta::assert_snapshot!(found[0], @"physical [call]: atom_array[0]: expected atoms, got none");
        }
        assert_eq!((found.len(), unjudged), (1, Vec::new()));
    }
}

#[test]
fn a_demanded_confidence_that_is_not_given_is_found() {
    let mut contract = declared("esmfold");
    let right = folded(&contract, "call", UBIQUITIN, json!({}));
    let bare = right.with_structure(|it| it.b_factor = None);
    assert_eq!(with_weights("published", &bare, "").0, []);
    let (found, _) = with_weights("published", &bare, "confident = 0.5");
    insta::assert_snapshot!(found[0], @"physical [call]: atom_array[0]: no confidence is given, expected at least 50 % confident");
    assert_eq!((found.len(), found[0].responsible), (1, Responsible::Backend));
    assert_eq!(with_weights("rig", &bare, "confident = 0.5").0, []);
    // Where the structures of a model have none, the call must ask for it.
    let field = contract.fields.iter_mut().find(|field| field.name == "atom_array").unwrap();
    field.b_factor = None;
    let (found, _) = said(&contract, "published", &bare, "confident = 0.5");
    insta::assert_snapshot!(found[0], @"
    physical [call]: atom_array[0]: no confidence is given, expected at least 50 % confident
      hint: the structures have none; let the call `call` ask for `plddt` in `include_fields`
    ");
    assert_eq!((found.len(), found[0].responsible), (1, Responsible::Settings));
    let asked = folded(&declared("esmfold"), "call", UBIQUITIN, json!({ "include_fields": ["plddt"] }));
    let asked = asked.with_structure(|it| it.b_factor = None);
    assert_eq!(said(&contract, "published", &asked, "confident = 0.5").0, []);
}

/// As random weights fold: residues with right hands, each far from the next, and the model sure of none.
fn scattered(structure: &mut Structure) {
    let mut next = crate::metric::test_points::noise(7);
    for residue in structure.residues() {
        let shift = [next(), next(), next()].map(|axis| 40.0 * axis);
        for position in &mut structure.coord[residue] {
            *position = [0, 1, 2].map(|axis| position[axis] + shift[axis]);
        }
    }
    structure.b_factor = Some(vec![0.5; structure.atoms()]);
}

#[test]
fn nothing_judged_is_no_pass() {
    let right = folded(&declared("esmfold"), "call", UBIQUITIN, json!({}));
    for weights in ["published", "synthetic", "rig"] {
        assert_eq!(with_weights(weights, &right, ""), (vec![], vec![]), "{weights}");
    }
    let random = right.clone().with_structure(scattered);
    // Random weights may fold like that, and nothing can be said about the backend.
    let (findings, unjudged) = with_weights("rig", &random, "confident = 0.5");
    assert_eq!(findings, []);
    insta::assert_snapshot!(unjudged.join("\n"), @"physical [call]: atom_array[0]: no confident residue, and the weights `rig` need not be trained ones");
    // Published ones never do.
    let (findings, unjudged) = with_weights("published", &random, "");
    insta::assert_snapshot!(findings[0].summary, @"atom_array[0]: 75 of 75 peptide bonds are torn, allowed 10 %; GLY 46 in chain A: 83.9761 Å, GLN 39 in chain A: 83.0168 Å, LYS 10 in chain A: 81.2975 Å");
    assert_eq!(unjudged, Vec::<String>::new());
    // Nor does a model, whatever its weights, that is sure of its result.
    let sure = random.with_structure(|structure| structure.b_factor = Some(vec![0.9; structure.atoms()]));
    assert!(!with_weights("rig", &sure, "").0.is_empty());
    let unsure = right.with_structure(|structure| structure.b_factor = Some(vec![0.5; structure.atoms()]));
    assert_eq!(with_weights("published", &unsure, "").0, []);
    let (findings, _) = with_weights("published", &unsure, "confident = 0.5");
    insta::assert_snapshot!(findings[0].summary, @"atom_array[0]: 0 of 76 residues confident, expected at least 50 %");
}

#[test]
fn heaps_and_threads_are_found_whatever_the_model_is_sure_of() {
    let gates = declared("esmfold").gates.physical.unwrap();
    let structure = first_structure(&folded(&declared("esmfold"), "call", UBIQUITIN, json!({})));
    let scaled = |factor: f32| {
        let mut structure = structure.clone();
        structure.coord.iter_mut().flatten().for_each(|axis| *axis *= factor);
        let found = PhysicalStructure::new("it", &structure, Some(&[0.2; 76]), &gates).judge("call", true);
        let words: Vec<String> = found.into_iter().map(|finding| finding.summary).collect();
        words.join("\n")
    };
    assert_eq!(scaled(1.0), "");
    insta::assert_snapshot!(scaled(0.1), @"
    it: 70 of 70 alpha carbons have a wrong hand or shape, allowed 2 %; ALA 45 in chain A: 0.00247763 Å³, ALA 27 in chain A: 0.00247763 Å³, SER 64 in chain A: 0.0025033 Å³
    it: 1 of 1 chains are heaps, allowed none; MET 0 in chain A: 3.03265 Å of radius
    ");
    insta::assert_snapshot!(scaled(10.0), @"
    it: 70 of 70 alpha carbons have a wrong hand or shape, allowed 2 %; PRO 18 in chain A: 2712.85 Å³, PRO 37 in chain A: 2712.84 Å³, PRO 36 in chain A: 2712.84 Å³
    it: 75 of 75 peptide bonds are torn, allowed 10 %; PRO 36 in chain A: 13.41 Å, ILE 35 in chain A: 13.41 Å, GLU 17 in chain A: 13.41 Å
    it: 1 of 1 chains are threads, allowed none; MET 0 in chain A: 303.265 Å of radius
    ");
    let mut straight = structure.clone();
    for (number, residue) in structure.residues().into_iter().enumerate() {
        for position in &mut straight.coord[residue] {
            *position = [1.5 * number as f32, position[1] * 0.1, position[2] * 0.1];
        }
    }
    let found = gross_rules(&straight, &gates);
    // A helix is no thread.
    let broken = found.iter().filter(|rule| rule.is_broken());
    insta::assert_snapshot!(broken.map(|rule| rule.words).collect::<Vec<_>>().join("\n"), @"");
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
    let mut seen = 0;
    for (model, name) in [
        ("esmfold", "multimer-check-A100.pdb"),
        ("esmfold", "multimer-check-T4.pdb"),
        ("esmfold", "esmfold_server_short.pdb"),
        ("boltz2", "boltz/0_model_0.cif"),
        ("chai1", "chai/pred.rank_0.cif"),
        ("chai1", "chai/pred.rank_4.cif"),
    ] {
        let gates = declared(model).gates.physical.unwrap();
        let Some(text) = test_data::read(name) else { continue };
        let read = if name.ends_with("pdb") { pdb::read(&text) } else { mmcif::read(&text) };
        let structure = read.unwrap();
        let scale = if name.ends_with("cif") { 100.0 } else { 1.0 };
        seen += 1;
        let confidence = of_residues(&structure, Some(FactorScale::of_alphas(scale)), None);
        assert!(confidence.as_ref().is_some_and(|values| values.iter().any(|value| *value > 0.7)), "{name}");
        let found = PhysicalStructure::new(name, &structure, confidence.as_deref(), &gates).judge("call", true);
        assert_eq!(found, [], "{name}");
        for (mistake, plant) in MISTAKES {
            let mut wrong = structure.clone();
            plant(&mut wrong);
            let found = PhysicalStructure::new(name, &wrong, confidence.as_deref(), &gates).judge("call", true);
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
    let found = summaries(&strict, &contract, &[right]);
    insta::assert_snapshot!(found[0], @"atom_array[0]: 232 of 232 backbone bonds have a wrong length, allowed 0 %; THR 13 in chain A: 1.329 Å, SER 64 in chain A: 1.231 Å, VAL 69 in chain A: 1.231 Å");
    let errors = compile_errors(&contract, "check = 'physical'\ngates = { sigma = 3 }");
    insta::assert_snapshot!(errors, @"
    error: unknown key `sigma`
     --> check.toml:2:11
      |
    2 | gates = { sigma = 3 }
      |           ^^^^^ did you mean `sigmas`?
    ");
    let errors = compile_errors(&folder(), "check = 'physical'");
    insta::assert_snapshot!(errors, @"
    error: `folder` cannot be judged so, there are no gates
     --> check.toml:1:1
      |
    1 | check = 'physical'
      | ^ expected `[models.folder.gates.physical]`
    ");
}
