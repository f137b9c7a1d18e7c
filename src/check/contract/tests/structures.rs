//! The rules for structures and structure files.

use serde_json::json;

use super::super::super::Check;
use super::super::super::complex::Complex;
use super::super::super::fixture::{judge, response, structure};
use super::{fold, folder, found, only};
use crate::prediction::Value;
use crate::prediction::contract::{FactorScale, FieldKind};
use crate::protein::{Label, Structure, pdb, test_data};

#[test]
fn chains_and_residues_of_structures_follow_the_input() {
    let contract = folder();
    let label = |text: &str| Label::new(text).unwrap();
    let with = |input: &str| {
        let value = Value::Structure(Box::new(structure(&Complex::parse(input))));
        only(&contract, fold().with("atom_array", Value::List(vec![value])))
    };
    insta::assert_snapshot!(with("AC"), @"atom_array[0]: expected chains `A`, `B`, got `A`");
    insta::assert_snapshot!(with("AC:D"), @"atom_array[0]: expected 2 residues in chain B, got 1");
    let renamed = fold().with_structure(|structure| structure.chain_id.fill(label("A")));
    let findings = judge(&Check::contract(), &contract, &[renamed]);
    insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"all chains seem to have become one");
    let counted_from_one =
        fold().with_structure(|structure| structure.res_id.iter_mut().for_each(|number| *number += 1));
    insta::assert_snapshot!(found(&contract, counted_from_one).join("\n"), @"
    atom_array[0]: expected number 0 for residue 0 of chain A (numbered from 0), got 1
    atom_array[0]: expected number 0 for residue 0 of chain B (numbered from 0), got 1
    ");
}

#[test]
fn atoms_made_of_padding_are_named() {
    let contract = folder();
    let phantom = fold().with_structure(|structure| {
        let label = |text: &str| Label::new(text).unwrap();
        structure.push(label("@"), -1, label("VAL"), label("N"), label("N"), [0.0; 3]);
        structure.b_factor.as_mut().unwrap().push(0.5);
    });
    let findings = judge(&Check::contract(), &contract, &[phantom]);
    insta::assert_snapshot!(findings[0].summary, @"atom_array[0]: expected chains `A`, `B`, got `A`, `B`, `@`");
    insta::assert_snapshot!(findings[0].hint.as_ref().unwrap(), @"there are residues with negative numbers: padding rows seem to have become atoms");
}

#[test]
fn residues_have_exactly_their_heavy_atoms() {
    let contract = folder();
    let label = |text: &str| Label::new(text).unwrap();
    let with = |change: &dyn Fn(&mut Structure)| only(&contract, fold().with_structure(change));
    let wrong = "atom_array[0]: wrong atoms in 1 of 2 residues of chain A; ";
    assert_eq!(with(&|structure| structure.atom_name[4] = label("CG")), format!("{wrong}ALA 0 has no `CB`"));
    assert_eq!(with(&|structure| structure.res_name[..5].fill(label("GLY"))), format!("{wrong}GLY 0 has `CB`"));
    assert_eq!(
        with(&|structure| structure.res_name[..5].fill(label("UNK"))),
        format!("{wrong}UNK 0 is none of the twenty amino acids")
    );
    assert_eq!(
        with(&|structure| structure.element[1] = label("CA")),
        format!("{wrong}ALA 0 has `CA` of element \"CA\"")
    );
    let terminal = fold().with_structure(|structure| {
        structure.push(label("B"), 1, label("TRP"), label("OXT"), label("O"), [1.0; 3]);
        structure.b_factor.as_mut().unwrap().push(0.5);
    });
    assert_eq!(found(&contract, terminal), Vec::<String>::new());
}

#[test]
fn coordinates_and_temperature_factors_are_judged() {
    let contract = folder();
    let with = |change: &dyn Fn(&mut Structure)| only(&contract, fold().with_structure(change));
    insta::assert_snapshot!(with(&|structure| structure.coord[1][2] = f32::NAN), @"atom_array[0]: 1 of 33 atoms without finite coordinates; atom CA of ALA 0 in chain A is at [1.0, 0.5, NaN]");
    insta::assert_snapshot!(with(&|structure| structure.b_factor = Some(vec![50.0; structure.atoms()])), @"atom_array[0]: b_factor of 33 of 33 atoms is outside [0, 1]; atom N of ALA 0 in chain A has 50");
    insta::assert_snapshot!(with(&|structure| structure.b_factor = None), @"atom_array[0]: expected a column b_factor, got none");
    insta::assert_snapshot!(with(&|structure| structure.models = Some(2)), @"atom_array[0]: expected an AtomArray, got a stack of 2 models");
    let mut without = contract.clone();
    without.fields[0].b_factor = None;
    insta::assert_snapshot!(found(&without, fold()).join("\n"), @"atom_array[0]: expected no column b_factor, got one");
}

#[test]
fn structure_files_are_read_and_judged_as_structures_are() {
    let contract = folder();
    let with = |text: String| found(&contract, fold().with("pdb", Value::List(vec![Value::Text(text)])));
    let right = structure(&Complex::parse("AC:DW"));
    assert_eq!(with(pdb::write(&right).unwrap()), Vec::<String>::new());
    let mut renumbered = right;
    renumbered.res_id.iter_mut().for_each(|number| *number += 1);
    insta::assert_snapshot!(with(pdb::write(&renumbered).unwrap())[0], @"pdb[0]: expected number 0 for residue 0 of chain A (numbered from 0), got 1");
    insta::assert_snapshot!(with("ATOM  no".into())[0], @"pdb[0]: not PDB, line 1: the record ends before its coordinates");
    let none = Value::List(vec![Value::None]);
    insta::assert_snapshot!(only(&contract, fold().with("pdb", none)), @"pdb[0]: expected a str, got None");
}

/// Outputs of real models, which lie beside the project on some machines and are never part of it.
#[test]
fn structures_of_real_models_pass() {
    let cases = [
        ("multimer-check-A100.pdb", FieldKind::Pdb, 1, 1.0, vec![20, 266]),
        ("multimer-check-T4.pdb", FieldKind::Pdb, 1, 1.0, vec![20, 266]),
        ("boltz/0_model_0.cif", FieldKind::Cif, 1, 100.0, vec![413]),
    ];
    for (file, kind, first_residue, b_factor, lengths) in cases {
        let Some(text) = test_data::read(file) else {
            continue;
        };
        let chains: Vec<String> = lengths.into_iter().map(|length| "A".repeat(length)).collect();
        let mut contract = folder();
        contract.fields[0].kind = kind;
        contract.fields[0].first_residue = Some(first_residue);
        contract.fields[0].b_factor = Some(FactorScale::of_alphas(b_factor));
        let response = response(&contract, "call", &chains.join(":"), json!({}));
        let response = response.with("atom_array", Value::List(vec![Value::Text(text)]));
        assert_eq!(found(&contract, response), Vec::<String>::new(), "{file}");
    }
}
