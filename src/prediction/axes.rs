//! The dimensions of an array that run over samples and residues, and a walk along them. Does not look at values.

use std::ops::Range;

use super::contract::{Dimension, FieldSpec};
use crate::tensor::Tensor;

/// The dimensions of a field that run over samples and over residues.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Axes {
    /// The dimension `B`.
    pub(crate) batch: Option<usize>,
    /// The dimensions `L` or `N`.
    pub(crate) residues: Vec<usize>,
}

/// A run of neighbouring elements that belong to the same sample and residues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ElementRun {
    /// Flat indices.
    pub(crate) range: Range<usize>,
    /// Which sample they belong to; 0 in an array of one.
    pub(crate) sample: usize,
    /// Whether they lie within that sample, not in the padding behind it.
    pub(crate) inside: bool,
}

impl Axes {
    /// The axes of a field by the symbols of its shape.
    pub(crate) fn of(field: &FieldSpec) -> Self {
        let places = |symbols: &[&str]| {
            let named = |dimension: &Dimension| symbols.iter().any(|symbol| is_symbol(dimension, symbol));
            let places = field.shape.iter().enumerate();
            places.filter(|(_, dimension)| named(dimension)).map(|(axis, _)| axis).collect::<Vec<usize>>()
        };
        Self { batch: places(&["B"]).first().copied(), residues: places(&["L", "N"]) }
    }

    /// Visits the array in runs, in order. `lengths` are the residues of every sample; samples beyond them are padding.
    pub(crate) fn for_each_run(&self, tensor: &Tensor, lengths: &[usize], mut visit: impl FnMut(ElementRun)) {
        // Along the innermost of these dimensions neighbours stay neighbours in memory, so it need not be walked.
        let Some(&innermost) = self.batch.iter().chain(&self.residues).max() else {
            visit(ElementRun { range: 0..tensor.len(), sample: 0, inside: true });
            return;
        };
        let along_residues = self.residues.contains(&innermost);
        let walked = if along_residues { innermost } else { innermost + 1 };
        let (Some(outer), Some(inner)) = (tensor.shape().get(..walked), tensor.shape().get(walked..)) else {
            return;
        };
        let size: usize = inner.iter().product();
        if size == 0 || outer.contains(&0) {
            return;
        }
        let mut position = vec![0; walked];
        for index in 0..outer.iter().product() {
            let sample = self.batch.map_or(0, |axis| position[axis]);
            let length = lengths.get(sample).copied().unwrap_or(0);
            let residues = self.residues.iter().filter(|axis| **axis < walked);
            let real = match (residues.clone().all(|&axis| position[axis] < length), along_residues) {
                (false, _) => 0,
                (true, false) => size,
                (true, true) => size / inner[0] * length.min(inner[0]),
            };
            let start = index * size;
            for (range, inside) in [(start..start + real, true), (start + real..start + size, false)] {
                if !range.is_empty() {
                    visit(ElementRun { range, sample, inside });
                }
            }
            advance(&mut position, outer);
        }
    }

    /// The part of the array that belongs to one sample: without the batch dimension and without padding. `None` when the
    /// array is too small for it.
    pub(crate) fn sample(&self, tensor: &Tensor, sample: usize, length: usize) -> Option<Tensor> {
        let mut shape = tensor.shape().to_vec();
        for &axis in &self.residues {
            let size = shape.get_mut(axis).filter(|size| **size >= length)?;
            *size = length;
        }
        if let Some(axis) = self.batch {
            if *shape.get(axis)? <= sample {
                return None;
            }
            shape.remove(axis);
        }
        let lengths: Vec<usize> = (0..=sample).map(|_| length).collect();
        let size = tensor.dtype().size();
        let mut data = Vec::with_capacity(shape.iter().product::<usize>() * size);
        self.for_each_run(tensor, &lengths, |run| {
            if run.sample == sample && run.inside {
                data.extend_from_slice(&tensor.bytes()[run.range.start * size..run.range.end * size]);
            }
        });
        Tensor::new(tensor.dtype(), shape, data.into()).ok()
    }

    /// The axes that are left of an array when one sample is taken out.
    pub(crate) fn without_batch(&self) -> Self {
        let Some(batch) = self.batch else {
            return self.clone();
        };
        Self { batch: None, residues: self.residues.iter().map(|&axis| axis - usize::from(axis > batch)).collect() }
    }
}

/// Whether a dimension is this symbol and nothing added to it.
pub(crate) fn is_symbol(dimension: &Dimension, symbol: &str) -> bool {
    matches!(dimension, Dimension::Symbol(name, 0) if name == symbol)
}

/// Counts the position up as C order does.
fn advance(position: &mut [usize], shape: &[usize]) {
    for (index, &size) in position.iter_mut().zip(shape).rev() {
        *index += 1;
        if *index < size {
            return;
        }
        *index = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two samples of 1 and 2 residues, residues last but one: shape (layers 2, B 2, L 2, 1).
    fn layered() -> (Axes, Tensor) {
        let axes = Axes { batch: Some(1), residues: vec![2] };
        let values: Vec<f32> = (0..8u8).map(f32::from).collect();
        (axes, Tensor::from_values(vec![2, 2, 2, 1], &values).unwrap())
    }

    #[test]
    fn runs_say_what_is_padding() {
        let (axes, tensor) = layered();
        let mut padding = Vec::new();
        axes.for_each_run(&tensor, &[1, 2], |run| {
            if !run.inside {
                padding.push(run.range.start);
            }
        });
        assert_eq!(padding, [1, 5]);
    }

    #[test]
    fn pairs_are_padding_when_either_residue_is() {
        let axes = Axes { batch: Some(0), residues: vec![1, 2] };
        let tensor = Tensor::from_values(vec![1, 2, 2], &[0u8; 4]).unwrap();
        let mut inside = Vec::new();
        axes.for_each_run(&tensor, &[1], |run| inside.push(run.inside));
        assert_eq!(inside, [true, false, false]);
    }

    #[test]
    fn a_sample_comes_out_without_batch_and_padding() {
        let (axes, tensor) = layered();
        let first = axes.sample(&tensor, 0, 1).unwrap();
        assert_eq!(first.shape(), [2, 1, 1]);
        assert_eq!(first.to_f64().unwrap(), [0.0, 4.0]);
        let second = axes.sample(&tensor, 1, 2).unwrap();
        assert_eq!(second.to_f64().unwrap(), [2.0, 3.0, 6.0, 7.0]);
        assert_eq!(axes.sample(&tensor, 2, 1), None);
        assert_eq!(axes.sample(&tensor, 0, 3), None);
    }
}
