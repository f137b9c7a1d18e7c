//! What two sketches tell about the arrays behind them, and no more.
//!
//! **What is proved.** A sampled element is compared like any stored one. If the sums of a block differ by `D`, some
//! element of the block differs by at least `D` over the sum of the weights. A single changed element shows with its full
//! size in both rows, and their ratio names it.
//!
//! **What is judged as one element.** Noise moves every block. Where at most one block in 64 differs at all and the two sums
//! of one fit a single element of an array of singles or doubles, that element is held to its own tolerance: one wrong
//! element among equal ones is found, however small its block's bound would let it look.
//!
//! **What is judged by chance.** Elements that all keep their tolerance can move a signed sum, or the distance, only so
//! far; [`super::limits`] says how far, and how rarely a good array is refused: below 3·10⁻⁵, were every error as large
//! as allowed.
//!
//! **What stays unseen.** Where other elements differ too: changes to elements that are not sampled, too small for the bound
//! of their block. One element in a block of `m` may then move by about `6·√m` tolerances, which [`SketchDifference::unseen`]
//! says and messages tell. An exact tolerance (zero) has no such gap: there, another hash is another array. Two whole arrays
//! are never compared by their sketches.

use std::ops::Range;

use super::limits::{Budget, Limits};
use super::sketch::{ROWS, Sketch, sign};
use crate::measure::{ABSOLUTE, Better, Measure, Noise, Verdict};
use crate::metric::{Difference, Extreme, difference};
use crate::prediction::contract::Tolerance;
use crate::tensor::{DType, Tensor};

/// Where more than one block in this many differs, what differs may be noise.
const SPARSE: usize = 64;

/// What lies between a recorded array, known by its sketch, and an actual one.
#[derive(Debug, Clone, PartialEq)]
pub struct SketchDifference {
    /// Elements of the array.
    pub total: usize,
    /// The sampled elements, with indices into the whole array.
    pub samples: Difference,
    /// Blocks the array is cut into.
    pub blocks: usize,
    /// Blocks whose sums differ at all.
    pub differing: usize,
    /// Blocks whose sums differ by more than elements within tolerance could make them.
    pub beyond: usize,
    /// The block that differs most, measured by what it may; `None` when no sum differs.
    pub worst: Option<Block>,
    /// Estimate of the Euclidean distance between the arrays.
    pub distance: f64,
    /// The distance that elements within tolerance keep.
    pub distance_allowed: f64,
    /// The worst element beyond tolerance, where elements that changed alone explain what differs.
    pub lone: Option<Extreme>,
    /// Up to about this much may a single element differ, where others do too, before its block shows it.
    pub unseen: f64,
    /// Estimate of the smallest absolute tolerance that would pass, given the same relative one.
    pub needed: f64,
}

/// A block whose sums differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Flat indices of its elements.
    pub range: Range<usize>,
    /// The position of its first element along every dimension.
    pub first: Vec<usize>,
    /// The position of its last element.
    pub last: Vec<usize>,
    /// Some element differs by at least this much.
    pub at_least: f64,
    /// Estimate of the Euclidean distance between the two blocks.
    pub distance: f64,
    /// The one element that explains both sums, if one alone changed.
    pub single: Option<Extreme>,
}

impl SketchDifference {
    /// Whether nothing speaks against every element being within tolerance.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.samples.is_within() && self.beyond == 0 && self.distance <= self.distance_allowed && self.lone.is_none()
    }

    /// The distance as a measure, or where that passes and single elements do not, the difference of elements.
    #[must_use]
    pub fn measure(&self, tolerance: Tolerance, allowed: f64, floor: Option<Noise>) -> Measure {
        let distance = Measure {
            key: "distance",
            name: "distance over all elements",
            unit: "",
            better: Better::Lower,
            observed: self.distance,
            floor,
            allowed,
        };
        if let Some(lone) = &self.lone {
            return Measure {
                key: ABSOLUTE,
                name: "greatest difference",
                observed: lone.difference,
                floor: None,
                allowed: tolerance.absolute + tolerance.relative * lone.expected.abs(),
                ..distance
            };
        }
        if self.is_within() || distance.verdict() == Verdict::Different {
            return distance;
        }
        Measure {
            key: ABSOLUTE,
            name: "greatest difference",
            observed: self.needed,
            floor: None,
            allowed: tolerance.absolute,
            ..distance
        }
    }
}

