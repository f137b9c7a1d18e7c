//! One protein chain: its undisturbed fold, and copies of it that deviate a little. Places no chain beside another.

use super::backbone::{Backbone, Torsions, build};
use super::geometry::{Point, distance_squared};
use super::neighbours::Neighbours;
use super::packing::pack;
use super::propensity::{Assignment, Local, assign};
use super::random::{Random, seed_of};
use super::rigid::Motion;
use super::side_chain::{ResidueAtoms, atom_count};
use super::trace::trace;
use crate::protein::residue::AMINO_ACIDS;

/// Greatest change of a backbone torsion in one deviation.
const LARGEST_CHANGE: f64 = 0.45;
/// Greatest change of a side-chain torsion, in degrees.
const LARGEST_TURN: f64 = 5.0;
/// Distance that atoms of a deviated chain keep, in ångström: more than any pair of radii less 1.5.
const CLEARANCE: f64 = 2.3;
/// Draws before the last one is taken as it is.
const DRAWS: u32 = 24;

/// The fold that a sequence always has.
#[derive(Debug, Clone)]
pub(super) struct Fold {
    /// Indices into [`AMINO_ACIDS`].
    pub residues: Vec<usize>,
    pub assigned: Vec<Assignment>,
    pub torsions: Vec<Torsions>,
    pub backbone: Vec<Backbone>,
}

/// A reason for the chain to lie a little differently: another seed, another model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Deviation {
    pub seed: u64,
    /// Root mean square displacement of the backbone, in ångström.
    pub size: f64,
}

/// A chain with all its atoms, where the undisturbed fold lies.
#[derive(Debug, Clone)]
pub(super) struct Conformer {
    pub torsions: Vec<Torsions>,
    pub residues: Vec<ResidueAtoms>,
}

impl Fold {
    pub(super) fn new(residues: Vec<usize>) -> Self {
        let assigned = assign(&residues);
        let parts: Vec<u64> = residues.iter().map(|&residue| residue as u64).collect();
        let torsions = trace(&residues, &assigned, seed_of(&parts));
        let backbone = build(&residues, &torsions);
        Self {
            residues,
            assigned,
            torsions,
            backbone,
        }
    }

    /// All atoms, after some deviations; without any, the fold itself. Draws that bring atoms too near to one another are
    /// repeated a little smaller.
    pub(super) fn conformer(&self, deviations: &[Deviation]) -> Conformer {
        let mut draw = 0;
        loop {
            let conformer = self.draw(deviations, draw);
            draw += 1;
            if deviations.is_empty() || draw == DRAWS || is_clear(&self.residues, &conformer.residues) {
                return conformer;
            }
        }
    }

    fn draw(&self, deviations: &[Deviation], draw: u32) -> Conformer {
        let mut torsions = self.torsions.clone();
        let mut seeds = vec![u64::from(draw)];
        for deviation in deviations {
            let own = Deviation {
                seed: seed_of(&[deviation.seed, u64::from(draw)]),
                size: deviation.size * 0.93f64.powi(draw as i32),
            };
            torsions = self.deviate(&torsions, own);
            seeds.push(deviation.seed);
        }
        let mut backbone = build(&self.residues, &torsions);
        let motion = Motion::onto(&spine(&backbone), &spine(&self.backbone));
        for point in backbone.iter_mut().flatten() {
            *point = motion.apply(*point);
        }
        let turn = if deviations.is_empty() { 0.0 } else { LARGEST_TURN };
        let residues = pack(
            &self.residues,
            &backbone,
            &torsions,
            turn,
            &mut Random::new(seed_of(&seeds)),
        );
        Conformer { torsions, residues }
    }

    /// Torsions changed so that the backbone moves by about the size asked for.
    fn deviate(&self, torsions: &[Torsions], deviation: Deviation) -> Vec<Torsions> {
        let original = spine(&build(&self.residues, torsions));
        let changes = self.changes(deviation.seed);
        let mut amplitude = 0.02;
        // Displacement grows about in proportion, so a few corrections reach the size.
        for _ in 0..3 {
            let moved = spine(&build(&self.residues, &self.changed(torsions, &changes, amplitude)));
            let displacement = displacement(&moved, &original).max(1e-6);
            amplitude = (amplitude * deviation.size / displacement).min(LARGEST_CHANGE);
        }
        self.changed(torsions, &changes, amplitude)
    }

