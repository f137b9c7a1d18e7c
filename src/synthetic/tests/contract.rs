//! Every field of every contract: shape, type, padding, and what it says about the sequence.

use std::collections::BTreeMap;

use serde_json::json;

use super::built_in::{INSULIN, UBIQUITIN, array, contract, fold, fold_with, numbers, structure};
use crate::metric::geometry::vector::distance;
use crate::prediction::Value;
use crate::prediction::contract::{Contract, FieldKind, FieldSpec, Presence};
use crate::synthetic::tests::fixture::array_field;
use crate::tensor::{DType, Tensor};

fn shape_of(contract: &Contract, name: &str, sizes: &BTreeMap<String, usize>) -> Vec<usize> {
    let field = contract.field(name).unwrap();
    field.shape.iter().map(|dimension| dimension.resolve(sizes).unwrap()).collect()
}

fn sizes(names: &[(&str, usize)]) -> BTreeMap<String, usize> {
    names.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
}

fn judge(contract: &Contract, field: &FieldSpec, tensor: &Tensor, sizes: &BTreeMap<String, usize>) {
    let name = &field.name;
    assert_eq!(tensor.shape(), shape_of(contract, name, sizes), "{name}");
    assert!(field.dtypes.contains(&tensor.dtype()), "{name}");
    let (least, greatest) = field.range.unwrap_or((f64::MIN, f64::MAX));
    let padding = field.padding.unwrap_or(least);
    let inside =
        |value: f64| value.is_finite() && ((value - padding).abs() < 1e-9 || (least..=greatest).contains(&value));
    assert!(tensor.to_f64().unwrap().into_iter().all(inside), "{name}");
}

#[test]
fn every_field_of_every_contract_is_as_declared() {
    let complex = format!("{INSULIN}:MKV");
    for key in ["esmfold", "esmfold2", "chai1", "boltz2"] {
        let contract = contract(key);
        let batch = key.starts_with("esmfold");
        let input = if batch { json!([complex, "GGSW"]) } else { json!([complex]) };
        let samples: &[(usize, usize)] = if batch { &[(57, 2), (4, 1)] } else { &[(57, 2)] };
        let prediction = fold(key, input, json!({ "num_diffn_samples": 1 }));
        assert_eq!(prediction.class, contract.output);
        let names: Vec<&str> = prediction.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[0], "metadata");
        for (field, name) in contract.fields.iter().zip(&names[1..]) {
            assert_eq!(&field.name, name);
            let value = prediction.field(name).unwrap();
            if matches!(field.kind, FieldKind::Array | FieldKind::Scalar) {
                let sizes = sizes(&[("B", samples.len()), ("L", 57)]);
                judge(&contract, field, value.as_array().unwrap(), &sizes);
                continue;
            }
            let items = value.as_items().unwrap();
            assert_eq!(items.len(), samples.len(), "{name}");
            for (item, &(residues, chains)) in items.iter().zip(samples) {
                if field.kind == FieldKind::Arrays {
                    let sizes = sizes(&[("N", residues), ("C", chains), ("distogram_bins", 64)]);
                    judge(&contract, field, item.as_array().unwrap(), &sizes);
                }
            }
        }
    }
}

#[test]
fn short_samples_are_padded_in_every_array() {
    let prediction = fold("esmfold", json!(["MKVLAW", "AC:D"]), json!({}));
    assert_eq!(numbers(&prediction, "residue_index"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 0.0, -1.0, -1.0, -1.0]);
    assert_eq!(numbers(&prediction, "chain_index")[6..], [0.0, 0.0, 1.0, -1.0, -1.0, -1.0]);
    let pae = array(&prediction, "pae").part(1).unwrap().to_f64().unwrap();
    for (pair, error) in pae.into_iter().enumerate() {
        assert_eq!(error < 0.0, pair / 6 > 2 || pair % 6 > 2, "{pair}");
    }
}

#[test]
fn residue_types_and_logits_name_the_sequence() {
    let prediction = fold("esmfold", UBIQUITIN, json!({}));
    let types = numbers(&prediction, "aatype");
    for (letter, (&kind, logits)) in
        UBIQUITIN.chars().zip(types.iter().zip(numbers(&prediction, "lm_logits").chunks(23)))
    {
        assert_eq!(crate::protein::residue::AMINO_ACIDS[kind as usize].letter, letter);
        let best = (0..23).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        assert_eq!(best, kind as usize);
    }
}

