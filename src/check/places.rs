//! Names the place of an element: its position, and the residues it is about where the field has any.

use super::axes::Axes;
use super::complex::Complex;
use super::evidence::Given;
use super::number;
use crate::prediction::contract::{FieldKind, FieldSpec};
use crate::tensor::Tensor;

/// What the dimensions of an array are about. Without anything known, places are positions.
#[derive(Debug, Clone, Default)]
pub struct Places<'a> {
    field: Option<(&'a FieldSpec, &'a Given<'a>)>,
    axes: Axes,
    complexes: &'a [Complex],
    first_residue: usize,
}

impl<'a> Places<'a> {
    /// The places of a whole field; nothing is known of one that the contract does not have.
    #[must_use]
    pub fn of_field(name: &str, given: &'a Given<'a>) -> Self {
        let Some(field) = given.contract.field(name) else {
            return Self::default();
        };
        let mut numbered = given.contract.fields.iter().filter_map(|field| field.first_residue);
        let places = Self {
            field: Some((field, given)),
            axes: Axes::of(field),
            complexes: &given.expected.complexes,
            first_residue: usize::try_from(numbered.next().unwrap_or(0)).unwrap_or(0),
        };
        if field.kind == FieldKind::Array {
            places
        } else {
            // Until an item is chosen there is no array to speak of.
            Self {
                axes: Axes::default(),
                ..places
            }
        }
    }

    /// The places of one item of a list.
    #[must_use]
    pub fn of_item(&self, index: usize) -> Self {
        match self.field {
            Some((field, given)) if field.kind.is_per_sample() => {
                let complex = given.expected.complex(field.kind, index);
                Self {
                    axes: Axes::of(field),
                    complexes: complex.map_or(&[], std::slice::from_ref),
                    ..self.clone()
                }
            }
            _ => Self::default(),
        }
    }

    /// The places of one sample cut out of a whole batch.
    #[must_use]
    pub fn of_sample(&self, index: usize) -> Self {
        if self.axes.batch.is_none() {
            return self.of_item(index);
        }
        Self {
            axes: self.axes.without_batch(),
            complexes: self.complexes.get(index).map_or(&[], std::slice::from_ref),
            ..self.clone()
        }
    }

    /// The place of an element, such as `[0, 12, 3] (chain A residue 12)`.
    #[must_use]
    pub fn place(&self, tensor: &Tensor, flat: usize) -> String {
        if tensor.shape().is_empty() {
            return number::position(&[]);
        }
        self.axes.place(tensor, flat, self.complexes, self.first_residue)
    }
}
