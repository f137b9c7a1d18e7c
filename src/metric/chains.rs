//! Assigns the chains of a model to those of the reference, because copies of one sequence may come in any order. Does not compare
//! sequences.

use super::error::{MetricError, Point, check_lengths, check_number};
use super::superposition::{Superposition, best_motion, superpose};

/// An assignment of chains and how well it fits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChainPermutation {
    /// For every chain of the reference the index of the model's chain assigned to it.
    pub(crate) order: Vec<usize>,
    /// Root mean square distance in ångström of all points, superposed together under this assignment.
    pub(crate) rmsd: f64,
}

/// All assignments are tried up to this many: seven copies of one chain have 5,040.
const MOST_ASSIGNMENTS: usize = 5_040;

/// Finds the assignment of the model's chains to the reference's with the least root mean square distance.
///
/// `kinds` identify the sequence of every chain on both sides; chains of one kind may be exchanged. With many copies not all
/// assignments are tried: each chain of a kind is once superposed on the first of its kind in the reference, the others are assigned
/// by the nearest centre, and the best of these assignments is returned.
///
/// # Errors
/// Without chains, for sides with different kinds, chains of one kind that differ in length, and as [`superpose`].
pub(crate) fn best_chain_permutation(
    reference: &[&[Point]],
    reference_kinds: &[usize],
    model: &[&[Point]],
    model_kinds: &[usize],
) -> Result<ChainPermutation, MetricError> {
    check_number("chains", reference.len(), 1)?;
    check_lengths("chains", reference.len(), model.len())?;
    check_lengths("kinds of chains", reference_kinds.len(), reference.len())?;
    check_lengths("kinds of chains", model_kinds.len(), model.len())?;
    let sorted = |kinds: &[usize]| {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds
    };
    if sorted(reference_kinds) != sorted(model_kinds) {
        return Err(MetricError::Malformed("the two sides have different chains"));
    }
    let fits = |place: usize, chain: usize| reference_kinds[place] == model_kinds[chain];
    for (place, target) in reference.iter().enumerate() {
        for (chain, mobile) in model.iter().enumerate() {
            if fits(place, chain) {
                check_lengths("points in chains of one kind", mobile.len(), target.len())?;
            }
        }
    }
    let mut best: Option<ChainPermutation> = None;
    let joined = reference.concat();
    for order in assignments(reference, model, reference_kinds, &fits) {
        let moved: Vec<Point> = order.iter().flat_map(|&chain| model[chain].iter().copied()).collect();
        let rmsd = superpose(&moved, &joined)?.rmsd;
        if best.as_ref().is_none_or(|best| rmsd < best.rmsd) {
            best = Some(ChainPermutation { order, rmsd });
        }
    }
    best.ok_or(MetricError::Malformed("the two sides have different chains"))
}

/// All assignments, or the promising ones if there are too many.
fn assignments(
    reference: &[&[Point]],
    model: &[&[Point]],
    kinds: &[usize],
    fits: &impl Fn(usize, usize) -> bool,
) -> Vec<Vec<usize>> {
    // The first chain of a kind can be assigned to each chain of its kind, the second to one fewer, and so on.
    let choices = (0..kinds.len()).map(|place| kinds[place..].iter().filter(|&&kind| kind == kinds[place]).count());
    let count = choices.into_iter().try_fold(1usize, usize::checked_mul);
    if count.is_some_and(|count| count <= MOST_ASSIGNMENTS) {
        let mut all = Vec::new();
        extend(&mut Vec::new(), kinds.len(), fits, &mut all);
        return all;
    }
    // Any chain can be the anchor. A chain of the kind with the fewest copies leaves the fewest superpositions.
    let copies = |place: usize| kinds.iter().filter(|&&kind| kind == kinds[place]).count();
    let anchor = (0..kinds.len()).min_by_key(|&place| copies(place)).unwrap_or(0);
    let chains = (0..model.len()).filter(|&chain| fits(anchor, chain));
    chains
        .map(|chain| {
            let frame = best_motion(model[chain].iter().copied().zip(reference[anchor].iter().copied()));
            follow(&frame, reference, model, fits)
        })
        .collect()
}

