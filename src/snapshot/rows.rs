//! What is kept of an array that is too large to keep whole: some of its rows as they are, and the length of every row. Cuts and
//! measures; judges nothing.
//!
//! Kept rows are compared like any array. Where every element of a row keeps its tolerance, the lengths of two rows differ by no
//! more than the length of the vector of tolerances: that is the triangle inequality, so that no right array is refused. What
//! changes the direction of a row that is not kept, and not its length, is not seen.

use super::archive::{Arrays, StoredError, take};
use super::digest::ArrayEntry;
use super::statistics::scan;
use crate::measure::{Better, Measure, Noise};
use crate::metric::{Difference, difference};
use crate::prediction::contract::Tolerance;
use crate::tensor::{DType, Tensor};

/// The most bytes of rows that are kept as they are, one row aside.
const KEPT_BYTES: usize = 1 << 20;
/// A row has at least as many elements, where the array has: the lengths of shorter ones would be as many numbers as there are
/// elements.
const LEAST_WIDTH: usize = 64;

/// A row has at most as many, if it can be cut so.
const MOST_WIDTH: usize = 1 << 14;

/// How an array is cut into rows and which of them are kept: a function of type and shape alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowGrid {
    /// Elements of a row: those of the innermost dimensions.
    pub width: usize,
    /// Rows of the whole array.
    pub rows: usize,
    /// Every so many rows one is kept, the first of them.
    pub step: usize,
}

/// What is kept of one array.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRows {
    /// How it was cut.
    pub grid: RowGrid,
    /// The kept rows, one after the other, in their own type: `[kept, width]`.
    pub rows: Tensor,
    /// The length of every row of the array.
    pub lengths: Vec<f64>,
}

/// What lies between two arrays of which rows are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsDifference {
    /// How they were cut.
    pub grid: RowGrid,
    /// The kept rows, with indices into the whole array.
    pub kept: Difference,
    /// Rows whose lengths lie farther apart than elements within tolerance could make them.
    pub beyond: usize,
    /// The row whose length comes closest to that, or exceeds it most; `None` where all are equal.
    pub worst: Option<RowLength>,
}

/// The length of a row on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct RowLength {
    /// The position of the row's first element.
    pub position: Vec<usize>,
    /// Its recorded length.
    pub expected: f64,
    /// Its length now.
    pub actual: f64,
    /// How far the two may lie apart.
    pub allowed: f64,
}

impl RowGrid {
    /// The grid of an array of this type and shape.
    #[must_use]
    pub fn of(dtype: DType, shape: &[usize]) -> Self {
        let mut width = 1usize;
        for size in shape.iter().rev() {
            if width >= LEAST_WIDTH {
                break;
            }
            width = width.saturating_mul(*size);
        }
        let total = shape.iter().fold(1, |total: usize, &size| total.saturating_mul(size));
        // One long row is cut into pieces of equal length.
        if width > MOST_WIDTH {
            let mut pieces = (LEAST_WIDTH..=MOST_WIDTH).rev();
            width = pieces.find(|piece| width.is_multiple_of(*piece)).unwrap_or(width);
        }
        let rows = total.checked_div(width).unwrap_or(0);
        let bytes = width.saturating_mul(dtype.size()).max(1);
        let most = (KEPT_BYTES / bytes).max(1);
        Self {
            width,
            rows,
            step: rows.div_ceil(most).max(1),
        }
    }

    /// How many rows are kept.
    #[must_use]
    pub const fn kept(&self) -> usize {
        self.rows.div_ceil(self.step)
    }

    /// The flat index in the whole array of an element of the kept rows.
    #[must_use]
    pub const fn flat(&self, kept: usize) -> usize {
        match kept.checked_div(self.width) {
            Some(row) => row * self.step * self.width + kept % self.width,
            None => 0,
        }
    }
}

impl KeptRows {
    /// Cuts an array of numbers.
    #[must_use]
    pub fn of(tensor: &Tensor) -> Self {
        let grid = RowGrid::of(tensor.dtype(), tensor.shape());
        let mut squares = vec![0.0; grid.rows];
        scan(tensor, |start, values| {
            for (at, value) in values.iter().enumerate() {
                if let Some(sum) = squares.get_mut((start + at) / grid.width.max(1)) {
                    *sum += value * value;
                }
            }
        });
        let bytes = grid.width * tensor.dtype().size();
        let mut kept = Vec::with_capacity(grid.kept() * bytes);
        for row in (0..grid.rows).step_by(grid.step) {
            kept.extend_from_slice(tensor.bytes().get(row * bytes..(row + 1) * bytes).unwrap_or_default());
        }
        Self {
            grid,
            // The bytes were counted from the shape.
            rows: Tensor::new(tensor.dtype(), vec![grid.kept(), grid.width], kept.into())
                .unwrap_or_else(|_| Tensor::vector::<f64>(&[])),
            lengths: squares.into_iter().map(f64::sqrt).collect(),
        }
    }

    /// The arrays to store for the array at a path.
    pub(super) fn store(&self, path: &str, arrays: &mut Arrays) {
        arrays.insert(format!("{path}#rows"), self.rows.clone());
        arrays.insert(format!("{path}#lengths"), Tensor::vector(&self.lengths));
    }

