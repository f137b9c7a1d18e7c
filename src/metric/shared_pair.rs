//! One complex predicted by the same model on two kinds of GPU, when it lies beside the project: numbers known from other
//! programs (biotite 1.6, tmtools 0.3, `DockQ` 2.1) must come out to their last digit.

use super::selection::{Part, positions, residue_of_atoms};
use super::{Contacts, DockedPair, Point, dockq, lddt, mean_absolute_error, pearson, superpose, tm_score};
use crate::protein::{Structure, pdb, test_data};

fn pair() -> Option<(Structure, Structure)> {
    let read = |name| pdb::read(&test_data::read(name)?).ok();
    Some((read("multimer-check-A100.pdb")?, read("multimer-check-T4.pdb")?))
}

/// Equal to the last of the printed digits.
#[track_caller]
fn assert_prints(value: f64, expected: &str) {
    let decimals = expected.split('.').nth(1).map_or(0, str::len);
    assert_eq!(format!("{value:.decimals$}"), expected);
}

fn alpha_carbons(structure: &Structure) -> Vec<Point> {
    positions(structure, &Part::AlphaCarbons.of(structure))
}

#[test]
fn whole_structures_measure_as_elsewhere() {
    let Some((first, second)) = pair() else { return };
    let (alphas, others) = (alpha_carbons(&first), alpha_carbons(&second));
    assert_eq!((alphas.len(), first.atoms()), (286, 2263));
    assert_prints(superpose(&alphas, &others).unwrap().rmsd, "0.54321683");
    assert_prints(superpose(&first.coord, &second.coord).unwrap().rmsd, "0.53367");
    assert_prints(tm_score(&alphas, &others, 286).unwrap().score, "0.99306980");
    assert_prints(tm_score(&others, &alphas, 286).unwrap().score, "0.99306980");
    let farthest = superpose(&alphas, &others).unwrap().distances(&alphas, &others).fold(0.0, f64::max);
    assert_prints(farthest, "2.60");
}

#[test]
fn local_distances_measure_as_elsewhere() {
    let Some((first, second)) = pair() else { return };
    let residues = residue_of_atoms(&first);
    let score = |a: &Structure, b: &Structure, contacts| lddt(&a.coord, &b.coord, &residues, contacts).unwrap();
    let forward = score(&first, &second, Contacts::InReference);
    assert_prints(forward.global, "0.99005075557");
    assert_prints(score(&second, &first, Contacts::InReference).global, "0.98837460027");
    assert_prints(score(&first, &second, Contacts::InEither).global, "0.98704748850");
    assert_prints(score(&second, &first, Contacts::InEither).global, "0.98704748850");
    let expected = ["0.77818372", "0.73445274", "0.88481675", "0.81082148", "0.80632911"];
    for (residue, expected) in forward.per_residue.iter().zip(expected) {
        assert_prints(residue.unwrap(), expected);
    }
    let lowest = forward.per_residue.iter().flatten().fold(1.0, |least: f64, &value| least.min(value));
    assert_prints(lowest, "0.653063610851");
    let indices: Vec<usize> = (0..286).collect();
    let alphas = lddt(&alpha_carbons(&first), &alpha_carbons(&second), &indices, Contacts::InEither).unwrap();
    assert_prints(alphas.global, "0.98697738177");
}

#[test]
fn masking_by_confidence_shows_that_the_folded_part_is_the_same() {
    let Some((first, second)) = pair() else { return };
    let table = [
        (0.5, 254, "0.0060", "0.0087", "0.026"),
        (0.7, 246, "0.0054", "0.0074", "0.026"),
        (0.9, 154, "0.0028", "0.0049", "0.008"),
    ];
    for (confidence, residues, alpha_rmsd, all_rmsd, farthest) in table {
        let mask = |structure: &Structure, residue: &std::ops::Range<usize>| {
            let alpha = structure.atom_named(residue, "CA").unwrap();
            structure.b_factor.as_ref().unwrap()[alpha] >= confidence
        };
        let kept: Vec<usize> = first
            .residues()
            .into_iter()
            .filter(|residue| mask(&first, residue) && mask(&second, residue))
            .flatten()
            .collect();
        let alphas: Vec<usize> = kept.iter().copied().filter(|&atom| first.atom_name[atom] == "CA").collect();
        assert_eq!(alphas.len(), residues);
        let at = |atoms: &[usize]| (positions(&first, atoms), positions(&second, atoms));
        let (mobile, target) = at(&alphas);
        let motion = superpose(&mobile, &target).unwrap();
        assert_prints(motion.rmsd, alpha_rmsd);
        assert_prints(motion.distances(&mobile, &target).fold(0.0, f64::max), farthest);
        let (mobile, target) = at(&kept);
        assert_prints(superpose(&mobile, &target).unwrap().rmsd, all_rmsd);
        let all_residues = residue_of_atoms(&first);
        let mut numbers: Vec<usize> = kept.iter().map(|&atom| all_residues[atom]).collect();
        let mut present = numbers.clone();
        present.dedup();
        for number in &mut numbers {
            *number = present.binary_search(number).unwrap();
        }
        let score = lddt(&mobile, &target, &numbers, Contacts::InReference).unwrap();
        assert_prints(score.global, "1.00000");
    }
}

#[test]
fn the_interface_measures_as_elsewhere() {
    let Some((first, second)) = pair() else { return };
    let backbone: Vec<bool> = first.atom_name.iter().map(|&name| Part::Backbone.contains(name)).collect();
    let docked = dockq(&DockedPair {
        reference: &first.coord,
        model: &second.coord,
        residues: &residue_of_atoms(&first),
        backbone: &backbone,
        first_chain: first.chains()[0].1.len(),
    })
    .unwrap();
    assert_prints(docked.score, "0.782");
    assert_prints(docked.native_contacts, "0.667");
    assert_prints(docked.interface_rmsd, "0.875");
    assert_prints(docked.ligand_rmsd, "2.248");
}

#[test]
fn confidences_measure_as_elsewhere() {
    let Some((first, second)) = pair() else { return };
    let plddt = |structure: &Structure| -> Vec<f64> {
        let values = structure.b_factor.as_ref().unwrap();
        Part::AlphaCarbons.of(structure).into_iter().map(|atom| values[atom]).collect()
    };
    let (first, second) = (plddt(&first), plddt(&second));
    assert_prints(mean_absolute_error(&first, &second).unwrap(), "0.0009090909");
    assert_prints(pearson(&first, &second).unwrap(), "0.999868530535");
}
