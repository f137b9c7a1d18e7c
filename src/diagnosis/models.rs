//! Structures of several models: which of them a difference is about. Does not look for a cause within one model.

use super::{Cause, MistakeKind};
use crate::metric::selection::shared_atoms;
use crate::metric::{Point, superpose};
use crate::protein::Structure;

/// The most models that are matched.
const MOST_MODELS: usize = 64;

/// Names the order of the models if they are the same in another order.
pub(crate) fn of_models(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let (before, after) = (models(expected)?, models(actual)?);
    if before.len() != after.len() || before.len() > MOST_MODELS || before == after {
        return None;
    }
    let mut left: Vec<usize> = (0..after.len()).collect();
    let mut first = None;
    for (place, model) in before.iter().enumerate() {
        let found = left.iter().position(|&other| after[other] == *model)?;
        let other = left.remove(found);
        if other != place && first.is_none() {
            first = Some((place + 1, other + 1));
        }
    }
    let (from, to) = first?;
    let what = format!("models in another order: model {from} stands at {to}");
    Some(Cause::new(MistakeKind::PermutedItems, what, 1.0))
}

/// The model that lies farthest from the expected one after superposition, counted from 0.
pub(super) fn farthest(expected: &Structure, actual: &Structure) -> usize {
    let (Some(before), Some(after)) = (models(expected), models(actual)) else {
        return 0;
    };
    let shared = shared_atoms(expected, actual);
    let apart = before.iter().zip(after).map(|(before, after)| {
        let pairs = shared.iter().filter_map(|&(one, other)| Some((*before.get(one)?, *after.get(other)?)));
        let (before, after): (Vec<Point>, Vec<Point>) = pairs.unzip();
        superpose(&after, &before).map_or(f64::INFINITY, |motion| motion.rmsd)
    });
    let worst = apart.enumerate().reduce(|worst, other| if other.1 > worst.1 { other } else { worst });
    worst.map_or(0, |(index, _)| index)
}

/// The positions of each model. Returns `None` for a single model.
fn models(structure: &Structure) -> Option<Vec<&[Point]>> {
    let atoms = structure.atoms();
    (atoms > 0 && structure.model_count() > 1).then(|| structure.coord.chunks_exact(atoms).collect())
}
