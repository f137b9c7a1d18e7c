//! Every field of every contract: shape, type, padding, and what it says about the sequence.

use std::collections::BTreeMap;

use super::super::geometry::distance;
use super::super::{Chain, FoldError, FoldSettings, Folding, Molecule, Sample};
use super::fixture::{
    INSULIN, UBIQUITIN, array, boltz2, chai1, esmfold, esmfold2, field, fold, fold_samples, numbers, sample, structure,
};
use crate::prediction::Value;
use crate::prediction::contract::{Contract, FieldKind};
use crate::tensor::{DType, Tensor};

fn shape_of(contract: &Contract, name: &str, sizes: &BTreeMap<String, usize>) -> Vec<usize> {
    let field = contract.field(name).unwrap();
    field
        .shape
        .iter()
        .map(|dimension| dimension.resolve(sizes).unwrap())
        .collect()
}

#[test]
fn arrays_have_the_declared_shape_and_type_and_are_finite() {
    let complex = format!("{INSULIN}:MKV");
    for contract in [esmfold(), esmfold2(), chai1(), boltz2()] {
        let prediction = fold(&contract, &[&complex, "GGSW"], &FoldSettings::default());
        for field in &contract.fields {
            let value = prediction.field(&field.name).unwrap();
            let judge = |tensor: &Tensor, sizes: &BTreeMap<String, usize>| {
                assert_eq!(
                    tensor.shape(),
                    shape_of(&contract, &field.name, sizes),
                    "{}",
                    field.name
                );
                assert_eq!(tensor.dtype(), field.dtypes[0], "{}", field.name);
                assert!(
                    tensor.to_f64().unwrap().iter().all(|value| value.is_finite()),
                    "{}",
                    field.name
                );
            };
            let sizes = |names: &[(&str, usize)]| -> BTreeMap<String, usize> {
                names.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
            };
            match field.kind {
                FieldKind::Array | FieldKind::Scalar => {
                    judge(value.as_array().unwrap(), &sizes(&[("B", 2), ("L", 57)]));
                }
                FieldKind::Arrays => {
                    let items = value.as_items().unwrap();
                    assert_eq!(items.len(), 2);
                    for (item, (residues, chains)) in items.iter().zip([(57, 2), (4, 1)]) {
                        let sizes = sizes(&[("N", residues), ("C", chains), ("distogram_bins", 64)]);
                        judge(item.as_array().unwrap(), &sizes);
                    }
                }
                _ => assert_eq!(value.as_items().unwrap().len(), 2),
            }
        }
    }
}

#[test]
fn short_samples_are_padded_in_every_array() {
    let contract = esmfold();
    let prediction = fold(&contract, &["MKVLAW", "AC:D"], &FoldSettings::default());
    assert_eq!(
        numbers(&prediction, "residue_index"),
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0, 0.0, -1.0, -1.0, -1.0]
    );
    assert_eq!(
        numbers(&prediction, "chain_index")[6..],
        [0.0, 0.0, 1.0, -1.0, -1.0, -1.0]
    );
    let pae = array(&prediction, "pae").part(1).unwrap().to_f64().unwrap();
    for (pair, error) in pae.into_iter().enumerate() {
        assert_eq!(error < 0.0, pair / 6 > 2 || pair % 6 > 2, "{pair}");
    }
}

#[test]
fn residue_types_and_logits_name_the_sequence() {
    let prediction = fold(&esmfold(), &[UBIQUITIN], &FoldSettings::default());
    let types = numbers(&prediction, "aatype");
    for (letter, (&kind, logits)) in UBIQUITIN
        .chars()
        .zip(types.iter().zip(numbers(&prediction, "lm_logits").chunks(23)))
    {
        assert_eq!(crate::protein::residue::AMINO_ACIDS[kind as usize].letter, letter);
        let best = (0..23).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        assert_eq!(best, kind as usize);
    }
}

#[test]
fn frames_and_angles_of_the_last_block_rebuild_the_atoms() {
    let prediction = fold(&esmfold(), &[UBIQUITIN], &FoldSettings::default());
    let structure = structure(&prediction, "atom_array[0]");
    let residues = structure.residues();
    let (frames, groups, angles) = (
        numbers(&prediction, "frames"),
        numbers(&prediction, "sidechain_frames"),
        numbers(&prediction, "angles"),
    );
    let last = 7 * residues.len();
    for (index, residue) in residues.iter().enumerate() {
        let position = |name: &str| {
            let atom = structure.atom_named(residue, name).unwrap();
            structure.coord[atom].map(f64::from)
        };
        let frame = &frames[(last + index) * 7..][..7];
        assert!((frame[..4].iter().map(|part| part * part).sum::<f64>() - 1.0).abs() < 1e-5);
        assert!(distance([frame[4], frame[5], frame[6]], position("CA")) < 1e-3);
        let apply = |group: usize, local: [f64; 3]| {
            let matrix = &groups[((last + index) * 8 + group) * 16..][..16];
            [0, 1, 2].map(|row| {
                let line = &matrix[4 * row..][..4];
                line[0] * local[0] + line[1] * local[1] + line[2] * local[2] + line[3]
            })
        };
        // C lies on the x-axis of the backbone group, O in the xy-plane of the psi group.
        assert!(distance(apply(0, [1.525, 0.0, 0.0]), position("C")) < 1e-3);
        let tilt = 120.5f64.to_radians();
        let oxygen = [-1.231 * tilt.cos(), 1.231 * tilt.sin(), 0.0];
        assert!(distance(apply(3, oxygen), position("O")) < 1e-3);
        for pair in angles[(last + index) * 14..][..14].chunks(2) {
            assert!((pair[0].hypot(pair[1]) - 1.0).abs() < 1e-5);
        }
    }
    // Phi and psi of a residue in the middle, measured.
    let measured = |index: usize, names: [(usize, &str); 4]| {
        let [a, b, c, d] = names.map(|(residue, name)| {
            let atom = structure.atom_named(&residues[residue], name).unwrap();
            structure.coord[atom].map(f64::from)
        });
        let angle = super::super::geometry::torsion(a, b, c, d);
        (angle, index)
    };
    for (which, names) in [
        (1, [(29, "C"), (30, "N"), (30, "CA"), (30, "C")]),
        (2, [(30, "N"), (30, "CA"), (30, "C"), (31, "N")]),
    ] {
        let (angle, which) = measured(which, names);
        let pair = &angles[(last + 30) * 14 + 2 * which..][..2];
        assert!((pair[0] - angle.sin()).abs() < 1e-4 && (pair[1] - angle.cos()).abs() < 1e-4);
    }
}

