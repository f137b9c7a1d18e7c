//! Builds one declared array row by row: finds the sample, residue and layer axes of its shape, asks for every row in turn, pads
//! short samples and writes the declared type. Knows no meaning of a row.

use half::{bf16, f16};

use super::ModelError;
use super::random::{Random, seed_of};
use crate::prediction::contract::{Dimension, FieldSpec, Sizes};
use crate::prediction::{Contract, Options};
use crate::tensor::{DType, Element, Tensor};

/// Size of a dimension that a contract names without a size: any will do that is the same everywhere.
const UNPUBLISHED: usize = 64;

/// The place of one row of an array; indices of axes that it lacks are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ArrayRow {
    pub sample: usize,
    /// Index along the first residue axis.
    pub residue: usize,
    /// Index along the second residue axis.
    pub partner: usize,
    /// Index along all other axes before the last of these, such as the layers of a network.
    pub layer: usize,
    /// How many of those there are.
    pub layers: usize,
}

/// The shape of an array as rows.
#[derive(Debug)]
pub(super) struct ArrayRows {
    shape: Vec<usize>,
    /// The axes before the row, with their sizes.
    axes: Vec<(ArrayAxis, usize)>,
    /// Values per row: the axes after the last one that says which row it is.
    width: usize,
    /// Residue axes.
    pub residue_axes: usize,
}

/// What an axis runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ArrayAxis {
    Sample,
    Residue,
    Other,
}

impl ArrayAxis {
    fn of(dimension: &Dimension) -> Self {
        match dimension {
            Dimension::Symbol(name, 0) if name == "B" => Self::Sample,
            Dimension::Symbol(name, 0) if name == "L" || name == "N" => Self::Residue,
            _ => Self::Other,
        }
    }
}

impl ArrayRows {
    /// The rows of a field's array.
    ///
    /// # Errors
    /// When a row does not fit into memory.
    pub(super) fn of(field: &FieldSpec, sizes: &Sizes) -> Result<Self, ModelError> {
        let resolve = |dimension: &Dimension| dimension.resolve(sizes).unwrap_or(UNPUBLISHED);
        let shape: Vec<usize> = field.shape.iter().map(resolve).collect();
        let axes: Vec<_> = field
            .shape
            .iter()
            .map(ArrayAxis::of)
            .zip(shape.iter().copied())
            .collect();
        let leading = axes.iter().rposition(|(axis, _)| *axis != ArrayAxis::Other);
        let (axes, row) = axes.split_at(leading.map_or(0, |last| last + 1));
        Ok(Self {
            axes: axes.to_vec(),
            residue_axes: axes.iter().filter(|(axis, _)| *axis == ArrayAxis::Residue).count(),
            width: product(row.iter().map(|(_, size)| *size), &field.name)?,
            shape,
        })
    }

    /// Builds the array in C order. `write` fills the rows of residues that there are by `lengths`, the residues of every sample;
    /// all others hold `padding`.
    ///
    /// # Errors
    /// When the array does not fit into memory.
    pub(super) fn build(
        &self,
        name: &str,
        dtype: DType,
        (lengths, padding): (&[usize], f32),
        mut write: impl FnMut(&ArrayRow, &mut [f32]),
    ) -> Result<Tensor, ModelError> {
        let rows = product(self.axes.iter().map(|(_, size)| *size), name)?;
        let bytes = product([rows, self.width, dtype.size()], name)?;
        let mut data = Vec::new();
        data.try_reserve_exact(bytes).map_err(|_| too_large(name))?;
        let mut values = vec![0.0_f32; self.width];
        for index in 0..rows {
            let row = self.row(index);
            let length = lengths.get(row.sample).copied().unwrap_or(0);
            if self.residue_axes > 0 && row.residue.max(row.partner) >= length {
                values.fill(padding);
            } else {
                write(&row, &mut values);
            }
            append(&values, dtype, &mut data);
        }
        Tensor::new(dtype, self.shape.clone(), data.into())
            .map_err(|error| ModelError::new("RuntimeError", format!("{name}: {error}")))
    }

    fn row(&self, mut index: usize) -> ArrayRow {
        let mut row = ArrayRow {
            layers: 1,
            ..ArrayRow::default()
        };
        let mut residue_axes = self.residue_axes;
        for &(axis, size) in self.axes.iter().rev() {
            let along = index % size.max(1);
            index /= size.max(1);
            match axis {
                ArrayAxis::Sample => row.sample = along,
                ArrayAxis::Residue => {
                    residue_axes -= 1;
                    if residue_axes == 0 {
                        row.residue = along;
                    } else {
                        row.partner = along;
                    }
                }
                ArrayAxis::Other => {
                    row.layer += row.layers * along;
                    row.layers *= size;
                }
            }
        }
        row
    }
}

/// The sizes that the contract publishes, and those of the chosen variant.
pub(super) fn published_sizes(contract: &Contract, effective: &Options) -> Sizes {
    let mut sizes = contract.dimensions.clone();
    if let Some(variant) = contract.variant(effective) {
        sizes.extend(variant.dimensions.clone());
    }
    sizes
}