/// Compares a recorded sketch with an actual array and its sketch. `None` when they are not of one size and type.
#[must_use]
pub fn compare(recorded: &Sketch, actual: &Sketch, tensor: &Tensor, tolerance: Tolerance) -> Option<SketchDifference> {
    if recorded.layout != actual.layout || actual.layout.total() != tensor.len() {
        return None;
    }
    let layout = actual.layout;
    let mut samples = difference(
        &recorded.samples,
        &actual.samples,
        tolerance.absolute,
        tolerance.relative,
    )?;
    for extreme in [&mut samples.absolute, &mut samples.relative].into_iter().flatten() {
        extreme.index = layout.sample(extreme.index);
        extreme.position = tensor.position(extreme.index);
    }
    let gaps = gaps(recorded, actual);
    let budgets = Budget::of_blocks(tensor, actual);
    let limits = Limits::new(&budgets, tolerance);
    let worst = (0..layout.blocks())
        .filter(|&block| gaps.size(block) > 0.0)
        .max_by(|&a, &b| {
            let over = |block| gaps.over(block, &limits);
            over(a).total_cmp(&over(b)).then(gaps.size(a).total_cmp(&gaps.size(b)))
        });
    let distance = gaps.distance();
    let differing: Vec<usize> = (0..layout.blocks()).filter(|&block| gaps.size(block) > 0.0).collect();
    let lone = gaps.lone(&differing, actual, tensor, tolerance);
    let lone_needs = lone
        .as_ref()
        .map_or(0.0, |lone| lone.difference - tolerance.relative * lone.expected.abs());
    Some(SketchDifference {
        total: layout.total(),
        blocks: layout.blocks(),
        differing: differing.len(),
        beyond: (0..layout.blocks())
            .filter(|&block| gaps.is_beyond(block, &limits))
            .count(),
        worst: worst.map(|block| gaps.block(block, actual, tensor)),
        distance,
        distance_allowed: limits.distance,
        lone,
        unseen: limits.rows[0].iter().copied().fold(0.0, f64::max),
        needed: samples
            .needed
            .max(needed(&gaps, &budgets, tolerance.relative))
            .max(lone_needs),
        samples,
    })
}

/// Differences of the sums, actual − recorded, per row and block; infinite where what is not finite differs.
struct Gaps {
    rows: [Vec<f64>; ROWS],
}

fn gaps(recorded: &Sketch, actual: &Sketch) -> Gaps {
    let blocks = actual.layout.blocks();
    let sum = |sketch: &Sketch, row: usize, block: usize| sketch.sums.get(row * blocks + block).copied();
    let row = |row: usize| {
        (0..blocks)
            .map(|block| {
                let (before, after) = (sum(recorded, row, block), sum(actual, row, block));
                // The third row is left out when it is all zero.
                let irregular = sum(actual, ROWS, block).unwrap_or(0.0) - sum(recorded, ROWS, block).unwrap_or(0.0);
                let gap = after.unwrap_or(f64::NAN) - before.unwrap_or(f64::NAN);
                if irregular.is_nan() || irregular.abs() > 0.0 || !gap.is_finite() {
                    f64::INFINITY
                } else {
                    gap
                }
            })
            .collect()
    };
    Gaps { rows: [row(0), row(1)] }
}

impl Gaps {
    fn size(&self, block: usize) -> f64 {
        self.rows[0][block].abs().max(self.rows[1][block].abs())
    }

