//! The local distance difference test: the fraction of preserved distances between near atoms. Needs no superposition, and cannot tell
//! a structure from its mirror image.

use std::ops::Range;

use super::columns::Columns;
use super::error::{MetricError, Point, check_lengths, check_points};

/// Distance up to which a pair counts, in ångström.
const RADIUS: f64 = 15.0;

/// Its square.
const NEAR: f64 = RADIUS * RADIUS;

/// Which pairs of atoms count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contacts {
    /// Those within 15 Å in the reference; swapping the sides changes the result.
    InReference,
    /// Those within 15 Å in either structure; swapping the sides changes nothing.
    InEither,
}

/// The result of the test, each a fraction from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Lddt {
    /// Over all pairs.
    pub(crate) global: f64,
    /// Over the pairs of each residue's atoms; `None` where a residue has no pair.
    pub(crate) per_residue: Vec<Option<f64>>,
    /// Number of pairs.
    pub pairs: usize,
}

/// The local distance difference test of `model` against `reference`.
///
/// Counts pairs of atoms from different residues within 15 Å, and takes the mean of the fractions whose distance changed by
/// at most 0.5, 1, 2 and 4 Å (Mariani et al., Bioinformatics 29, 2013; without its penalty for bad stereochemistry).
/// `residues` names the residue of every point, from 0. Atoms are taken as named: a caller that wants equivalent atoms swapped
/// does so before. Time and memory grow with the number of pairs, which is linear in atoms.
///
/// # Errors
/// For sets of different size, coordinates that are not finite, residue numbers not below the number of points, when no
/// pair is near enough to count, and when thousands of points lie in one place.
pub fn lddt(reference: &[Point], model: &[Point], residues: &[usize], contacts: Contacts) -> Result<Lddt, MetricError> {
    let mut tally = [checked(reference, model, residues)?];
    count_pairs(reference, model, residues, |_| [true], &mut tally)?;
    if contacts == Contacts::InEither {
        count_pairs(model, reference, residues, |squared| [squared > NEAR], &mut tally)?;
    }
    let [tally] = tally;
    scored(&tally)
}

/// Checks the input. Returns an empty tally per residue.
fn checked(reference: &[Point], model: &[Point], residues: &[usize]) -> Result<Vec<PairCounts>, MetricError> {
    check_points(reference, model, 2)?;
    check_lengths("residue numbers", residues.len(), reference.len())?;
    let count = residues.iter().max().map_or(0, |last| last.saturating_add(1));
    if count > residues.len() {
        return Err(MetricError::Malformed("residues must be numbered from 0 without gaps"));
    }
    Ok(vec![PairCounts::default(); count])
}

fn scored(tally: &[PairCounts]) -> Result<Lddt, MetricError> {
    // Both residues of a pair count it.
    let pairs = tally.iter().map(|residue| residue.pairs).sum::<u64>() / 2;
    let kept = tally.iter().map(|residue| residue.kept).sum::<u64>() / 2;
    if pairs == 0 {
        return Err(MetricError::TooFew { what: "pairs of atoms within 15 Å", found: 0, needed: 1 });
    }
    Ok(Lddt {
        global: fraction(kept, pairs),
        per_residue: tally
            .iter()
            .map(|residue| (residue.pairs > 0).then(|| fraction(residue.kept, residue.pairs)))
            .collect(),
        pairs: pairs as usize,
    })
}

/// One pair of structures by every choice of contacts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LddtBothWays {
    /// By the contacts of the first.
    pub(crate) first: Result<Lddt, MetricError>,
    /// By the contacts of the second.
    pub(crate) second: Result<Lddt, MetricError>,
    /// By the contacts of either.
    pub(crate) either: Result<Lddt, MetricError>,
}

