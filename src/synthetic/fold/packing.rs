//! Side chains on a backbone: for every residue the first common rotamer with room around it. Moves no backbone atom.

use super::backbone::{Backbone, Torsions};
use super::geometry::Point;
use super::neighbours::Neighbours;
use super::random::Random;
use super::side_chain::{MOST_ATOMS, ResidueAtoms, atom_count, place_side_chain, rotamers};

/// Distance to atoms of other residues that is room enough, in ångström.
const ROOM: f64 = 3.3;
/// Below this, torsions between the common rotamers are tried too.
const TIGHT: f64 = 2.8;
/// Passes over the chain; those after the first only move side chains that later ones came too near to.
const PASSES: usize = 3;

/// Places all side chains. `deviation` is the greatest change of a torsion from its rotamer, in degrees.
pub(super) fn pack(
    residues: &[usize],
    backbone: &[Backbone],
    torsions: &[Torsions],
    deviation: f64,
    random: &mut Random,
) -> Vec<ResidueAtoms> {
    let mut taken = Neighbours::within(ROOM);
    for (index, (residue, &amino)) in backbone.iter().zip(residues).enumerate() {
        for &point in &residue[..atom_count(amino).min(5)] {
            taken.push(point, index);
        }
    }
    let mut packed: Vec<ResidueAtoms> = backbone.iter().map(starting_atoms).collect();
    let draws: Vec<[f64; 4]> = residues
        .iter()
        .map(|_| [(); 4].map(|()| random.signed() * deviation))
        .collect();
    // Prolines have no choice, then the large ones come first, while there is room.
    let mut order: Vec<usize> = (0..residues.len())
        .filter(|&index| atom_count(residues[index]) > 5)
        .collect();
    order.sort_by_key(|&index| {
        let choices = rotamers(residues[index]).len();
        (choices > 2, std::cmp::Reverse(atom_count(residues[index])))
    });
    for pass in 0..PASSES {
        for &index in &order {
            let amino = residues[index];
            let site = Site {
                index,
                amino,
                phi: torsions[index].phi,
                start: packed[index],
                taken: &taken,
            };
            if pass > 0 && site.room(&site.start[5..atom_count(amino)], 0.0) >= TIGHT {
                continue;
            }
            let atoms = site.choose(draws[index]);
            for &point in &atoms[5..atom_count(amino)] {
                taken.push(point, index);
            }
            packed[index] = atoms;
        }
    }
    packed
}

/// One residue waiting for its side chain.
struct Site<'a> {
    index: usize,
    amino: usize,
    phi: f64,
    start: ResidueAtoms,
    taken: &'a Neighbours,
}

impl Site<'_> {
    fn choose(&self, draw: [f64; 4]) -> ResidueAtoms {
        let common = rotamers(self.amino);
        let mut best = (f64::NEG_INFINITY, self.start);
        for rotamer in common {
            self.consider(deviated(*rotamer, draw), &mut best);
            if best.0 >= ROOM {
                break;
            }
        }
        if best.0 < TIGHT {
            for step in 1..12 {
                for rotamer in common {
                    let mut chi = *rotamer;
                    chi[0] = wrapped(chi[0] + 30.0 * f64::from(step));
                    self.consider(chi, &mut best);
                }
            }
        }
        best.1
    }

    /// Keeps the torsions that leave the most room.
    fn consider(&self, chi: [f64; 4], best: &mut (f64, ResidueAtoms)) {
        let mut atoms = self.start;
        place_side_chain(self.amino, &mut atoms, self.phi, chi);
        let room = self.room(&atoms[5..atom_count(self.amino)], best.0);
        if room > best.0 {
            *best = (room, atoms);
        }
    }

    /// The smallest distance to another residue's atom, at most [`ROOM`]; anything up to `enough` when it is below that.
    fn room(&self, atoms: &[Point], enough: f64) -> f64 {
        let mut least = ROOM * ROOM;
        for &atom in atoms {
            let hopeless = self.taken.any(atom, |owner, square| {
                if owner != self.index && square < least {
                    least = square;
                }
                least < enough * enough.abs()
            });
            if hopeless {
                break;
            }
        }
        least.sqrt()
    }
}

fn starting_atoms(residue: &Backbone) -> ResidueAtoms {
    let mut atoms = [[0.0; 3]; MOST_ATOMS];
    atoms[..5].copy_from_slice(residue);
    atoms
}

fn deviated(rotamer: [f64; 4], draw: [f64; 4]) -> [f64; 4] {
    let mut chi = rotamer;
    for (torsion, change) in chi.iter_mut().zip(draw) {
        // Zero marks a torsion that the residue does not have, or a flat one that stays flat.
        if *torsion != 0.0 {
            *torsion = wrapped(*torsion + change);
        }
    }
    chi
}

fn wrapped(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}