/// Fills a row with numbers that mean nothing: within the field's range, fixed by the parts of a seed.
pub(super) fn noise(field: &FieldSpec, seed: &[u64], row: &mut [f32]) {
    let is_whole = field.dtypes.first().is_some_and(|dtype| !dtype.is_float());
    let (least, greatest) = field.range.unwrap_or(if is_whole { (0.0, 1.0) } else { (-1.0, 1.0) });
    let least = if least.is_finite() {
        least
    } else {
        greatest.min(1.0) - 1.0
    };
    let greatest = if greatest.is_finite() { greatest } else { least + 1.0 };
    let mut random = Random::new(seed_of(seed));
    for value in row {
        let number = least + (greatest - least) * random.unit();
        *value = if is_whole { number.round() } else { number } as f32;
    }
}

fn product(sizes: impl IntoIterator<Item = usize>, name: &str) -> Result<usize, ModelError> {
    let product = sizes.into_iter().try_fold(1_usize, usize::checked_mul);
    product.ok_or_else(|| too_large(name))
}

fn too_large(name: &str) -> ModelError {
    ModelError::new("MemoryError", format!("{name} does not fit into memory"))
}

/// Appends values in a type. Whole numbers saturate at its bounds, text stays empty.
fn append(values: &[f32], dtype: DType, data: &mut Vec<u8>) {
    match dtype {
        DType::F32 => append_as(values, |value| value, data),
        DType::Bool => append_as(values, |value| value > 0.0, data),
        DType::I8 => append_as(values, |value| value as i8, data),
        DType::I16 => append_as(values, |value| value as i16, data),
        DType::I32 => append_as(values, |value| value as i32, data),
        DType::I64 => append_as(values, |value| value as i64, data),
        DType::U8 => append_as(values, |value| value as u8, data),
        DType::U16 => append_as(values, |value| value as u16, data),
        DType::U32 => append_as(values, |value| value as u32, data),
        DType::U64 => append_as(values, |value| value as u64, data),
        DType::F16 => append_as(values, f16::from_f32, data),
        DType::BF16 => append_as(values, bf16::from_f32, data),
        DType::F64 => append_as(values, f64::from, data),
        DType::Text(_) => data.resize(data.len() + values.len() * dtype.size(), 0),
    }
}

fn append_as<T: Element>(values: &[f32], convert: impl Fn(f32) -> T, data: &mut Vec<u8>) {
    for value in values {
        convert(*value).write(data);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture::array_field;
    use super::*;

    fn sizes() -> Sizes {
        [("B", 2), ("L", 3), ("layers", 4), ("D", 5)]
            .map(|(name, size)| (name.to_owned(), size))
            .into()
    }

    fn rows_of(shape: &[&str]) -> Vec<ArrayRow> {
        let rows = ArrayRows::of(&array_field("x", shape), &sizes()).unwrap();
        let mut seen = Vec::new();
        rows.build("x", DType::F32, (&[3, 3], 0.0), |row, _| seen.push(*row))
            .unwrap();
        seen
    }

    #[test]
    fn axes_are_found_wherever_they_stand() {
        let row = rows_of(&["B", "layers+1", "L", "D"])[1];
        assert_eq!((row.sample, row.layer, row.layers, row.residue), (0, 0, 5, 1));
        let row = rows_of(&["layers", "B", "L", "D"])[4];
        assert_eq!((row.sample, row.layer, row.layers, row.residue), (1, 0, 4, 1));
    }

    #[test]
    fn pairs_and_other_axes_get_their_own_rows() {
        let pairs = rows_of(&["B", "L", "L", "64"]);
        assert_eq!((pairs[5].residue, pairs[5].partner), (1, 2));
        let blocks = rows_of(&["8", "B", "L", "7", "2"]);
        assert_eq!((blocks.len(), blocks[47].layer), (8 * 2 * 3, 7));
        assert_eq!(rows_of(&["16"]).len(), 1);
    }

    #[test]
    fn values_are_written_in_the_declared_type() {
        let rows = ArrayRows::of(&array_field("x", &["L"]), &sizes()).unwrap();
        let numbers = |dtype: DType| {
            let write = |row: &ArrayRow, values: &mut [f32]| values.fill(row.residue as f32 - 1.0);
            let tensor = rows.build("x", dtype, (&[2], 7.0), write).unwrap();
            tensor.to_f64().unwrap()
        };
        for dtype in [DType::I8, DType::I64, DType::F16, DType::BF16, DType::F32, DType::F64] {
            assert_eq!(numbers(dtype), [-1.0, 0.0, 7.0], "{dtype}");
        }
        assert_eq!(numbers(DType::Bool), [0.0, 0.0, 1.0]);
    }

    #[test]
    fn endless_shapes_are_errors() {
        let endless = array_field("x", &["9000000000", "9000000000", "9000000000", "L"]);
        let rows = ArrayRows::of(&endless, &sizes()).unwrap();
        let error = rows.build("x", DType::F32, (&[3], 0.0), |_, _| ()).unwrap_err();
        assert_eq!(error.exception, "MemoryError");
    }
}