    /// A direction of change for every torsion: large in coil and at the ends, small where structure is regular.
    fn changes(&self, seed: u64) -> Vec<[f64; 2]> {
        let mut random = Random::new(seed);
        self.assigned
            .iter()
            .map(|assignment| {
                let freedom = if assignment.local == Local::Coil { 1.0 } else { 0.15 };
                [freedom * random.signed(), freedom * random.signed()]
            })
            .collect()
    }

    fn changed(&self, torsions: &[Torsions], changes: &[[f64; 2]], amplitude: f64) -> Vec<Torsions> {
        torsions
            .iter()
            .zip(changes)
            .zip(&self.residues)
            .map(|((torsions, change), &amino)| {
                let phi = torsions.phi + amplitude * change[0];
                Torsions {
                    phi: match AMINO_ACIDS[amino].letter {
                        'P' => torsions.phi,
                        'G' => phi,
                        // Only glycine may have a positive phi.
                        _ => phi.clamp(-2.9, -0.6),
                    },
                    psi: torsions.psi + amplitude * change[1],
                }
            })
            .collect()
    }
}

/// N, CA and C of every residue.
fn spine(backbone: &[Backbone]) -> Vec<Point> {
    backbone
        .iter()
        .flat_map(|residue| [residue[0], residue[1], residue[2]])
        .collect()
}

/// Root mean square distance after laying one over the other.
fn displacement(moved: &[Point], original: &[Point]) -> f64 {
    let motion = Motion::onto(moved, original);
    let sum: f64 = moved
        .iter()
        .zip(original)
        .map(|(&point, &goal)| distance_squared(motion.apply(point), goal))
        .sum();
    (sum / moved.len().max(1) as f64).sqrt()
}

/// Whether atoms of residues that do not follow each other keep [`CLEARANCE`].
fn is_clear(residues: &[usize], built: &[ResidueAtoms]) -> bool {
    let mut points = Neighbours::within(CLEARANCE);
    for (index, (atoms, &amino)) in built.iter().zip(residues).enumerate() {
        let atoms = &atoms[..atom_count(amino)];
        let hits = |owner: usize, square: f64| index - owner > 1 && square < CLEARANCE * CLEARANCE;
        if atoms.iter().any(|&atom| points.any(atom, hits)) {
            return false;
        }
        for &atom in atoms {
            points.push(atom, index);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(sequence: &str) -> Fold {
        let index = |letter| AMINO_ACIDS.iter().position(|amino| amino.letter == letter).unwrap();
        Fold::new(sequence.chars().map(index).collect())
    }

    const UBIQUITIN: &str = "MQIFVKTLTGKTITLEVEPSDTIENVKAKIQDKEGIPPDQQRLIFAGKQLEDGRTLSDYNIQKESTLHLVLRLRGG";

    fn alphas(conformer: &Conformer) -> Vec<Point> {
        conformer.residues.iter().map(|residue| residue[1]).collect()
    }

    #[test]
    fn deviations_have_the_size_asked_for_and_stay_in_place() {
        let fold = fold(UBIQUITIN);
        let still = alphas(&fold.conformer(&[]));
        for seed in 0..6 {
            let moved = alphas(&fold.conformer(&[Deviation { seed, size: 0.8 }]));
            let square: f64 = moved.iter().zip(&still).map(|(&a, &b)| distance_squared(a, b)).sum();
            let size = (square / still.len() as f64).sqrt();
            assert!((0.4..1.2).contains(&size), "seed {seed} moved {size} Å");
        }
    }

    #[test]
    fn equal_seeds_give_equal_bits() {
        let fold = fold(UBIQUITIN);
        let one = fold.conformer(&[Deviation { seed: 4, size: 0.8 }]);
        let two = fold.conformer(&[Deviation { seed: 4, size: 0.8 }]);
        assert_eq!(one.residues, two.residues);
    }

    #[test]
    fn a_single_residue_folds() {
        for letter in ["G", "W", "P"] {
            let conformer = fold(letter).conformer(&[Deviation { seed: 1, size: 0.8 }]);
            assert_eq!(conformer.residues.len(), 1);
        }
    }
}
