//! What changes a result and what does not.

use super::super::FoldSettings;
use super::super::geometry::distance_squared;
use super::super::rigid::Motion;
use super::fixture::{
    INSULIN, NIPAH, UBIQUITIN, boltz2, chai1, esmfold, esmfold2, fold, numbers, plain, seeded, structure,
};
use crate::prediction::Prediction;
use crate::protein::Structure;

/// Root mean square distance of CA atoms after superposition.
fn displacement(a: &Structure, b: &Structure) -> f64 {
    let alphas = |structure: &Structure| -> Vec<[f64; 3]> {
        let chosen = (0..structure.atoms()).filter(|&atom| structure.atom_name[atom] == "CA");
        chosen.map(|atom| structure.coord[atom].map(f64::from)).collect()
    };
    let (a, b) = (alphas(a), alphas(b));
    let motion = Motion::onto(&a, &b);
    let sum: f64 = a
        .iter()
        .zip(&b)
        .map(|(&a, &b)| distance_squared(motion.apply(a), b))
        .sum();
    (sum / a.len() as f64).sqrt()
}

fn first(prediction: &Prediction) -> &Structure {
    structure(prediction, "atom_array[0]")
}

#[test]
fn the_same_call_gives_the_same_bits() {
    for contract in [esmfold(), esmfold2(), chai1(), boltz2()] {
        let sequence = format!("{INSULIN}:{UBIQUITIN}");
        for settings in [FoldSettings::default(), seeded(7)] {
            let one = fold(&contract, &[&sequence], &settings);
            assert_eq!(one, fold(&contract, &[&sequence], &settings));
        }
    }
}

#[test]
fn seeds_move_a_stochastic_model_a_little_and_no_other() {
    for sequence in [INSULIN, UBIQUITIN, NIPAH, &format!("{INSULIN}:{INSULIN}")] {
        let one = fold(&boltz2(), &[sequence], &seeded(1));
        for seed in [2, 3, 42] {
            let other = fold(&boltz2(), &[sequence], &seeded(seed));
            let moved = displacement(first(&one), first(&other));
            assert!((0.3..2.5).contains(&moved), "{} residues: {moved} Å", sequence.len());
            assert_ne!(numbers(&one, "plddt[0]"), numbers(&other, "plddt[0]"));
        }
    }
    assert_eq!(
        fold(&plain(), &[INSULIN], &seeded(1)),
        fold(&plain(), &[INSULIN], &seeded(2))
    );
}

#[test]
fn diffusion_samples_differ_and_repeat_per_complex() {
    let settings = FoldSettings {
        samples: 3,
        ..seeded(0)
    };
    let prediction = fold(&esmfold2(), &[INSULIN, UBIQUITIN], &settings);
    let lengths: Vec<usize> = (0..6)
        .map(|index| structure(&prediction, &format!("atom_array[{index}]")).residues().len())
        .collect();
    assert_eq!(lengths, [54, 54, 54, 76, 76, 76]);
    let moved = displacement(first(&prediction), structure(&prediction, "atom_array[1]"));
    assert!((0.3..2.5).contains(&moved), "{moved}");
    // Where only the best becomes a structure, the other samples still have their confidences.
    let prediction = fold(&chai1(), &[INSULIN], &settings);
    assert_eq!(prediction.at("atom_array[1]"), None);
    assert!(prediction.at("plddt[2]").is_some());
}

#[test]
fn an_item_is_the_same_alone_and_in_a_batch() {
    let batch = fold(&esmfold(), &[INSULIN, UBIQUITIN], &FoldSettings::default());
    let alone = fold(&esmfold(), &[UBIQUITIN], &FoldSettings::default());
    assert_eq!(structure(&batch, "atom_array[1]"), first(&alone));
}

#[test]
fn linkers_and_skips_change_complexes_slightly_and_single_chains_never() {
    let with = |linker: &str, position_skip| FoldSettings {
        linker: linker.into(),
        position_skip,
        ..FoldSettings::default()
    };
    let complex = format!("{INSULIN}:{UBIQUITIN}");
    let base = fold(&esmfold(), &[&complex], &with("", 512));
    for settings in [with("GGGG", 512), with("", 0)] {
        let other = fold(&esmfold(), &[&complex], &settings);
        let moved = displacement(first(&base), first(&other));
        assert!(moved > 1e-3 && moved < 1.0, "{moved}");
        assert_ne!(numbers(&base, "s_s"), numbers(&other, "s_s"));
        assert_eq!(numbers(&base, "residue_index"), numbers(&other, "residue_index"));
        assert_eq!(
            fold(&esmfold(), &[INSULIN], &settings),
            fold(&esmfold(), &[INSULIN], &with("", 512))
        );
    }
}

#[test]
fn models_differ_from_one_another() {
    let a = fold(&boltz2(), &[UBIQUITIN], &seeded(1));
    let b = fold(&chai1(), &[UBIQUITIN], &seeded(1));
    assert!(displacement(first(&a), first(&b)) > 0.1);
}