#[test]
fn frames_of_the_last_block_stand_at_the_alpha_carbons() {
    let prediction = fold("esmfold", UBIQUITIN, json!({}));
    let structure = structure(&prediction, "atom_array[0]");
    let residues = structure.residues();
    let (frames, groups) = (numbers(&prediction, "frames"), numbers(&prediction, "sidechain_frames"));
    let last = 7 * residues.len();
    for (index, residue) in residues.iter().enumerate() {
        let position = |name: &str| {
            let atom = structure.atom_named(residue, name).unwrap();
            structure.coord[atom].map(f64::from)
        };
        let frame = &frames[(last + index) * 7..][..7];
        assert!(distance([frame[4], frame[5], frame[6]], position("CA")) < 1e-3);
        let matrix = &groups[(last + index) * 8 * 16..][..16];
        assert!(distance([matrix[3], matrix[7], matrix[11]], position("CA")) < 1e-3);
        // C lies on the x-axis.
        let tip = [0, 1, 2].map(|line| matrix[4 * line + 3] + 1.525 * matrix[4 * line]);
        assert!(distance(tip, position("C")) < 1e-3);
    }
}

#[test]
fn structured_samples_keep_their_names_and_kinds() {
    let entities = json!([
        { "kind": "protein", "id": ["P", "Q"], "sequence": "MKVLAW" },
        { "kind": "dna", "id": "D", "sequence": "GATC" },
        { "kind": "rna", "id": "R", "sequence": "GAUC" },
        { "kind": "ligand", "id": "L", "ccd": ["SAH"] },
    ]);
    let input = json!({ "kind": "structure_prediction_input", "sequences": entities });
    let prediction = fold("esmfold2", input, json!({}));
    let structure = structure(&prediction, "atom_array[0]");
    let names: Vec<String> = structure.chains().iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(names, ["P", "Q", "D", "R", "L"]);
    assert_eq!(structure.residues().len(), 21);
    assert_eq!(prediction.sequence_lengths(), Some(vec![21]));
    assert_eq!(structure.res_name.last().unwrap(), &"SAH");
    assert_eq!(structure.hetero.iter().filter(|&&hetero| hetero).count(), 26);
    let entities = numbers(&prediction, "entity_id[0]");
    assert_eq!([0, 6, 12, 20].map(|token| entities[token] as usize), [0, 0, 1, 3]);
    assert_eq!(array(&prediction, "pair_chains_iptm[0]").shape(), [5, 5]);
}

#[test]
fn a_field_nobody_knows_is_filled_as_declared() {
    let mut contract = contract("esmfold");
    contract.dimensions.insert("width".into(), 4);
    contract.fields = vec![
        FieldSpec { range: Some((2.0, 5.0)), ..array_field("solubility", &["B", "L", "3", "width"]) },
        FieldSpec { kind: FieldKind::Arrays, dtypes: vec![DType::I32], ..array_field("labels", &["N"]) },
        // Known by name, but not in this shape.
        array_field("pae", &["B", "L", "L", "2"]),
    ];
    let prediction = fold_with(contract, json!("MKV"), json!({}));
    assert_eq!(array(&prediction, "solubility").shape(), [1, 3, 3, 4]);
    assert_eq!(array(&prediction, "pae").shape(), [1, 3, 3, 2]);
    let values = numbers(&prediction, "solubility");
    assert!(values.iter().all(|value| (2.0..=5.0).contains(value)));
    assert!(values.iter().any(|value| (value - values[0]).abs() > 0.1));
    assert!(numbers(&prediction, "labels[0]").iter().all(|value| value.fract() == 0.0));
}

#[test]
fn letters_outside_the_twenty_stand_as_unknown_residues() {
    let mut contract = contract("esmfold");
    contract.extra_residues = "X".into();
    let prediction = fold_with(contract, json!("MXV"), json!({ "include_fields": [] }));
    let structure = structure(&prediction, "atom_array[0]");
    let names: Vec<&str> = structure.residues().iter().map(|run| structure.res_name[run.start].as_str()).collect();
    assert_eq!(names, ["MET", "UNK", "VAL"]);
}

#[test]
fn fields_that_were_not_asked_for_are_none_and_keep_their_place() {
    let contract = contract("esmfold");
    let prediction = fold("esmfold", "MKV", json!({ "include_fields": ["plddt"] }));
    assert_eq!(prediction.fields.len(), contract.fields.len() + 1);
    for (field, (name, value)) in contract.fields.iter().zip(&prediction.fields[1..]) {
        assert_eq!(name, &field.name);
        let wanted = field.presence == Presence::Always || name == "plddt";
        assert_eq!(*value != Value::None, wanted, "{name}");
    }
}
