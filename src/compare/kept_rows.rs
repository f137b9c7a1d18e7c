//! Measures arrays of which some rows and the lengths of all rows are recorded. Does not give a verdict.
//!
//! Recorded rows are compared like any array. If every element of a row is within tolerance, the lengths of two rows differ at most by
//! the length of the vector of tolerances. This follows from the triangle inequality, so no correct array is rejected. A change of
//! direction in a row that is not recorded goes unnoticed.

use crate::metric::{Difference, difference};
use crate::metric_value::{Direction, MetricValue, Noise};
use crate::prediction::contract::Tolerance;
use crate::tensor::{KeptRows, RowGrid};

/// The difference of two arrays with recorded rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsDifference {
    pub(crate) grid: RowGrid,
    /// The difference of the recorded rows, with indices into the whole array.
    pub(crate) kept: Difference,
    /// Rows whose lengths differ more than elements within tolerance allow.
    pub(crate) beyond: usize,
    /// The row whose length uses most of its tolerance; `None` if all are equal.
    pub(crate) worst: Option<RowLength>,
}

/// The length of a row on both sides.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowLength {
    /// The position of the row's first element.
    pub(crate) position: Vec<usize>,
    pub(crate) expected: f64,
    pub(crate) actual: f64,
    /// The greatest allowed difference.
    pub(crate) allowed: f64,
}

/// Compares the recorded rows of two arrays. Returns `None` if type or shape differ.
pub(super) fn compare(expected: &KeptRows, actual: &KeptRows, tolerance: Tolerance) -> Option<RowsDifference> {
    if expected.grid != actual.grid || expected.shape != actual.shape {
        return None;
    }
    let grid = expected.grid;
    let mut kept = difference(&expected.rows, &actual.rows, tolerance.absolute, tolerance.relative)?;
    for extreme in [&mut kept.absolute, &mut kept.relative].into_iter().flatten() {
        extreme.index = grid.flat(extreme.index);
        extreme.position = expected.position(extreme.index);
    }
    let (mut beyond, mut worst) = (0, None);
    let mut most = 0.0f64;
    for (row, (&before, &length)) in expected.lengths.iter().zip(&actual.lengths).enumerate() {
        // Two lengths that are not finite may be equal.
        if before.to_bits() == length.to_bits() || (before.is_nan() && length.is_nan()) {
            continue;
        }
        let allowed = allowed(grid, before, tolerance);
        let gap = (length - before).abs();
        let used = if gap.is_finite() { gap / allowed } else { f64::INFINITY };
        // NaN is beyond every tolerance.
        let is_beyond = used.is_nan() || used > 1.0 + ROUNDING;
        beyond += usize::from(is_beyond);
        if worst.is_none() || used.is_nan() || used > most {
            most = if used.is_nan() { f64::INFINITY } else { used };
            let position = expected.position(row * grid.width);
            worst = Some(RowLength { position, expected: before, actual: length, allowed });
        }
    }
    Some(RowsDifference { grid, kept, beyond, worst })
}

/// Two sums of the same squares may round differently.
const ROUNDING: f64 = 1e-9;

/// The greatest difference of the lengths of two rows whose elements are within tolerance.
fn allowed(grid: RowGrid, length: f64, tolerance: Tolerance) -> f64 {
    tolerance.absolute * (grid.width as f64).sqrt() + tolerance.relative * length
}

impl RowsDifference {
    /// Whether every kept row and every length is within tolerance.
    pub(crate) const fn is_within(&self) -> bool {
        self.kept.is_within() && self.beyond == 0
    }

    /// The worst length of a row as a metric, with the floor of single elements.
    pub(crate) fn measure(&self, tolerance: Tolerance, floor: Option<Noise>) -> MetricValue {
        let worst = self.worst.as_ref();
        let scale = (self.grid.width as f64).sqrt();
        MetricValue {
            key: "row_length",
            name: "change of the length of a row",
            unit: "",
            better: Direction::Lower,
            observed: worst.map_or(0.0, |row| (row.actual - row.expected).abs()),
            floor: floor.map(|noise| Noise { worst: scale * noise.worst, ..noise }),
            allowed: match worst {
                Some(row) if tolerance.relative > 0.0 => row.allowed,
                Some(row) => allowed(self.grid, row.expected, tolerance),
                None => allowed(self.grid, 0.0, tolerance),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// Rows of 100 elements, many more than are kept.
    fn array(change: impl Fn(&mut Vec<f32>)) -> Tensor {
        let mut values: Vec<f32> = (0..1_000_000).map(|at| ((at % 977) as f32 * 0.37).sin()).collect();
        change(&mut values);
        Tensor::from_values(vec![10_000, 100], &values).unwrap()
    }

    fn found(change: impl Fn(&mut Vec<f32>), absolute: f64) -> RowsDifference {
        let (expected, actual) = (array(|_| {}), array(change));
        let tolerance = Tolerance { absolute, relative: 0.0 };
        compare(&KeptRows::of(&expected), &KeptRows::of(&actual), tolerance).unwrap()
    }

    #[test]
    fn what_keeps_its_tolerance_everywhere_is_never_refused() {
        let noise = |values: &mut Vec<f32>| {
            for (at, value) in values.iter_mut().enumerate() {
                *value += if at % 3 == 0 { 1e-3 } else { -1e-3 };
            }
        };
        assert!(found(noise, 1.01e-3).is_within());
        assert!(!found(noise, 0.9e-3).is_within());
        let scaled = |values: &mut Vec<f32>| values.iter_mut().for_each(|value| *value *= 1.001);
        assert!(found(scaled, 1.1e-3).is_within());
    }

    #[test]
    fn a_wrong_row_is_found_by_its_length_and_a_kept_one_by_its_elements() {
        let one = found(|values| values[123_417..123_420].fill(9.0), 1e-3);
        assert_eq!((one.beyond, one.kept.differing), (1, 0));
        assert_eq!(one.worst.unwrap().position, [1234, 0]);
        let kept = found(|values| values[5] += 0.5, 1e-3);
        assert_eq!(kept.kept.absolute.unwrap().position, [0, 5]);
        let broken = found(|values| values[123_417] = f32::NAN, 1e9);
        assert_eq!(broken.beyond, 1);
    }
}