    fn is_beyond(&self, block: usize, limits: &Limits) -> bool {
        (0..ROWS).any(|row| self.rows[row][block].abs() > limits.rows[row][block])
    }

    /// By how many times a block exceeds its limits.
    fn over(&self, block: usize, limits: &Limits) -> f64 {
        (0..ROWS)
            .map(|row| self.rows[row][block].abs() / limits.rows[row][block])
            .filter(|ratio| !ratio.is_nan())
            .fold(0.0, f64::max)
    }

    /// The first row alone estimates the distance: its weights are all one.
    fn distance(&self) -> f64 {
        self.rows[0].iter().map(|gap| gap * gap).sum::<f64>().sqrt()
    }

    fn block(&self, block: usize, sketch: &Sketch, tensor: &Tensor) -> Block {
        let layout = sketch.layout;
        let range = layout.range(block);
        let [plain, weighted] = [self.rows[0][block], self.rows[1][block]];
        let count = range.len() as f64;
        // The weights of the second row are below 2.
        let at_least = (plain.abs() / count).max(weighted.abs() / (2.0 * count));
        Block {
            first: tensor.position(range.start),
            last: tensor.position(range.end.saturating_sub(1)),
            at_least,
            distance: plain.abs().max(weighted.abs() / 2.0),
            single: self.single(block, sketch, tensor),
            range,
        }
    }

    /// The worst element beyond tolerance of those that each explain their block, where so few blocks differ that this is no
    /// noise. Narrow floats have too few digits: their differences are small multiples of each other, which fit by chance.
    fn lone(&self, differing: &[usize], sketch: &Sketch, tensor: &Tensor, tolerance: Tolerance) -> Option<Extreme> {
        let is_sparse = differing.len() * SPARSE <= sketch.layout.blocks().max(SPARSE);
        if !is_sparse || !matches!(tensor.dtype(), DType::F32 | DType::F64) {
            return None;
        }
        let singles = differing.iter().filter_map(|&block| self.single(block, sketch, tensor));
        singles
            .filter(|single| single.difference > tolerance.absolute + tolerance.relative * single.expected.abs())
            .max_by(|one, other| one.difference.total_cmp(&other.difference))
    }

    /// One changed element leaves `s·δ` in the first row and `s'·w·δ` in the second: their ratio is its weight, and the
    /// signs must be its own.
    fn single(&self, block: usize, sketch: &Sketch, tensor: &Tensor) -> Option<Extreme> {
        let [plain, weighted] = [self.rows[0][block], self.rows[1][block]];
        if !plain.is_finite() || plain == 0.0 {
            return None;
        }
        let offset = sketch.layout.offset_of_weight((weighted / plain).abs())?;
        let range = sketch.layout.range(block);
        let index = range.start + offset;
        let change = plain * sign(0, index);
        if !range.contains(&index) || (weighted * sign(1, index)).signum() != change.signum() {
            return None;
        }
        let actual = tensor.f64_at(index)?;
        Some(Extreme {
            difference: change.abs(),
            index,
            position: tensor.position(index),
            expected: actual - change,
            actual,
        })
    }
}

/// The smallest absolute tolerance whose limits the sums keep, by halving: the limits grow with it.
fn needed(gaps: &Gaps, budgets: &[Budget], relative: f64) -> f64 {
    let passes = |absolute: f64| {
        let limits = Limits::new(budgets, Tolerance { absolute, relative });
        gaps.distance() <= limits.distance && (0..budgets.len()).all(|block| !gaps.is_beyond(block, &limits))
    };
    let most = gaps
        .rows
        .iter()
        .flatten()
        .fold(0.0, |most: f64, gap| most.max(gap.abs()));
    if passes(0.0) {
        return 0.0;
    }
    if most.is_infinite() {
        return f64::INFINITY;
    }
    // Weights are at least one, so a tolerance of the greatest gap passes every block with room to spare.
    let (mut low, mut high) = (0.0, most);
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if passes(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "an infinite tolerance is exactly that")]
mod tests;
