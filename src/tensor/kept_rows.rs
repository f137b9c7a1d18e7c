//! The record of an array that is too large to store: some rows unchanged, and the length of every row. Does not compare arrays.

use super::{ContentHash, DType, Tensor};

/// The most bytes of kept rows, unless a single row is larger.
const KEPT_BYTES: usize = 1 << 20;
/// The least elements of a row, if the array has as many. With shorter rows, there would be as many lengths as elements.
const LEAST_WIDTH: usize = 64;
/// The most elements of a row, if the array can be cut so.
const MOST_WIDTH: usize = 1 << 14;

/// How an array is cut into rows, and which rows are kept. Depends on type and shape only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowGrid {
    /// Elements of a row: those of the innermost dimensions.
    pub(crate) width: usize,
    /// Rows of the whole array.
    pub(crate) rows: usize,
    /// The distance between kept rows; the first row is kept.
    pub(crate) step: usize,
}

/// The kept rows of one array, and the lengths of all.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRows {
    /// The dimensions of the whole array.
    pub(crate) shape: Vec<usize>,
    /// The hash of the whole array.
    pub(crate) hash: ContentHash,
    pub(crate) grid: RowGrid,
    /// The kept rows in their own type: `[kept, width]`.
    pub(crate) rows: Tensor,
    /// The length of every row of the array.
    pub(crate) lengths: Vec<f64>,
}

impl RowGrid {
    /// The grid of an array of this type and shape.
    pub(crate) fn of(dtype: DType, shape: &[usize]) -> Self {
        let join = |width: usize, size: &usize| if width < LEAST_WIDTH { width.saturating_mul(*size) } else { width };
        let mut width = shape.iter().rev().fold(1, join);
        let total = shape.iter().fold(1, |total: usize, &size| total.saturating_mul(size));
        // One long row is cut into pieces of equal length.
        if width > MOST_WIDTH {
            let mut pieces = (LEAST_WIDTH..=MOST_WIDTH).rev();
            width = pieces.find(|piece| width.is_multiple_of(*piece)).unwrap_or(width);
        }
        let rows = total.checked_div(width).unwrap_or(0);
        let most = (KEPT_BYTES / width.saturating_mul(dtype.size()).max(1)).max(1);
        Self { width, rows, step: rows.div_ceil(most).max(1) }
    }

    /// The number of kept rows.
    pub(crate) const fn kept(&self) -> usize {
        self.rows.div_ceil(self.step)
    }

    /// The flat index in the whole array of an element of the kept rows.
    pub(crate) const fn flat(&self, kept: usize) -> usize {
        match kept.checked_div(self.width) {
            Some(row) => row * self.step * self.width + kept % self.width,
            None => 0,
        }
    }
}

impl KeptRows {
    /// Cuts an array of numbers.
    pub(crate) fn of(tensor: &Tensor) -> Self {
        let grid = RowGrid::of(tensor.dtype(), tensor.shape());
        let mut squares = vec![0.0; grid.rows];
        tensor.for_each_f64(0..tensor.len(), |at, value| {
            if let Some(sum) = squares.get_mut(at / grid.width.max(1)) {
                *sum += value * value;
            }
        });
        let bytes = grid.width * tensor.dtype().size();
        let mut kept = Vec::with_capacity(grid.kept() * bytes);
        for row in (0..grid.rows).step_by(grid.step) {
            kept.extend_from_slice(tensor.bytes().get(row * bytes..(row + 1) * bytes).unwrap_or_default());
        }
        Self {
            shape: tensor.shape().to_vec(),
            hash: ContentHash::of_tensor(tensor),
            grid,
            // Cannot fail: the shape gives the number of bytes.
            rows: Tensor::new(tensor.dtype(), vec![grid.kept(), grid.width], kept.into())
                .unwrap_or_else(|_| Tensor::vector::<f64>(&[])),
            lengths: squares.into_iter().map(f64::sqrt).collect(),
        }
    }

    /// The element type of the whole array.
    pub(crate) const fn dtype(&self) -> DType {
        self.rows.dtype()
    }

    /// The position in the whole array of an element by its flat index.
    pub(crate) fn position(&self, flat: usize) -> Vec<usize> {
        super::position(&self.shape, flat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let values: Vec<f32> = (0..1_000_000).map(|at| at as f32).collect();
        let kept = KeptRows::of(&Tensor::from_values(vec![10_000, 100], &values).unwrap());
        assert_eq!((kept.rows.shape()[1], kept.lengths.len()), (100, 10_000));
        assert_eq!(kept.position(123_417), [1234, 17]);
    }
}