#[test]
fn distograms_peak_at_the_distances_of_the_structure() {
    let prediction = fold(&esmfold2(), &[INSULIN], &FoldSettings::default());
    let structure = structure(&prediction, "atom_array[0]");
    let beta = |index: usize| {
        let residue = &structure.residues()[index];
        let atom = structure
            .atom_named(residue, "CB")
            .or(structure.atom_named(residue, "CA"))
            .unwrap();
        structure.coord[atom].map(f64::from)
    };
    let distogram = numbers(&prediction, "distogram[0]");
    for (first, second) in [(3, 9), (10, 11), (0, 53)] {
        let logits = &distogram[(first * 54 + second) * 64..][..64];
        let peak = (0..64).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        let bin = (0..63)
            .filter(|&bound| 2.3125 + f64::from(bound) * 0.3125 < distance(beta(first), beta(second)))
            .count();
        assert_eq!(peak, bin);
    }
}

#[test]
fn structured_samples_keep_their_names_and_kinds() {
    let molecules = [
        ("P", Molecule::Protein("MKVLAW".into())),
        ("Q", Molecule::Protein("MKVLAW".into())),
        ("D", Molecule::Dna("GATC".into())),
        ("R", Molecule::Rna("GAUC".into())),
        ("L", Molecule::Ligand(vec!["SAH".into()])),
    ];
    let chains = molecules.map(|(id, molecule)| Chain {
        id: id.into(),
        molecule,
    });
    let samples = [Sample { chains: chains.into() }];
    let prediction = fold_samples(&esmfold2(), &samples, &FoldSettings::default()).unwrap();
    let structure = structure(&prediction, "atom_array[0]");
    let names: Vec<String> = structure.chains().iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(names, ["P", "Q", "D", "R", "L"]);
    assert_eq!(structure.residues().len(), 21);
    assert_eq!(structure.res_name.last().unwrap(), &"SAH");
    assert_eq!(structure.hetero.iter().filter(|&&hetero| hetero).count(), 1);
    let entities = numbers(&prediction, "entity_id[0]");
    assert_eq!(
        (entities[0], entities[6], entities[12], entities[20]),
        (0.0, 0.0, 1.0, 3.0)
    );
    assert_eq!(array(&prediction, "pair_chains_iptm[0]").shape(), [5, 5]);
}

#[test]
fn a_field_nobody_knows_is_filled_as_declared() {
    let mut contract = esmfold();
    let mut unknown = field("solubility", FieldKind::Array, "B L 3 width", DType::F32);
    unknown.range = Some((2.0, 5.0));
    contract.dimensions.insert("width".into(), 4);
    contract.fields.push(unknown);
    contract
        .fields
        .push(field("labels", FieldKind::Arrays, "N", DType::I32));
    contract
        .fields
        .push(field("pae_of_another_shape", FieldKind::Arrays, "N N 2", DType::F32));
    let prediction = fold(&contract, &["MKV"], &FoldSettings::default());
    assert_eq!(array(&prediction, "solubility").shape(), [1, 3, 3, 4]);
    let values = numbers(&prediction, "solubility");
    assert!(values.iter().all(|value| (2.0..=5.0).contains(value)));
    assert!(values.iter().any(|value| (value - values[0]).abs() > 0.1));
    assert!(
        numbers(&prediction, "labels[0]")
            .iter()
            .all(|value| value.fract() == 0.0)
    );
}

#[test]
fn fields_that_were_not_asked_for_are_none_and_keep_their_place() {
    let contract = esmfold();
    let folding = Folding::new(&contract, &[sample("MKV")], &FoldSettings::default()).unwrap();
    let fields = folding.fields(&contract, |field| field.name == "plddt").unwrap();
    assert_eq!(fields.len(), contract.fields.len());
    for ((name, value), field) in fields.iter().zip(&contract.fields) {
        assert_eq!(name, &field.name);
        assert_eq!(*value != Value::None, name == "plddt");
    }
}

#[test]
fn what_cannot_be_folded_is_refused() {
    let refused = |sequence: &str| Folding::new(&esmfold(), &[sample(sequence)], &FoldSettings::default()).unwrap_err();
    assert_eq!(refused("MKX"), FoldError::Residue('X'));
    assert_eq!(refused(""), FoldError::Empty);
}
