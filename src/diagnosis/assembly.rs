//! Chains, each as it should be, that stand wrongly to each other.

use std::ops::Range;

use super::points::{FEWEST, Points};
use super::{Cause, MistakeKind, SUFFICIENT};
use crate::metric::superpose;
use crate::protein::{Label, Structure};

/// A chain that moved less than this beside the others, in ångström, did not move.
const MOVED: f64 = 2.0;

/// The most chains that the others are compared with.
const MOST_BASES: usize = 32;

/// Chains that are named.
const TOLD: usize = 4;

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
        let own = if one.len() < FEWEST { 0.0 } else { superpose(other, one).ok()?.rmsd };
        squares += own * own * atoms.len() as f64;
    }
    let residual = (squares / expected.atoms() as f64).sqrt();
    let share = 1.0 - residual / points.superposed;
    if points.superposed <= 0.0 || share < if is_known { KNOWN } else { SUFFICIENT } {
        return None;
    }
    let motions: Vec<(usize, Vec<f64>)> = bases(&chains)
        .into_iter()
        .filter_map(|base| {
            let atoms = chains.get(base)?.1.clone();
            let motion = superpose(points.actual.get(atoms.clone())?, points.expected.get(atoms)?).ok()?;
            let distances: Vec<f64> = motion.distances(&points.actual, &points.expected).collect();
            Some((base, distances))
        })
        .collect();
    // Beside the chain that most of the others stay with, the rest moved.
    let far = |distances: &[f64]| {
        let of_chains = chains.iter().filter_map(|(_, atoms)| distances.get(atoms.clone()));
        let far = of_chains.map(|own| own.iter().filter(|distance| **distance > MOVED).count());
        let far: Vec<usize> = far.filter(|atoms| *atoms > 0).collect();
        (far.len(), far.iter().sum::<usize>())
    };
    let (_, distances) = motions.iter().min_by_key(|(_, distances)| far(distances))?;
    let moved: Vec<String> = chains
        .iter()
        .filter_map(|(name, atoms)| {
            let own = distances.get(atoms.clone())?;
            let farthest = own.iter().copied().fold(0.0, f64::max);
            let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
            (farthest > MOVED).then(|| format!("chain {name} stands elsewhere, its atoms {mean:.1} Å off on average"))
        })
        .collect();
    let more = moved.len().saturating_sub(TOLD);
    let mut reported: Vec<String> = moved.into_iter().take(TOLD).collect();
    if more > 0 {
        reported.push(format!("and {more} more"));
    }
    (!reported.is_empty()).then(|| Cause::new(MistakeKind::ChainsMoved, reported.join("; "), share))
}

/// The chains that the others are compared with, the largest first.
fn bases(chains: &[(Label, Range<usize>)]) -> Vec<usize> {
    let mut bases: Vec<usize> = (0..chains.len()).filter(|&chain| chains[chain].1.len() >= FEWEST).collect();
    bases.sort_by_key(|&chain| std::cmp::Reverse(chains[chain].1.len()));
    bases.truncate(MOST_BASES);
    bases
}
