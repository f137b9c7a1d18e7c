//! Names the place of an element: its position, and the residues that it is about.

use super::case_results::AnsweredCall;
use super::complex::Complex;
use super::number;
use crate::prediction::Axes;
use crate::prediction::contract::{FieldKind, FieldSpec};

/// What the dimensions of an array are about. By default nothing is known, and places are positions.
#[derive(Clone, Default)]
pub(crate) struct Places<'a> {
    field: Option<(&'a FieldSpec, &'a AnsweredCall<'a>)>,
    axes: Axes,
    complexes: &'a [Complex],
    first_residue: usize,
}

impl<'a> Places<'a> {
    /// The places of a whole field. Nothing is known of a field that the contract does not have.
    pub(crate) fn of_field(name: &str, answered: &'a AnsweredCall<'a>) -> Self {
        let Some(field) = answered.contract.field(name) else {
            return Self::default();
        };
        Self {
            field: Some((field, answered)),
            // A list has no array until an item is chosen.
            axes: if field.kind == FieldKind::Array { Axes::of(field) } else { Axes::default() },
            complexes: &answered.expected.complexes,
            first_residue: answered.first_residue(),
        }
    }

    /// The places of one item of a list.
    pub(crate) fn of_item(&self, index: usize) -> Self {
        match self.field {
            Some((field, answered)) if field.kind.is_per_sample() => {
                let complex = answered.expected.complex(field.kind, index);
                Self { axes: Axes::of(field), complexes: complex.map_or(&[], std::slice::from_ref), ..self.clone() }
            }
            _ => Self::default(),
        }
    }

    /// The places of one sample cut out of a whole batch.
    pub(crate) fn of_sample(&self, index: usize) -> Self {
        if self.axes.batch.is_none() {
            return self.of_item(index);
        }
        Self {
            axes: self.axes.without_batch(),
            complexes: self.complexes.get(index).map_or(&[], std::slice::from_ref),
            ..self.clone()
        }
    }

    /// The residues that a position is about, such as `chain A residue 12`. Returns `None` if it is about none.
    pub(crate) fn residues(&self, position: &[usize]) -> Option<String> {
        residues(&self.axes, position, self.complexes, self.first_residue)
    }

    /// The residues that a position is about in the array at `rest`: empty for the whole field, `[2]` for an item of a list.
    pub(crate) fn at(&self, rest: &str, position: &[usize]) -> Option<String> {
        if rest.is_empty() {
            return self.residues(position);
        }
        self.of_item(rest.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?).residues(position)
    }
}

/// A position with its residues, such as `[0, 12, 3] (chain A residue 12)`.
pub(crate) fn place(axes: &Axes, position: &[usize], complexes: &[Complex], first_residue: usize) -> String {
    let words = number::position(position);
    match residues(axes, position, complexes, first_residue) {
        Some(residues) => format!("{words} ({residues})"),
        None => words,
    }
}

fn residues(axes: &Axes, position: &[usize], complexes: &[Complex], first_residue: usize) -> Option<String> {
    let sample = axes.batch.and_then(|axis| position.get(axis)).copied().unwrap_or(0);
    let places = axes.residues.iter().filter_map(|&axis| complexes.get(sample)?.residue(*position.get(axis)?));
    let residues: Vec<String> =
        places.map(|(chain, index)| format!("chain {} residue {}", chain.id, index + first_residue)).collect();
    (!residues.is_empty()).then(|| residues.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_name_chain_and_residue() {
        let axes = Axes { batch: Some(1), residues: vec![2] };
        let complexes = [Complex::parse("A"), Complex::parse("A:C")];
        insta::assert_snapshot!(place(&axes, &[1, 1, 1, 0], &complexes, 1), @"[1, 1, 1, 0] (chain B residue 1)");
        assert_eq!(place(&axes, &[0, 0, 1, 0], &complexes, 0), "[0, 0, 1, 0]");
    }
}
