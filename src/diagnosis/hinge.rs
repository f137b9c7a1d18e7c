//! A chain whose two parts, each as it should be, turned against each other about a residue without coming apart.

use super::{Cause, MistakeKind, share};
use crate::metric::selection::Part;
use crate::metric::{Point, Superposition, superpose};
use crate::protein::Structure;

/// The fewest residues of a part that turns: fewer are a tail, and fit anywhere.
const FEWEST: usize = 12;
/// A part turns by at least this, in degrees.
const TURN: f64 = 3.0;
/// Places that are looked at first; then all those around the best of them.
const LOOKED_AT: usize = 64;

/// Names the residue about which a chain turns; other chains may go with either part.
pub(super) fn of_hinge(expected: &Structure, actual: &Structure, size: f64) -> Option<Cause> {
    if expected.atoms() != actual.atoms() || expected.atom_name != actual.atom_name {
        return None;
    }
    let alphas = Part::AlphaCarbons.of(expected);
    let points = |structure: &Structure| -> Option<Vec<Point>> {
        alphas.iter().map(|&atom| structure.coord.get(atom).copied()).collect()
    };
    let (before, after) = (points(expected)?, points(actual)?);
    if before.len() < 2 * FEWEST {
        return None;
    }
    let difference = superpose(&after, &before).ok()?.rmsd;
    let mut chains: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start = 0;
    for place in 1..=alphas.len() {
        if place == alphas.len() || expected.chain_id[alphas[place]] != expected.chain_id[alphas[start]] {
            chains.push(start..place);
            start = place;
        }
    }
    let mut best: Option<Split> = None;
    for chain in chains.into_iter().filter(|chain| chain.len() >= 2 * FEWEST) {
        for others_go_first in [true, false] {
            if !others_go_first && chain.len() == alphas.len() {
                continue;
            }
            let split = |cut: usize| split(&before, &after, &chain, cut, others_go_first);
            let cuts = chain.start + FEWEST..=chain.end - FEWEST;
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

/// Two parts, each laid onto what was expected by itself.
#[derive(Clone, Copy)]
struct Split {
    cut: usize,
    residual: f64,
    motions: [Superposition; 2],
}

impl Split {
    /// By how much the parts turned against each other, in degrees.
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
