//! A chain that came apart: two pieces, each as it should be, that stand wrongly to each other.

use super::{Cause, MistakeKind, share};
use crate::metric::selection::Part;
use crate::metric::{Point, superpose};
use crate::protein::Structure;

/// The fewest residues that have a shape of their own.
const FEWEST: usize = 4;
/// Neighbours have to move apart or together by more than this, in ångström.
const GAP: f64 = 2.0;

/// Names the bond at which the alpha carbons of two structures with the same atoms come apart, if one is enough.
pub(super) fn of_pieces(expected: &Structure, actual: &Structure, difference: f64, size: f64) -> Option<Cause> {
    let alphas = Part::AlphaCarbons.of(expected);
    if expected.atoms() != actual.atoms() || alphas.len() < 2 * FEWEST {
        return None;
    }
    let points = |structure: &Structure| -> Option<Vec<Point>> {
        alphas.iter().map(|&atom| structure.coord.get(atom).copied()).collect()
    };
    let (before, after) = (points(expected)?, points(actual)?);
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
