//! Builds one declared array row by row: finds the sample, residue and layer axes, pads short samples and writes the declared type.
//! Does not decide which numbers a row holds.

use half::{bf16, f16};

use super::ModelError;
use super::random::{Random, seed_of};
use crate::prediction::contract::{Dimension, FieldSpec, Sizes};
use crate::prediction::is_symbol;
use crate::tensor::{DType, Element, Tensor};

/// Size of a dimension that a contract names without a size. Any number works as long as it is the same in every field.
const UNPUBLISHED: usize = 64;

/// The position of one row in an array. The index of an axis that the array does not have is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ArrayRow {
    pub sample: usize,
    /// Indices along the first and the second residue axis.
    pub residues: [usize; 2],
    pub residue_axes: usize,
    /// Index along all other axes before the row, such as the layers of a network.
    pub layer: usize,
    pub layers: usize,
}

impl ArrayRow {
    /// The depth of a layer in its network, 1 for the last layer.
    pub(super) fn depth(&self) -> f32 {
        (self.layer + 1) as f32 / self.layers as f32
    }
}

/// Builds the array of a field in C order. `write` fills the rows of existing residues; `lengths` is the number of residues of each
/// sample. All other rows hold the field's padding.
///
/// # Errors
/// When the array does not fit into memory.
pub(super) fn build(
    field: &FieldSpec,
    sizes: &Sizes,
    lengths: &[usize],
    mut write: impl FnMut(&ArrayRow, &mut [f32]),
) -> Result<Tensor, ModelError> {
    let dtype = field.dtypes.first().copied().unwrap_or(DType::F32);
    let too_large = || ModelError::new("MemoryError", format!("{} does not fit into memory", field.name));
    let shape: Vec<usize> =
        field.shape.iter().map(|dimension| dimension.resolve(sizes).unwrap_or(UNPUBLISHED)).collect();
    // The axes after the last sample or residue axis are the values of one row.
    let axes = field.shape.iter().rposition(|axis| is_symbol(axis, "B") || is_residue(axis)).map_or(0, |last| last + 1);
    let product = |sizes: &[usize]| sizes.iter().try_fold(1_usize, |all, &size| all.checked_mul(size));
    let (rows, width) = product(&shape[..axes]).zip(product(&shape[axes..])).ok_or_else(too_large)?;
    let bytes = product(&[rows, width, dtype.size()]).ok_or_else(too_large)?;
    let mut data = Vec::new();
    data.try_reserve_exact(bytes).map_err(|_| too_large())?;
    let mut values = vec![0.0_f32; width];
    for index in 0..rows {
        let row = row_at(&field.shape[..axes], &shape, index);
        let length = lengths.get(row.sample).copied().unwrap_or(0);
        if row.residue_axes > 0 && row.residues.iter().any(|&residue| residue >= length) {
            values.fill(field.padding.unwrap_or(0.0) as f32);
        } else {
            write(&row, &mut values);
        }
        for value in &values {
            append(*value, dtype, &mut data);
        }
    }
    Tensor::new(dtype, shape, data.into())
        .map_err(|error| ModelError::new("RuntimeError", format!("{}: {error}", field.name)))
}

fn is_residue(axis: &Dimension) -> bool {
    is_symbol(axis, "L") || is_symbol(axis, "N")
}

fn row_at(axes: &[Dimension], shape: &[usize], mut index: usize) -> ArrayRow {
    let mut row = ArrayRow { layers: 1, ..ArrayRow::default() };
    for (axis, &size) in axes.iter().zip(shape).rev() {
        let along = index % size;
        index /= size;
        if is_symbol(axis, "B") {
            row.sample = along;
        } else if is_residue(axis) {
            row.residues = [along, row.residues[0]];
            row.residue_axes += 1;
        } else {
            row.layer += row.layers * along;
            row.layers *= size;
        }
    }
    row
}

/// Fills a row with pseudorandom numbers within the field's range.
pub(super) fn noise(field: &FieldSpec, seed: &[u64], row: &mut [f32]) {
    let is_whole = field.dtypes.first().is_some_and(|dtype| !dtype.is_float());
    let (least, greatest) = field.range.unwrap_or(if is_whole { (0.0, 1.0) } else { (-1.0, 1.0) });
    let least = if least.is_finite() { least } else { greatest.min(1.0) - 1.0 };
    let greatest = if greatest.is_finite() { greatest } else { least + 1.0 };
    let mut random = Random::new(seed_of(seed));
    for value in row {
        let number = least + (greatest - least) * random.unit();
        *value = if is_whole { number.round() } else { number } as f32;
    }
}

/// Appends a value in the given type. Text stays empty.
fn append(value: f32, dtype: DType, data: &mut Vec<u8>) {
    match dtype {
        DType::F16 => f16::from_f32(value).write(data),
        DType::BF16 => bf16::from_f32(value).write(data),
        DType::F32 => value.write(data),
        DType::F64 => f64::from(value).write(data),
        DType::Bool => (value > 0.0).write(data),
        DType::Text(_) => data.resize(data.len() + dtype.size(), 0),
        // Whole numbers are small, and their lower bytes are the number in any width.
        _ => data.extend_from_slice(&(value as i64).to_le_bytes()[..dtype.size()]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::fixture::array_field;
    use super::*;

    fn sizes() -> Sizes {
        [("B", 2), ("L", 3), ("layers", 4), ("D", 5)].map(|(name, size)| (name.to_owned(), size)).into()
    }

    fn rows_of(shape: &[&str]) -> Vec<ArrayRow> {
        let mut seen = Vec::new();
        let field = array_field("x", shape);
        build(&field, &sizes(), &[3, 3], |row, _| seen.push(*row)).unwrap();
        seen
    }

    #[test]
    fn axes_are_found_wherever_they_stand() {
        let row = rows_of(&["B", "layers+1", "L", "D"])[1];
        assert_eq!((row.sample, row.layer, row.layers, row.residues), (0, 0, 5, [1, 0]));
        let row = rows_of(&["layers", "B", "L", "D"])[4];
        assert_eq!((row.sample, row.layer, row.layers, row.residues), (1, 0, 4, [1, 0]));
    }

    #[test]
    fn pairs_and_other_axes_get_their_own_rows() {
        let pairs = rows_of(&["B", "L", "L", "64"]);
        assert_eq!((pairs[5].residues, pairs[5].residue_axes), ([1, 2], 2));
        let blocks = rows_of(&["8", "B", "L", "7", "2"]);
        assert_eq!((blocks.len(), blocks[47].layer), (8 * 2 * 3, 7));
        assert_eq!(rows_of(&["16"]).len(), 1);
    }

    #[test]
    fn values_are_written_in_the_declared_type() {
        let numbers = |dtype: DType| {
            let field = FieldSpec { padding: Some(7.0), dtypes: vec![dtype], ..array_field("x", &["L"]) };
            let write = |row: &ArrayRow, values: &mut [f32]| values.fill(row.residues[0] as f32 - 1.0);
            let tensor = build(&field, &sizes(), &[2], write).unwrap();
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
        let error = build(&endless, &sizes(), &[3], |_, _| ()).unwrap_err();
        assert_eq!(error.exception, "MemoryError");
    }
}
