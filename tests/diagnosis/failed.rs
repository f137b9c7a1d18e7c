//! A mistake in confident residues is named even if low-confidence residues differ elsewhere, as on another card. Misplaced
//! chains and a few moved residues are named too.

use hydrotest::diagnosis::{Aspect, Cause, Failed, MistakeKind, StructureFrame, of_failed};
use hydrotest::metric::selection::residue_of_atoms;
use hydrotest::protein::Structure;

use super::fold;
use super::noise::noise;

const FLOPPY: usize = 20;
const COMPLEX: &str =
    "DRKIAGMDKGNGGTGAGMGI:MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG";

/// The complex, the same on another card (its short chain is floppy), and which residues are confident.
fn pair() -> (Structure, Structure, Vec<bool>) {
    let expected = fold(COMPLEX);
    let mut other = expected.clone();
    let residues = residue_of_atoms(&expected);
    let mut next = noise(7);
    for (point, residue) in other.coord.iter_mut().zip(&residues) {
        let size = if *residue < FLOPPY { 2.0 } else { 0.005 };
        for axis in point {
            *axis += size * next();
        }
    }
    let is_confident = (0..expected.residues().len()).map(|residue| residue >= FLOPPY).collect();
    (expected, other, is_confident)
}

fn cause(aspect: Aspect, mistake: impl FnOnce(&mut Structure)) -> Cause {
    let (expected, mut other, is_confident) = pair();
    mistake(&mut other);
    let failed = Failed { aspect, confident: Some(&is_confident) };
    of_failed(&expected, &other, StructureFrame::Free, &[], failed).unwrap()
}

#[test]
fn swapped_names_are_named_beside_a_floppy_chain() {
    let found = cause(Aspect::Positions, |structure| {
        for residue in structure.residues() {
            let atom = |name| structure.atom_named(&residue, name);
            if let (true, Some(one), Some(other)) =
                (structure.res_name[residue.start] == "LEU", atom("CD1"), atom("CD2"))
            {
                structure.coord.swap(one, other);
            }
        }
    });
    assert_eq!(found.kind, MistakeKind::PermutedAtoms, "{found}");
    insta::assert_snapshot!(found.what, @"18 atoms have swapped positions, most often CD1 and CD2");
}

#[test]
fn one_side_chain_that_moved_is_named() {
    let found = cause(Aspect::Positions, |structure| {
        let residues = structure.residues();
        let own = residues.iter().skip(FLOPPY + 5).find(|range| structure.res_name[range.start] == "LYS");
        for atom in own.unwrap().clone().skip(4) {
            structure.coord[atom][2] += 4.0;
        }
    });
    assert_eq!(found.kind, MistakeKind::Local, "{found}");
    assert!(found.what.starts_with("only the side chain of LYS "), "{found}");
}

#[test]
fn a_misplaced_chain_is_named() {
    for distance in [5.0, 500.0] {
        let found = cause(Aspect::Assembly, |structure| {
            let (_, atoms) = structure.chains().swap_remove(0);
            structure.coord[atoms].iter_mut().for_each(|point| point[0] += distance);
        });
        assert_eq!(found.kind, MistakeKind::ChainsMoved, "{found}");
        assert!(found.what.starts_with("chain A stands elsewhere"), "{found}");
    }
}

#[test]
fn wrong_confidences_are_named_if_positions_differ_only_by_noise() {
    let found = cause(Aspect::Confidences, |structure| {
        let factors = structure.b_factor.iter_mut().flatten();
        factors.for_each(|factor| *factor *= 100.0);
    });
    assert_eq!(found.kind, MistakeKind::Scale, "{found}");
}
