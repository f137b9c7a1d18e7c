//! How far the sums of a sketch may move when every element keeps its tolerance. Arithmetic only; compares nothing.
//!
//! Errors `d` with `|d| ≤ t` move a sum `Σ s·d` far only if they agree with the signs `s`, which were fixed before the errors
//! were made: by Hoeffding's inequality it exceeds `k·√(Σ t²)` with probability below `2·exp(−k²/2)`. With `k = 6` and at
//! most 1024 sums that is 3·10⁻⁵ per array, were every error as large as allowed. The squared distance over all blocks is
//! bounded by Theorem 2.1 of Hsu, Kakade and Zhang (A tail inequality for quadratic forms of subgaussian random vectors,
//! 2012).

use super::sketch::{ROWS, Sketch};
use super::statistics::scan;
use crate::prediction::contract::Tolerance;
use crate::tensor::Tensor;

/// How many times the root of the summed squares a signed sum may differ: the `k` above.
const DEVIATIONS: f64 = 6.0;
/// The exponent of the bound on the distance: it is exceeded by chance with probability `exp(−18)`, 2·10⁻⁸.
const DISTANCE_EXPONENT: f64 = 18.0;

/// What the tolerances of a block's elements add up to, for any tolerance: with weights `w` of a row, `Σ w²·(a + r·|x|)²`
/// is a polynomial in `a` and `r`, and these are its coefficients. The actual values stand in for the recorded ones.
#[derive(Clone, Copy, Default)]
pub(super) struct Budget {
    ones: [f64; ROWS],
    sizes: [f64; ROWS],
    squares: [f64; ROWS],
}

impl Budget {
    pub(super) fn of_blocks(tensor: &Tensor, sketch: &Sketch) -> Vec<Self> {
        let layout = sketch.layout;
        let mut budgets = vec![Self::default(); layout.blocks()];
        scan(tensor, |start, values| {
            let block = layout.block_of(start);
            let Some(budget) = budgets.get_mut(block) else { return };
            let offset = start - layout.range(block).start;
            for (at, value) in values.iter().enumerate() {
                let size = if value.is_finite() { value.abs() } else { 0.0 };
                let weight = layout.weight(offset + at);
                for (row, square) in [1.0, weight * weight].into_iter().enumerate() {
                    budget.ones[row] += square;
                    budget.sizes[row] += square * size;
                    budget.squares[row] += square * size * size;
                }
            }
        });
        budgets
    }

    fn squared(&self, row: usize, absolute: f64, relative: f64) -> f64 {
        absolute * absolute * self.ones[row]
            + 2.0 * absolute * relative * self.sizes[row]
            + relative * relative * self.squares[row]
    }
}

/// How far sums and distance may move.
pub(super) struct Limits {
    /// Per row and block.
    pub(super) rows: [Vec<f64>; ROWS],
    /// Over the whole array.
    pub(super) distance: f64,
}

impl Limits {
    pub(super) fn new(budgets: &[Budget], tolerance: Tolerance) -> Self {
        let squared = |row: usize| {
            budgets
                .iter()
                .map(move |budget| budget.squared(row, tolerance.absolute, tolerance.relative))
        };
        let limit = |row| squared(row).map(|sum| DEVIATIONS * sum.sqrt()).collect();
        let total: f64 = squared(0).sum();
        let fourth: f64 = squared(0).map(|sum| sum * sum).sum();
        let most = squared(0).fold(0.0, f64::max);
        let distance = total + 2.0 * (fourth * DISTANCE_EXPONENT).sqrt() + 2.0 * most * DISTANCE_EXPONENT;
        Self {
            rows: [limit(0), limit(1)],
            distance: distance.sqrt(),
        }
    }
}
