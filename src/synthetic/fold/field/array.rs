//! Builds one declared array row by row: which axes of its shape run over samples and tokens, what stands past a
//! sample's end, and which bytes its type has. Knows not what a row means.

use std::collections::HashMap;

use super::super::{Folding, Heads, Model};
use super::row::Row;
use super::source::{Source, source};
use crate::prediction::contract::{Dimension, FieldSpec, Sizes};
use crate::synthetic::{ModelError, encode::append};
use crate::tensor::{DType, Tensor};

/// Size of a dimension whose symbol nobody gave a size.
const UNPUBLISHED: usize = 64;

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
    pub(super) fn new(folding: &Folding, field: &'a FieldSpec, models: &'a [&'a Model]) -> Self {
        let sizes = sizes(folding, models);
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
    pub(super) fn build(&self, heads: &Heads) -> Result<Tensor, ModelError> {
        let too_large = || ModelError::new("MemoryError", format!("{} does not fit into memory", self.field.name));
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
fn sizes(folding: &Folding, models: &[&Model]) -> Sizes {
    let mut sizes = folding.sizes.clone();
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