/// [`lddt`] with `first` as the reference, with `second` as the reference, and with the contacts of either. Pairs that are near in both
/// are counted once for all three.
pub(crate) fn lddt_both_ways(first: &[Point], second: &[Point], residues: &[usize]) -> LddtBothWays {
    let near = checked(first, second, residues).and_then(|tally| {
        let mut tallies = [tally.clone(), tally];
        count_pairs(first, second, residues, |squared| [true, squared <= NEAR], &mut tallies)?;
        Ok(tallies)
    });
    let far = checked(second, first, residues).and_then(|tally| {
        let mut tallies = [tally];
        count_pairs(second, first, residues, |squared| [squared > NEAR], &mut tallies)?;
        Ok(tallies)
    });
    let [near_in_first, near_in_both] = match near {
        Ok([of_first, in_both]) => [Ok(of_first), Ok(in_both)],
        Err(error) => [Err(error), Err(error)],
    };
    let and_far = |tally: &Result<Vec<PairCounts>, MetricError>| {
        let (mut tally, [far]) = (tally.clone()?, far.clone()?);
        for (residue, far) in tally.iter_mut().zip(far) {
            residue.pairs += far.pairs;
            residue.kept += far.kept;
        }
        scored(&tally)
    };
    LddtBothWays {
        // If the first cannot be counted, the second still may.
        second: and_far(&near_in_both).or_else(|_| lddt(second, first, residues, Contacts::InReference)),
        either: and_far(&near_in_first),
        first: near_in_first.and_then(|tally| scored(&tally)),
    }
}

/// Pairs, and for how many of the four thresholds they were kept.
#[derive(Debug, Clone, Copy, Default)]
struct PairCounts {
    pairs: u64,
    kept: u64,
}

fn fraction(kept: u64, pairs: u64) -> f64 {
    kept as f64 / (4 * pairs) as f64
}

/// Positions in the order of the columns, one list per axis, so that runs of them are compared several at a time.
struct Sorted {
    near: [Vec<f64>; 3],
    other: [Vec<f64>; 3],
    /// Residue numbers as floats, which compare side by side with the distances.
    residue: Vec<f64>,
}

/// Counts the pairs within the radius in `near` in as many ways as `counts` tells apart by the squared distance in `other`.
fn count_pairs<const WAYS: usize>(
    near: &[Point],
    other: &[Point],
    residues: &[usize],
    counts: impl Fn(f64) -> [bool; WAYS] + Copy,
    tallies: &mut [Vec<PairCounts>; WAYS],
) -> Result<(), MetricError> {
    let columns = Columns::new(near, RADIUS);
    if columns.is_crowded(RADIUS) {
        return Err(MetricError::Malformed("too many atoms lie in one place"));
    }
    let axis = |points: &[Point], axis: usize| -> Vec<f64> {
        columns.order.iter().map(|&index| f64::from(points[index][axis])).collect()
    };
    let sorted = Sorted {
        near: [axis(near, 0), axis(near, 1), axis(near, 2)],
        other: [axis(other, 0), axis(other, 1), axis(other, 2)],
        residue: columns.order.iter().map(|&index| residues[index] as f64).collect(),
    };
    let mut found = [(); WAYS].map(|()| vec![0u64; near.len()]);
    columns.for_each_candidate_run(near, RADIUS, |place, run| {
        let own = sorted.count_run(place, run.clone(), counts, found.each_mut().map(|way| &mut way[run.clone()]));
        for (way, own) in found.iter_mut().zip(own) {
            way[place] += own;
        }
    });
    for (tally, found) in tallies.iter_mut().zip(found) {
        for (&index, packed) in columns.order.iter().zip(found) {
            let residue = &mut tally[residues[index]];
            residue.pairs += packed & LOWER;
            residue.kept += packed >> KEPT;
        }
    }
    Ok(())
}

/// Pairs are counted in the lower half of a number and thresholds in the upper: a place of a structure that is not refused has far
/// fewer than 2³² of both.
const KEPT: u32 = 32;
const LOWER: u64 = (1 << KEPT) - 1;

