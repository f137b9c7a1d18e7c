//! Builds one declared array row by row: finds the batch, residue and layer axes of its shape, asks for every row in
//! turn and writes it in the declared type. Knows shapes and bytes, not what a row means.

use super::super::ModelError;
use super::super::encode::append;
use super::states::Layer;
use crate::prediction::contract::{Dimension, FieldSpec, Sizes};
use crate::tensor::{DType, Tensor};

/// Size of a dimension that a contract names without a size: any will do that is the same everywhere.
const UNPUBLISHED: usize = 16;

/// Which row of an array is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Index of the sample.
    pub sample: usize,
    /// Index along the first residue axis, where there is one.
    pub residue: Option<usize>,
    /// Index along the second residue axis, where there is one.
    pub partner: Option<usize>,
    /// State of the network; the output where there is no layer axis.
    pub layer: Layer,
    /// Index along all other axes before the last of these.
    pub slab: usize,
}

impl Row {
    /// A number of its own for every layer and slab of one place.
    pub fn copy(&self) -> usize {
        let layer = match self.layer {
            Layer::Output => 0,
            Layer::Depth(depth) => depth + 1,
        };
        // More layers than any network has, so that no two numbers are equal.
        self.slab.wrapping_mul(1 << 16).wrapping_add(layer)
    }
}

/// The shape of an array as rows.
#[derive(Debug)]
pub(super) struct Rows {
    shape: Vec<usize>,
    /// The axes before the row, with their sizes.
    axes: Vec<(Axis, usize)>,
    /// Values per row: the axes after the last one that says which row it is.
    pub width: usize,
    /// The sample when the array belongs to one.
    sample: usize,
}

/// What an axis runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Sample,
    Residue,
    /// Layers; the second number is what the symbol adds. With one more than the layers, what enters the first layer
    /// comes first and the output last; else each layer gives what it hands on, before the final normalisation.
    Layer(usize),
    Other,
}

impl Axis {
    fn of(dimension: &Dimension) -> Self {
        match dimension {
            Dimension::Symbol(name, plus) => match name.as_str() {
                "B" => Self::Sample,
                "L" | "N" => Self::Residue,
                "layers" => Self::Layer(*plus),
                _ => Self::Other,
            },
            Dimension::Fixed(_) => Self::Other,
        }
    }
}

impl Rows {
    /// The rows of a field's array; `sample` is the one it belongs to when every sample has its own.
    ///
    /// # Errors
    /// When a row does not fit into memory.
    pub fn of(field: &FieldSpec, sizes: &Sizes, sample: usize) -> Result<Self, ModelError> {
        let resolve = |dimension: &Dimension| dimension.resolve(sizes).unwrap_or(UNPUBLISHED);
        let shape: Vec<usize> = field.shape.iter().map(resolve).collect();
        let axes: Vec<_> = field.shape.iter().map(Axis::of).zip(shape.iter().copied()).collect();
        let leading = axes
            .iter()
            .rposition(|(axis, _)| *axis != Axis::Other)
            .map_or(0, |last| last + 1);
        let (axes, row) = axes.split_at(leading);
        Ok(Self {
            axes: axes.to_vec(),
            width: product(row.iter().map(|(_, size)| *size), &field.name)?,
            shape,
            sample,
        })
    }

    /// Builds the array. `write` gets every row, filled with zeros, in C order.
    ///
    /// # Errors
    /// When the array does not fit into memory.
    pub fn build(
        &self,
        name: &str,
        dtype: DType,
        mut write: impl FnMut(&Row, &mut [f32]),
    ) -> Result<Tensor, ModelError> {
        let rows = product(self.axes.iter().map(|(_, size)| *size), name)?;
        let bytes = product([rows, self.width, dtype.size()], name)?;
        let mut data = Vec::new();
        data.try_reserve_exact(bytes).map_err(|_| too_large(name))?;
        let mut values = vec![0.0_f32; self.width];
        for index in 0..rows {
            values.fill(0.0);
            write(&self.row(index), &mut values);
            append(&values, dtype, &mut data);
        }
        Tensor::new(dtype, self.shape.clone(), data.into())
            .map_err(|error| ModelError::new("RuntimeError", format!("{name}: {error}")))
    }

