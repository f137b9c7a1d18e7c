//! The part of a field that an identity is about, for one sample: read row by row in place, without padding. Compares nothing.

use super::super::super::case_results::AnsweredCall;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::prediction::identity::{AxisPick, FieldPart};
use crate::prediction::{Axes, Value};
use crate::tensor::Tensor;
use crate::tensor::strided::c_strides;

/// The rows of one sample. The last dimension is along a row.
pub(super) struct SampleRows<'a> {
    tensor: &'a Tensor,
    /// First index and count along every dimension of the array, and whether the dimension stays.
    axes: Vec<(usize, usize, bool)>,
    strides: Vec<usize>,
    /// The number of dimensions that count rows. The others are along a row.
    of_rows: usize,
}

impl<'a> SampleRows<'a> {
    /// The rows of a sample along its last dimension, or of one element each. Returns `None` if the array does not fit its field, which
    /// is a finding of its own.
    pub(super) fn of(part: &FieldPart, sample: usize, of_elements: bool, answered: &AnsweredCall<'a>) -> Option<Self> {
        let field = answered.contract.field(&part.field)?;
        let array = answered.prediction.field(&part.field)?;
        let tensor = match (field.kind, array) {
            (FieldKind::Arrays, Value::List(items)) => items.get(sample)?.as_array()?,
            (_, value) => value.as_array()?,
        };
        let picks = part.picks(field.shape.len())?;
        if !tensor.dtype().is_numeric() || tensor.shape().len() != picks.len() {
            return None;
        }
        let known = Axes::of(field);
        let complexes = &answered.expected.complexes;
        let longest = complexes.iter().map(|complex| complex.length).max();
        let mut axes = Vec::with_capacity(picks.len());
        for (axis, (pick, &size)) in picks.into_iter().zip(tensor.shape()).enumerate() {
            axes.push(if known.batch == Some(axis) {
                (Some(sample).filter(|_| size == complexes.len())?, 1, false)
            } else if field.kind == FieldKind::Array && known.residues.contains(&axis) {
                (0, complexes.get(sample).filter(|_| longest == Some(size))?.length, true)
            } else {
                let (first, count) = pick.of(size)?;
                (first, count, !matches!(pick, AxisPick::One(_)))
            });
        }
        let last = axes.iter().rposition(|(_, _, stays)| *stays).filter(|_| !of_elements);
        Some(Self { tensor, strides: c_strides(tensor.shape()), of_rows: last.unwrap_or(axes.len()), axes })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.axes[..self.of_rows].iter().map(|(_, count, _)| count).product()
    }

    /// The position in the array of an element of a row.
    pub(super) fn position(&self, row: usize, along: usize) -> Vec<usize> {
        let (mut rows, mut along) = (row, along);
        let mut position = vec![0; self.axes.len()];
        for (axis, &(first, count, _)) in self.axes.iter().enumerate().rev() {
            let rest = if axis < self.of_rows { &mut rows } else { &mut along };
            position[axis] = first + *rest % count.max(1);
            *rest /= count.max(1);
        }
        position
    }

    /// Reads a row.
    pub(super) fn read(&self, row: usize, out: &mut Vec<f64>) {
        let width: usize = self.axes[self.of_rows..].iter().map(|(_, count, _)| count).product();
        let position = self.position(row, 0);
        let start: usize = position.iter().zip(&self.strides).map(|(index, stride)| index * stride).sum();
        let stride = self.strides.get(self.of_rows).copied().unwrap_or(1);
        out.clear();
        if stride == 1 {
            out.resize(width, 0.0);
            let read = self.tensor.read_f64(start, out).len();
            out.truncate(read);
        } else {
            out.extend((0..width).filter_map(|along| self.tensor.f64_at(start + along * stride)));
        }
    }
}

/// The number of samples of a field: those of its list or of its batch, or one.
pub(super) fn samples(field: &FieldSpec, answered: &AnsweredCall<'_>) -> usize {
    if field.kind.is_per_sample() {
        answered.expected.samples(field.kind)
    } else if Axes::of(field).batch.is_some() {
        answered.expected.complexes.len()
    } else {
        1
    }
}
