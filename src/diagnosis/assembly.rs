//! Chains, each right by itself, in a wrong position relative to each other.

use std::ops::Range;

use super::points::{FEWEST, Points};
use super::{Cause, MistakeKind, SUFFICIENT};
use crate::metric::superpose;
use crate::protein::{Label, Structure};

/// A chain that moved less than this relative to the others, in ångström, did not move.
const MOVED: f64 = 2.0;

/// The most chains that the others are compared with.
const MOST_BASES: usize = 32;

/// The most chains that are named.
const NAMED: usize = 4;

/// The sufficient share if it is known that the chains are right and their places are not: the rest of the difference is noise.
const KNOWN: f64 = 0.5;

/// Names the chains in a wrong place. `is_known` tells that each chain was found to be right.
pub(super) fn of_chains(expected: &Structure, actual: &Structure, is_known: bool) -> Option<Cause> {
    let chains = expected.chains();
    if chains.len() < 2 {
        return None;
    }
    let points = Points::of_all(expected, actual)?;
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
    let motions = bases(&chains).into_iter().filter_map(|atoms| {
        let motion = superpose(points.actual.get(atoms.clone())?, points.expected.get(atoms)?).ok()?;
        Some(motion.distances(&points.actual, &points.expected).collect::<Vec<f64>>())
    });
    // Relative to the chain that most of the others stay with, the rest moved.
    let far = |distances: &[f64]| {
        let of_chains = chains.iter().filter_map(|(_, atoms)| distances.get(atoms.clone()));
        let far = of_chains.map(|own| own.iter().filter(|distance| **distance > MOVED).count());
        let far: Vec<usize> = far.filter(|atoms| *atoms > 0).collect();
        (far.len(), far.iter().sum::<usize>())
    };
    let distances = motions.min_by_key(|distances| far(distances))?;
    let moved: Vec<String> = chains
        .iter()
        .filter_map(|(name, atoms)| {
            let own = distances.get(atoms.clone())?;
            let farthest = own.iter().copied().fold(0.0, f64::max);
            let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
            (farthest > MOVED).then(|| format!("chain {name} stands elsewhere, its atoms {mean:.1} Å off on average"))
        })
        .collect();
    let more = moved.len().saturating_sub(NAMED);
    let mut reported: Vec<String> = moved.into_iter().take(NAMED).collect();
    reported.extend((more > 0).then(|| format!("and {more} more")));
    (!reported.is_empty()).then(|| Cause::new(MistakeKind::ChainsMoved, reported.join("; "), share))
}

/// The atoms of the chains that the others are compared with, the largest chain first.
fn bases(chains: &[(Label, Range<usize>)]) -> Vec<Range<usize>> {
    let atoms = chains.iter().map(|(_, atoms)| atoms.clone());
    let mut bases: Vec<Range<usize>> = atoms.filter(|atoms| atoms.len() >= FEWEST).collect();
    bases.sort_by_key(|atoms| std::cmp::Reverse(atoms.len()));
    bases.truncate(MOST_BASES);
    bases
}
