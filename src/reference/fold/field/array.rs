//! Builds one declared array row by row: which axes of its shape run over samples and tokens, what stands past a
//! sample's end, and which bytes its type has. Knows not what a row means.

use std::collections::HashMap;

use half::{bf16, f16};

use super::super::{FoldError, Heads, Model};
use super::source::{Source, source};
use crate::prediction::contract::{Contract, Dimension, FieldSpec, Sizes};
use crate::tensor::{DType, Element, Tensor};

/// Size of a dimension whose symbol nobody gave a size.
const UNPUBLISHED: usize = 64;

/// Which row of an array is wanted; indices of axes that it lacks are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Row {
    /// Index along the first token axis.
    pub token: usize,
    /// Index along the second token axis.
    pub partner: usize,
    /// Index along the axes before that are neither samples nor tokens, such as the blocks of a network.
    pub layer: usize,
    /// How many of those there are.
    pub layers: usize,
}

/// What an axis runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Sample,
    Token,
    Other,
}

/// An array to be built.
pub(super) struct Plan<'a> {
    field: &'a FieldSpec,
    models: &'a [&'a Model],
    shape: Vec<usize>,
    /// The axes that say which row it is, with their sizes.
    axes: Vec<(Axis, usize)>,
    /// Values in a row: the axes after those.
    width: usize,
}

impl<'a> Plan<'a> {
    /// The array of a field over some conformations: all of them, or one where each has an array of its own.
    pub(super) fn new(contract: &Contract, field: &'a FieldSpec, models: &'a [&'a Model]) -> Self {
        let sizes = sizes(contract, models);
        let shape: Vec<usize> = field
            .shape
            .iter()
            .map(|dimension| dimension.resolve(&sizes).unwrap_or(UNPUBLISHED))
            .collect();
        let axes: Vec<(Axis, usize)> = field.shape.iter().map(Axis::of).zip(shape.iter().copied()).collect();
        let leading = axes
            .iter()
            .rposition(|(axis, _)| *axis != Axis::Other)
            .map_or(0, |last| last + 1);
        Self {
            field,
            models,
            width: saturating_product(&shape[leading..]),
            axes: axes[..leading].to_vec(),
            shape,
        }
    }

    /// # Errors
    /// When the array does not fit into memory.
    pub(super) fn build(&self, heads: &Heads) -> Result<Tensor, FoldError> {
        let too_large = || FoldError::TooLarge(self.field.name.clone());
        let dtype = self.dtype();
        let rows = self
            .axes
            .iter()
            .fold(1, |rows: usize, (_, size)| rows.saturating_mul(*size));
        let bytes = rows.saturating_mul(self.width).saturating_mul(dtype.size());
        let mut data = Vec::new();
        data.try_reserve_exact(bytes).map_err(|_| too_large())?;
        let token_axes = self.axes.iter().filter(|(axis, _)| *axis == Axis::Token).count();
        let sources: Vec<Source<'_>> = self
            .models
            .iter()
            .map(|model| source(self.field, model, heads, token_axes, self.width))
            .collect();
        let mut encoded: Vec<HashMap<usize, Vec<u8>>> = vec![HashMap::new(); sources.len()];
        let mut values = vec![self.field.padding.unwrap_or(0.0) as f32; self.width];
        let mut padding = Vec::new();
        append(&values, dtype, &mut padding);
        for index in 0..rows {
            let (sample, row) = self.row(index);
            let tokens = self.models.get(sample).map_or(0, |model| model.complex.tokens.len());
            let inside = token_axes == 0 || row.token.max(row.partner) < tokens;
            match sources.get(sample).filter(|_| inside) {
                None => data.extend_from_slice(&padding),
                Some(Source::Written(write)) => {
                    write(&row, &mut values);
                    append(&values, dtype, &mut data);
                }
                Some(Source::Chosen { choose, pattern, times }) => {
                    let number = choose(&row);
                    let bytes = encoded[sample].entry(number).or_insert_with(|| {
                        let mut bytes = Vec::new();
                        append(&pattern(number), dtype, &mut bytes);
                        bytes
                    });
                    (0..*times).for_each(|_| data.extend_from_slice(bytes));
                }
            }
        }
        Tensor::new(dtype, self.shape.clone(), data.into()).map_err(|_| too_large())
    }

    fn dtype(&self) -> DType {
        let allowed = &self.field.dtypes;
        allowed.first().copied().unwrap_or(DType::F32)
    }

    /// The sample and the rest of a row's place.
    fn row(&self, mut index: usize) -> (usize, Row) {
        let mut sample = 0;
        let mut row = Row {
            layers: 1,
            ..Row::default()
        };
        let mut token_axes = 0;
        for &(axis, size) in self.axes.iter().rev() {
            let along = index % size.max(1);
            index /= size.max(1);
            match axis {
                Axis::Sample => sample = along,
                Axis::Token => {
                    // Seen from the last axis, so what was taken for the first was the second.
                    (row.partner, row.token) = (if token_axes == 0 { 0 } else { row.token }, along);
                    token_axes += 1;
                }
                Axis::Other => {
                    row.layer += row.layers * along;
                    row.layers *= size;
                }
            }
        }
        (sample, row)
    }
}

impl Axis {
    fn of(dimension: &Dimension) -> Self {
        match dimension {
            Dimension::Symbol(name, 0) if name == "B" => Self::Sample,
            Dimension::Symbol(name, 0) if name == "L" || name == "N" => Self::Token,
            _ => Self::Other,
        }
    }
}

/// What the symbols of a shape stand for.
fn sizes(contract: &Contract, models: &[&Model]) -> Sizes {
    let mut sizes = contract.dimensions.clone();
    if let Some(variant) = contract.variants.first() {
        sizes.extend(variant.dimensions.clone());
    }
    let longest = models.iter().map(|model| model.complex.tokens.len()).max().unwrap_or(0);
    let chains = models.iter().map(|model| model.complex.chains.len()).max().unwrap_or(0);
    for (name, size) in [("B", models.len()), ("L", longest), ("N", longest), ("C", chains)] {
        sizes.insert(name.to_owned(), size);
    }
    sizes
}

fn saturating_product(sizes: &[usize]) -> usize {
    sizes
        .iter()
        .fold(1, |product: usize, &size| product.saturating_mul(size))
}

/// Appends values in a type. Whole numbers saturate at its bounds, text stays empty.
fn append(values: &[f32], dtype: DType, data: &mut Vec<u8>) {
    match dtype {
        DType::F32 => {
            let start = data.len();
            data.resize(start + 4 * values.len(), 0);
            for (cell, value) in data[start..].chunks_exact_mut(4).zip(values) {
                cell.copy_from_slice(&value.to_le_bytes());
            }
        }
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
    for &value in values {
        convert(value).write(data);
    }
}
