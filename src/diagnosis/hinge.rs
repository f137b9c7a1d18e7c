//! A chain in two parts, each right by itself, that came apart or turned against each other about a residue.

use super::points::FEWEST;
use super::{Cause, MistakeKind, share};
use crate::metric::selection::{Part, positions};
use crate::metric::{Point, Superposition, superpose};
use crate::protein::Structure;

/// The fewest residues of a part that turns: fewer are a tail, and fit anywhere.
const FEWEST_TURNED: usize = 12;
/// The least angle of a turn, in degrees.
const TURN: f64 = 3.0;
/// The number of places that are tried first, before all places around the best one.
const LOOKED_AT: usize = 64;
/// Neighbours that come apart move by more than this, in ångström.
const GAP: f64 = 2.0;

/// Names the bond at which the alpha carbons of two structures with the same atoms come apart, if one break explains the difference.
pub(super) fn of_break(expected: &Structure, actual: &Structure, difference: f64, size: f64) -> Option<Cause> {
    let alphas = Part::AlphaCarbons.of(expected);
    if expected.atoms() != actual.atoms() || alphas.len() < 2 * FEWEST {
        return None;
    }
    let (before, after) = (positions(expected, &alphas), positions(actual, &alphas));
    let same_chain = |place: usize| expected.chain_id[alphas[place]] == expected.chain_id[alphas[place + 1]];
    let torn = |place: usize| (step(&after, place) - step(&before, place)).abs();
    let places = (FEWEST - 1..alphas.len() - FEWEST).filter(|&place| same_chain(place));
    let place = places.max_by(|&one, &other| torn(one).total_cmp(&torn(other)))?;
    if torn(place) <= GAP {
        return None;
    }
    let cut = place + 1;
    let squares = |range: std::ops::Range<usize>| -> Option<f64> {
        let length = range.len() as f64;
        Some(superpose(&after[range.clone()], &before[range]).ok()?.rmsd.powi(2) * length)
    };
    let residual = ((squares(0..cut)? + squares(cut..alphas.len())?) / alphas.len() as f64).sqrt();
    let share = share(residual, difference, size)?;
    let name = |place: usize| {
        let atom = alphas[place];
        format!("{} {}", expected.res_name[atom], expected.res_id[atom])
    };
    let what = format!(
        "chain {} is broken between {} and {}, both sides of the break are right",
        expected.chain_id[alphas[place]],
        name(place),
        name(cut)
    );
    Some(Cause::new(MistakeKind::Broken, what, share))
}

/// The distance to the next point.
fn step(points: &[Point], place: usize) -> f64 {
    let (one, other) = (points[place], points[place + 1]);
    let squares = (0..3).map(|axis| (f64::from(one[axis]) - f64::from(other[axis])).powi(2));
    squares.sum::<f64>().sqrt()
}

/// Names the residue about which a chain turns. Other chains may go with either part.
pub(super) fn of_hinge(expected: &Structure, actual: &Structure, size: f64) -> Option<Cause> {
    if expected.atoms() != actual.atoms() || expected.atom_name != actual.atom_name {
        return None;
    }
    let alphas = Part::AlphaCarbons.of(expected);
    let (before, after) = (positions(expected, &alphas), positions(actual, &alphas));
    if before.len() < 2 * FEWEST_TURNED {
        return None;
    }
    let difference = superpose(&after, &before).ok()?.rmsd;
    let mut end = 0;
    let chains = alphas.chunk_by(|&one, &other| expected.chain_id[one] == expected.chain_id[other]).map(|chain| {
        end += chain.len();
        end - chain.len()..end
    });
    let mut best: Option<Split> = None;
    for chain in chains.filter(|chain| chain.len() >= 2 * FEWEST_TURNED) {
        for others_go_first in [true, false] {
            if !others_go_first && chain.len() == alphas.len() {
                continue;
            }
            let split = |cut: usize| split(&before, &after, &chain, cut, others_go_first);
            let cuts = chain.start + FEWEST_TURNED..=chain.end - FEWEST_TURNED;
            let step = (cuts.clone().count() / LOOKED_AT).max(1);
            let Some(coarse) = least(cuts.clone().step_by(step).filter_map(split)) else {
                continue;
            };
            let near = coarse.cut.saturating_sub(step)..=coarse.cut + step;
            let fine = least(near.filter(|cut| cuts.contains(cut)).filter_map(split));
            best = least([best, Some(coarse), fine].into_iter().flatten());
        }
    }
    let best = best?;
    let turn = best.turn();
    let share = share(best.residual, difference, size).filter(|_| turn >= TURN)?;
    let atom = alphas[best.cut];
    let what = format!(
        "chain {} turns about {} {}: the parts before and after it are right, and turned by {turn:.0}° against each other",
        expected.chain_id[atom], expected.res_name[atom], expected.res_id[atom]
    );
    Some(Cause::new(MistakeKind::Hinge, what, share))
}

/// Two parts, each superposed on the expected one by itself.
#[derive(Clone, Copy)]
struct Split {
    cut: usize,
    residual: f64,
    motions: [Superposition; 2],
}

impl Split {
    /// The angle between the parts, in degrees.
    fn turn(&self) -> f64 {
        let [one, other] = self.motions.map(|motion| motion.rotation);
        // The trace of the one rotation after the inverse of the other.
        let trace: f64 = one.as_flattened().iter().zip(other.as_flattened()).map(|(a, b)| a * b).sum();
        ((trace - 1.0) / 2.0).clamp(-1.0, 1.0).acos().to_degrees()
    }
}

fn least(splits: impl Iterator<Item = Split>) -> Option<Split> {
    splits.min_by(|one, other| one.residual.total_cmp(&other.residual))
}

fn split(
    before: &[Point],
    after: &[Point],
    chain: &std::ops::Range<usize>,
    cut: usize,
    others_go_first: bool,
) -> Option<Split> {
    let part = |points: &[Point], is_first: bool| -> Vec<Point> {
        let own = if is_first { chain.start..cut } else { cut..chain.end };
        let mut part = points[own].to_vec();
        if is_first == others_go_first {
            part.extend_from_slice(&points[..chain.start]);
            part.extend_from_slice(&points[chain.end..]);
        }
        part
    };
    let motion = |is_first| superpose(&part(after, is_first), &part(before, is_first)).ok();
    let motions = [motion(true)?, motion(false)?];
    let first = cut - chain.start + if others_go_first { before.len() - chain.len() } else { 0 };
    let counts = [first, before.len() - first];
    let squares = motions.iter().zip(counts).map(|(motion, count)| motion.rmsd.powi(2) * count as f64);
    Some(Split { cut, residual: (squares.sum::<f64>() / before.len() as f64).sqrt(), motions })
}
