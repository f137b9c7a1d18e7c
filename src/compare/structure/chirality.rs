//! How much of a structure has another hand than expected, confident or not: neither lDDT nor confidence sees that. Measures;
//! judges nothing.

use crate::metric::geometry::Backbone;
use crate::metric::selection::{Part, chain_of_atoms};
use crate::metric::{Point, changed_hands};
use crate::protein::Structure;

/// The fewest points that have a hand.
pub(super) const FEWEST: usize = 4;

/// The fraction of alpha carbons with another hand. Where none has its four neighbours, as in a backbone, an alpha trace or
/// glycine, the fraction of turns of the chain of alpha carbons, or of all atoms where those are too few. `None` for fewer
/// than four atoms.
#[must_use]
pub(super) fn inverted(structure: &Structure, reference: &[Point], model: &[Point]) -> Option<f64> {
    let volumes = |points| Backbone::at(structure, points).chirality_volumes();
    let (one, other) = (volumes(reference), volumes(model));
    if !one.is_empty() {
        let changed = one.iter().zip(&other).filter(|(one, other)| one.1 * other.1 < 0.0);
        return Some(changed.count() as f64 / one.len() as f64);
    }
    let alphas = Part::AlphaCarbons.of(structure);
    let chosen = if alphas.len() < FEWEST { Part::All.of(structure) } else { alphas };
    let points = |all: &[Point]| -> Option<Vec<Point>> { chosen.iter().map(|&atom| all.get(atom).copied()).collect() };
    let chains = chain_of_atoms(structure);
    let chains: Vec<usize> = chosen.iter().map(|&atom| chains[atom]).collect();
    changed_hands(&points(model)?, &points(reference)?, &chains).ok()?.fraction()
}