    fn row(&self, index: usize) -> Row {
        let mut row = Row {
            sample: self.sample,
            residue: None,
            partner: None,
            layer: Layer::Output,
            slab: 0,
        };
        let mut inner = product(self.axes.iter().map(|(_, size)| *size), "").unwrap_or(usize::MAX);
        for &(axis, size) in &self.axes {
            inner /= size.max(1);
            let along = index / inner.max(1) % size.max(1);
            match axis {
                Axis::Sample => row.sample = along,
                Axis::Residue if row.residue.is_none() => row.residue = Some(along),
                Axis::Residue => row.partner = Some(along),
                Axis::Layer(0) => row.layer = Layer::Depth(along + 1),
                Axis::Layer(_) if along + 1 == size => row.layer = Layer::Output,
                Axis::Layer(_) => row.layer = Layer::Depth(along),
                Axis::Other => row.slab = row.slab * size + along,
            }
        }
        row
    }
}

fn product(sizes: impl IntoIterator<Item = usize>, name: &str) -> Result<usize, ModelError> {
    sizes
        .into_iter()
        .try_fold(1_usize, usize::checked_mul)
        .ok_or_else(|| too_large(name))
}

fn too_large(name: &str) -> ModelError {
    ModelError::new("MemoryError", format!("{name} does not fit into memory"))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::array_field;
    use super::*;

    fn sizes() -> Sizes {
        [("B", 2), ("L", 3), ("layers", 4), ("D", 5)]
            .map(|(name, size)| (name.to_owned(), size))
            .into()
    }

    fn rows_of(shape: &[&str]) -> Vec<Row> {
        let rows = Rows::of(&array_field("x", shape), &sizes(), 0).unwrap();
        let mut seen = Vec::new();
        rows.build("x", DType::F32, |row, _| seen.push(*row)).unwrap();
        seen
    }

    #[test]
    fn axes_are_found_wherever_they_stand() {
        let (batch_first, layers_first) = (
            rows_of(&["B", "layers+1", "L", "D"]),
            rows_of(&["layers", "B", "L", "D"]),
        );
        let row = batch_first[1];
        assert_eq!((row.sample, row.layer, row.residue), (0, Layer::Depth(0), Some(1)));
        assert_eq!(batch_first.last().unwrap().layer, Layer::Output);
        let row = layers_first[4];
        assert_eq!((row.sample, row.layer, row.residue), (1, Layer::Depth(1), Some(1)));
        assert_eq!(layers_first.last().unwrap().layer, Layer::Depth(4));
    }

    #[test]
    fn pairs_and_other_axes_get_their_own_rows() {
        let pairs = rows_of(&["B", "L", "L", "64"]);
        assert_eq!((pairs[5].residue, pairs[5].partner), (Some(1), Some(2)));
        let slabs = rows_of(&["8", "B", "L", "7", "2"]);
        assert_eq!(slabs.len(), 8 * 2 * 3);
        assert_eq!(slabs[47].slab, 7);
        assert_eq!(rows_of(&["16"]).len(), 1);
    }

    #[test]
    fn values_are_written_in_the_declared_type() {
        let rows = Rows::of(&array_field("x", &["L"]), &sizes(), 0).unwrap();
        let write = |row: &Row, values: &mut [f32]| values.fill(row.residue.unwrap() as f32 - 1.0);
        for dtype in [DType::I8, DType::I64, DType::F16, DType::BF16, DType::F32, DType::F64] {
            let tensor = rows.build("x", dtype, write).unwrap();
            assert_eq!(tensor.to_f64().unwrap(), [-1.0, 0.0, 1.0], "{dtype}");
        }
        assert_eq!(
            rows.build("x", DType::Bool, write).unwrap().to_f64().unwrap(),
            [0.0, 0.0, 1.0]
        );
    }

    #[test]
    fn a_dimension_without_a_size_has_the_same_one_everywhere() {
        let width = |shape: &[&str]| Rows::of(&array_field("x", shape), &sizes(), 0).unwrap().width;
        assert_eq!(width(&["B", "L", "V"]), width(&["L", "V"]));
    }

    #[test]
    fn endless_shapes_are_refused() {
        let endless = array_field("x", &["9000000000", "9000000000", "9000000000", "L"]);
        let rows = Rows::of(&endless, &sizes(), 0).unwrap();
        assert_eq!(
            rows.build("x", DType::F32, |_, _| ()).unwrap_err().exception,
            "MemoryError"
        );
    }
}