/// Extends a partial assignment in every way.
fn extend(order: &mut Vec<usize>, chains: usize, fits: &impl Fn(usize, usize) -> bool, all: &mut Vec<Vec<usize>>) {
    if order.len() == chains {
        all.push(order.clone());
        return;
    }
    for chain in 0..chains {
        if fits(order.len(), chain) && !order.contains(&chain) {
            order.push(chain);
            extend(order, chains, fits, all);
            order.pop();
        }
    }
}

/// Assigns chains by their centres after a motion, the nearest pair first.
fn follow(
    frame: &Superposition,
    reference: &[&[Point]],
    model: &[&[Point]],
    fits: &impl Fn(usize, usize) -> bool,
) -> Vec<usize> {
    let centres: Vec<Point> = reference.iter().map(|chain| centre(chain)).collect();
    let moved: Vec<Point> = model.iter().map(|chain| frame.apply(centre(chain)).map(|part| part as f32)).collect();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (place, target) in centres.iter().enumerate() {
        for (chain, point) in moved.iter().enumerate() {
            if fits(place, chain) {
                pairs.push((Superposition::IDENTITY.squared_distance(*point, *target), place, chain));
            }
        }
    }
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut order = vec![None; reference.len()];
    let mut taken = vec![false; model.len()];
    for (_, place, chain) in pairs {
        if order[place].is_none() && !taken[chain] {
            order[place] = Some(chain);
            taken[chain] = true;
        }
    }
    // Kinds are equally frequent on both sides, so every chain was assigned.
    order.into_iter().map(Option::unwrap_or_default).collect()
}

fn centre(points: &[Point]) -> Point {
    let count = points.len().max(1) as f64;
    [0, 1, 2].map(|axis| (points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / count) as f32)
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{moved, walk};
    use super::*;

    /// Copies of one chain around a centre, each turned differently.
    fn ring(copies: u64) -> Vec<Vec<Point>> {
        (0..copies).map(|copy| moved(&walk(30, 1), 100 + copy)).collect()
    }

    fn slices(chains: &[Vec<Point>]) -> Vec<&[Point]> {
        chains.iter().map(Vec::as_slice).collect()
    }

    /// Moves the whole and hands its chains out in another order.
    fn shuffled(chains: &[Vec<Point>], order: &[usize]) -> Vec<Vec<Point>> {
        let whole = moved(&chains.concat(), 9);
        let parts: Vec<Vec<Point>> = whole.chunks(30).map(<[Point]>::to_vec).collect();
        order.iter().map(|&chain| parts[chain].clone()).collect()
    }

    #[test]
    fn a_shuffled_homomer_is_put_in_order() {
        for copies in [2, 5, 9] {
            let reference = ring(copies);
            let order: Vec<usize> = (0..copies as usize).map(|chain| (chain * 7 + 3) % copies as usize).collect();
            let model = shuffled(&reference, &order);
            let kinds = vec![0; copies as usize];
            let best = best_chain_permutation(&slices(&reference), &kinds, &slices(&model), &kinds).unwrap();
            assert!(best.rmsd < 1e-3, "{copies} copies: {}", best.rmsd);
            for (place, &chain) in best.order.iter().enumerate() {
                assert_eq!(order[chain], place);
            }
        }
    }

    #[test]
    fn chains_of_different_kinds_never_trade_places() {
        let reference = ring(3);
        let model = shuffled(&reference, &[2, 1, 0]);
        let best = best_chain_permutation(&slices(&reference), &[7, 8, 7], &slices(&model), &[7, 8, 7]).unwrap();
        assert_eq!(best.order, [2, 1, 0]);
        let forced = best_chain_permutation(&slices(&reference), &[1, 2, 3], &slices(&model), &[1, 2, 3]).unwrap();
        assert_eq!(forced.order, [0, 1, 2]);
        assert!(forced.rmsd > 1.0);
    }

    #[test]
    fn what_has_no_assignment_is_an_error() {
        let chains = ring(2);
        let two = slices(&chains);
        let short = [&two[0][..5], two[1]];
        assert!(best_chain_permutation(&[], &[], &[], &[]).is_err());
        assert!(best_chain_permutation(&two, &[0, 1], &two, &[0, 0]).is_err());
        assert!(best_chain_permutation(&two, &[0, 0], &two[..1], &[0]).is_err());
        let error = best_chain_permutation(&two, &[0, 0], &short, &[0, 0]).unwrap_err();
        insta::assert_snapshot!(error, @"5 points in chains of one kind cannot be compared with 30");
    }
}