impl Sorted {
    /// Counts the pairs of one place with a run of others; adds to the others' counts and gives the place's own.
    ///
    /// Written without branches so that it compiles to vector instructions: this loop is nearly all of the cost.
    fn count_run<const WAYS: usize>(
        &self,
        place: usize,
        run: Range<usize>,
        counts: impl Fn(f64) -> [bool; WAYS],
        found: [&mut [u64]; WAYS],
    ) -> [u64; WAYS] {
        let squared = |axes: &[&[f64]; 3], at: [f64; 3], index: usize| {
            let (x, y, z) = (axes[0][index] - at[0], axes[1][index] - at[1], axes[2][index] - at[2]);
            x * x + y * y + z * z
        };
        let place_in = |axes: &[Vec<f64>; 3]| [axes[0][place], axes[1][place], axes[2][place]];
        let (here, there, residue) = (place_in(&self.near), place_in(&self.other), self.residue[place]);
        let length = run.len();
        let near = self.near.each_ref().map(|axis| &axis[run.clone()][..length]);
        let other = self.other.each_ref().map(|axis| &axis[run.clone()][..length]);
        let residues = &self.residue[run][..length];
        let found = found.map(|way| &mut way[..length]);
        let mut own = [0; WAYS];
        for index in 0..length {
            let distance = squared(&near, here, index);
            let changed = squared(&other, there, index);
            let is_pair = u64::from(distance <= NEAR) & u64::from((residues[index] - residue).abs() > 0.5);
            // (d − d′)² with one square root instead of two; doubles have digits to spare for the cancellation.
            let change = distance + changed - 2.0 * (distance * changed).sqrt();
            let within = u64::from(change <= 0.25)
                + u64::from(change <= 1.0)
                + u64::from(change <= 4.0)
                + u64::from(change <= 16.0);
            let packed = within << KEPT | 1;
            for (way, counts) in counts(changed).into_iter().enumerate() {
                let added = packed & (is_pair & u64::from(counts)).wrapping_neg();
                found[way][index] += added;
                own[way] += added;
            }
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_points::{mirrored, moved, noise, walk};
    use super::*;

    /// The definition, pair by pair.
    fn slow(reference: &[Point], model: &[Point], residues: &[usize], contacts: Contacts) -> (f64, usize) {
        let distance = |points: &[Point], first: usize, second: usize| {
            let squares = (0..3).map(|axis| (f64::from(points[first][axis]) - f64::from(points[second][axis])).powi(2));
            squares.sum::<f64>().sqrt()
        };
        let (mut sum, mut pairs) = (0.0, 0);
        for first in 0..reference.len() {
            for second in 0..first {
                let (before, after) = (distance(reference, first, second), distance(model, first, second));
                let near = before <= 15.0 || contacts == Contacts::InEither && after <= 15.0;
                if near && residues[first] != residues[second] {
                    let change = (before - after).abs();
                    let kept = [0.5, 1.0, 2.0, 4.0].iter().filter(|&&threshold| change <= threshold).count();
                    sum += kept as f64 / 4.0;
                    pairs += 1;
                }
            }
        }
        (sum / pairs as f64, pairs)
    }

    fn shaken(points: &[Point], by: f32, seed: u64) -> Vec<Point> {
        let mut next = noise(seed);
        points.iter().map(|point| point.map(|coordinate| coordinate + by * next())).collect()
    }

    #[test]
    fn both_ways_at_once_are_the_three_by_themselves() {
        let mut next = noise(21);
        let first = walk(300, 20);
        let second: Vec<Point> = first.iter().map(|point| point.map(|value| value + 2.0 * next())).collect();
        let residues: Vec<usize> = (0..300).map(|atom| atom / 3).collect();
        let found = lddt_both_ways(&first, &second, &residues);
        let alone = |one: &[Point], other: &[Point], contacts| lddt(one, other, &residues, contacts);
        assert_eq!(found.first, alone(&first, &second, Contacts::InReference));
        assert_eq!(found.second, alone(&second, &first, Contacts::InReference));
        assert_eq!(found.either, alone(&first, &second, Contacts::InEither));
        assert!(found.first != found.second && found.either != found.first);
        // What has no value one way may have one the other way.
        let spread: Vec<Point> = (0..300u16).map(|index| [100.0 * f32::from(index), 0.0, 0.0]).collect();
        let found = lddt_both_ways(&spread, &first, &residues);
        assert_eq!((found.first.is_err(), found.second.is_ok(), found.either.is_ok()), (true, true, true));
    }

    #[test]
    fn a_heap_of_points_is_refused_before_its_pairs_are_counted() {
        let heap = vec![[1.0; 3]; 200_000];
        let residues: Vec<usize> = (0..heap.len()).collect();
        let error = lddt(&heap, &heap, &residues, Contacts::InReference).unwrap_err();
        insta::assert_snapshot!(error, @"too many atoms lie in one place");
    }

    #[test]
    fn grid_and_definition_agree() {
        let reference = walk(300, 1);
        let residues: Vec<usize> = (0..300).map(|index| index / 4).collect();
        for by in [0.0, 0.5, 3.0, 20.0] {
            let model = moved(&shaken(&reference, by, 2), 3);
            for contacts in [Contacts::InReference, Contacts::InEither] {
                let fast = lddt(&reference, &model, &residues, contacts).unwrap();
                let (global, pairs) = slow(&reference, &model, &residues, contacts);
                assert!((fast.global - global).abs() < 1e-12, "{by} {contacts:?}");
                assert_eq!(fast.pairs, pairs);
            }
        }
    }

    #[test]
    fn only_the_symmetric_form_is_symmetric() {
        let (first, residues) = (walk(100, 4), (0..100).collect::<Vec<usize>>());
        let second = shaken(&first, 4.0, 5);
        let score = |a: &[Point], b: &[Point], contacts| lddt(a, b, &residues, contacts).unwrap();
        assert_eq!(score(&first, &second, Contacts::InEither), score(&second, &first, Contacts::InEither));
        assert!(score(&first, &second, Contacts::InReference) != score(&second, &first, Contacts::InReference));
    }

    #[test]
    fn a_mirror_image_scores_full() {
        let (points, residues) = (walk(50, 6), (0..50).collect::<Vec<usize>>());
        let score = lddt(&points, &mirrored(&points), &residues, Contacts::InReference).unwrap();
        assert!((score.global - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn residues_are_scored_by_their_own_pairs() {
        let reference = [[0.0; 3], [5.0, 0.0, 0.0], [10.0, 0.0, 0.0], [100.0, 0.0, 0.0]];
        let model = [[0.0; 3], [5.0, 0.0, 0.0], [13.0, 0.0, 0.0], [100.0, 0.0, 0.0]];
        let score = lddt(&reference, &model, &[0, 1, 2, 3], Contacts::InReference).unwrap();
        assert_eq!(score.per_residue, [Some(0.625), Some(0.625), Some(0.25), None]);
        assert_eq!((score.global, score.pairs), (0.5, 3));
    }

    #[test]
    fn what_has_no_score_is_an_error() {
        let far = [[0.0; 3], [99.0; 3]];
        let error = |residues: &[usize]| lddt(&far, &far, residues, Contacts::InEither).unwrap_err();
        insta::assert_snapshot!(error(&[0, 1]), @"needs at least 1 pairs of atoms within 15 Å, got 0");
        insta::assert_snapshot!(error(&[0]), @"1 residue numbers cannot be compared with 2");
        assert!(matches!(error(&[0, 2]), MetricError::Malformed(_)));
        assert!(matches!(error(&[0, usize::MAX]), MetricError::Malformed(_)));
    }
}
