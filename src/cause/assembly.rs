//! Chains, each as it should be, that stand wrongly to each other.

use super::points::{FEWEST, Points};
use super::{Cause, Kind, SUFFICIENT};
use crate::metric::{Point, superpose};
use crate::protein::Structure;

/// A chain that moved less than this beside the others, in ångström, did not move.
const MOVED: f64 = 2.0;

/// Where it is known that chains are right and their places are not, the rest of the difference is noise.
const KNOWN: f64 = 0.5;

/// Names the chains that stand elsewhere. `is_known` says that each chain was found to be as it should.
pub(super) fn of_chains(expected: &Structure, actual: &Structure, is_known: bool) -> Option<Cause> {
    let chains = expected.chains();
    let same = expected.atoms() == actual.atoms() && expected.atom_name == actual.atom_name;
    if chains.len() < 2 || !same || expected.model_count() != 1 || actual.model_count() != 1 {
        return None;
    }
    let points = Points::new(expected.coord.clone(), actual.coord.clone())?;
    let mut squares = 0.0;
    for (_, atoms) in &chains {
        let (one, other) = (points.expected.get(atoms.clone())?, points.actual.get(atoms.clone())?);
        let own = if one.len() < FEWEST {
            0.0
        } else {
            superpose(other, one).ok()?.rmsd
        };
        squares += own * own * atoms.len() as f64;
    }
    let residual = (squares / expected.atoms() as f64).sqrt();
    let share = 1.0 - residual / points.superposed;
    if points.superposed <= 0.0 || share < if is_known { KNOWN } else { SUFFICIENT } {
        return None;
    }
    // Beside the largest chain the others moved.
    let (_, largest) = chains.iter().max_by_key(|(_, atoms)| atoms.len())?;
    let motion = superpose(
        points.actual.get(largest.clone())?,
        points.expected.get(largest.clone())?,
    )
    .ok()?;
    let centre = |points: &[Point]| -> [f64; 3] {
        let count = points.len().max(1) as f64;
        [0, 1, 2].map(|axis| points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / count)
    };
    let moved: Vec<String> = chains
        .iter()
        .filter_map(|(name, atoms)| {
            let (one, other) = (points.expected.get(atoms.clone())?, points.actual.get(atoms.clone())?);
            let farthest = motion.distances(other, one).fold(0.0, f64::max);
            let (from, to) = (centre(one), motion.apply(centre(other).map(|axis| axis as f32)));
            let gap = (0..3).map(|axis| (from[axis] - to[axis]).powi(2)).sum::<f64>().sqrt();
            (farthest > MOVED).then(|| format!("chain {name} stands elsewhere, its centre {gap:.1} Å off"))
        })
        .collect();
    (!moved.is_empty()).then(|| Cause::new(Kind::ChainsMoved, moved.join("; "), share))
}