    /// What was stored for the array at a path.
    pub(super) fn take(arrays: &mut Arrays, path: &str, array: &ArrayEntry) -> Result<Self, StoredError> {
        let grid = RowGrid::of(array.dtype, &array.shape);
        let rows = take(arrays, &format!("{path}#rows"), array.dtype, &[grid.kept(), grid.width])?;
        let lengths = take(arrays, &format!("{path}#lengths"), DType::F64, &[grid.rows])?;
        Ok(Self {
            grid,
            rows,
            lengths: lengths.to_f64().unwrap_or_default(),
        })
    }

    /// Compares what is kept of a recorded array with what would be kept of `tensor`; `None` where they are not of one type and
    /// shape.
    #[must_use]
    pub fn compare(&self, actual: &Self, tensor: &Tensor, tolerance: Tolerance) -> Option<RowsDifference> {
        if self.grid != actual.grid || self.lengths.len() != actual.lengths.len() {
            return None;
        }
        let grid = self.grid;
        let mut kept = difference(&self.rows, &actual.rows, tolerance.absolute, tolerance.relative)?;
        for extreme in [&mut kept.absolute, &mut kept.relative].into_iter().flatten() {
            extreme.index = grid.flat(extreme.index);
            extreme.position = tensor.position(extreme.index);
        }
        let (mut beyond, mut worst) = (0, None);
        let mut most = 0.0f64;
        for (row, (&expected, &length)) in self.lengths.iter().zip(&actual.lengths).enumerate() {
            // Two that are not finite are equal where they are the same.
            if expected.to_bits() == length.to_bits() || (expected.is_nan() && length.is_nan()) {
                continue;
            }
            let allowed = grid.allowed(expected, tolerance);
            let gap = (length - expected).abs();
            let used = if gap.is_finite() { gap / allowed } else { f64::INFINITY };
            // Not a number is no ratio, and beyond everything.
            let is_beyond = used.is_nan() || used > 1.0 + ROUNDING;
            beyond += usize::from(is_beyond);
            if worst.is_none() || used.is_nan() || used > most {
                most = if used.is_nan() { f64::INFINITY } else { used };
                worst = Some(RowLength {
                    position: tensor.position(row * grid.width),
                    expected,
                    actual: length,
                    allowed,
                });
            }
        }
        Some(RowsDifference {
            grid,
            kept,
            beyond,
            worst,
        })
    }
}

/// Two sums of the same squares may round differently.
const ROUNDING: f64 = 1e-9;

impl RowGrid {
    /// How far the lengths of two rows lie apart at most, where every element keeps its tolerance.
    fn allowed(&self, length: f64, tolerance: Tolerance) -> f64 {
        tolerance.absolute * (self.width as f64).sqrt() + tolerance.relative * length
    }
}

impl RowsDifference {
    /// Whether every kept row and every length is within tolerance.
    #[must_use]
    pub const fn is_within(&self) -> bool {
        self.kept.is_within() && self.beyond == 0
    }

    /// The worst length of a row as a measure, with the floor of single elements.
    #[must_use]
    pub fn measure(&self, tolerance: Tolerance, floor: Option<Noise>) -> Measure {
        let worst = self.worst.as_ref();
        let scale = (self.grid.width as f64).sqrt();
        Measure {
            key: "row_length",
            name: "change of the length of a row",
            unit: "",
            better: Better::Lower,
            observed: worst.map_or(0.0, |row| (row.actual - row.expected).abs()),
            floor: floor.map(|noise| Noise {
                worst: scale * noise.worst,
                ..noise
            }),
            allowed: self.grid.allowed(worst.map_or(0.0, |row| row.expected), tolerance),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 100 elements, many more than are kept.
    fn array(change: impl Fn(&mut Vec<f32>)) -> Tensor {
        let mut values: Vec<f32> = (0..1_000_000).map(|at| ((at % 977) as f32 * 0.37).sin()).collect();
        change(&mut values);
        Tensor::from_values(vec![10_000, 100], &values).unwrap()
    }

    fn found(change: impl Fn(&mut Vec<f32>), absolute: f64) -> RowsDifference {
        let (expected, actual) = (array(|_| {}), array(change));
        let tolerance = Tolerance {
            absolute,
            relative: 0.0,
        };
        KeptRows::of(&expected)
            .compare(&KeptRows::of(&actual), &actual, tolerance)
            .unwrap()
    }

    #[test]
    fn rows_are_spread_over_the_whole_array() {
        let grid = RowGrid::of(DType::F32, &[34, 24, 1280]);
        assert_eq!((grid.width, grid.rows), (1280, 816));
        assert!((200..=205).contains(&grid.kept()), "{}", grid.kept());
        assert_eq!(grid.flat(1280 + 3), grid.step * 1280 + 3);
        // Short rows are joined, and an array without elements has none.
        assert_eq!(RowGrid::of(DType::F32, &[500, 8, 4, 4]).width, 128);
        assert_eq!(RowGrid::of(DType::F32, &[0, 4]).kept(), 0);
        assert_eq!(RowGrid::of(DType::F32, &[3_000_000]).width, 15_625);
        assert_eq!(KeptRows::of(&array(|_| {})).rows.shape()[1], 100);
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
