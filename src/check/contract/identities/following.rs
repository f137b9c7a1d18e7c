//! The numbers that the field of an identity must have, computed from the other field or the request. Compares nothing.

use super::super::super::case_results::AnsweredCall;
use super::super::super::complex::Complex;
use super::rows::SampleRows;
use crate::metric::distance_scale;
use crate::prediction::Value;
use crate::prediction::identity::{BinCentres, FieldIdentity, FieldPart, FieldRelation};

/// The least norm that models divide by.
const LEAST_NORM: f64 = 1e-6;
/// All programs give a TM-score the same scale from this number of residues on.
const SCALED: usize = 22;
const ALPHA_CARBON: &str = "CA";

/// The numbers that follow for one sample, row by row.
pub(super) enum Following<'a> {
    /// From the rows of another field.
    Rows(SampleRows<'a>, &'a FieldRelation),
    /// Numbers in rows of this width. NaN if nothing follows.
    Numbers(Vec<f64>, usize),
    /// This number of rows of a single 1.
    Ones(usize),
}

impl<'a> Following<'a> {
    /// The numbers that follow for a sample of a field with `rows` rows. Returns `None` if none follow.
    pub(super) fn of(
        identity: &'a FieldIdentity,
        sample: usize,
        rows: usize,
        answered: &AnsweredCall<'a>,
    ) -> Option<Self> {
        let complexes = &answered.expected.complexes;
        let other = || SampleRows::of(identity.of.as_ref()?, sample, false, answered);
        Some(match &identity.relation {
            FieldRelation::Unit => Self::Ones(rows),
            FieldRelation::ResidueTypes(order) => Self::Numbers(residue_types(complexes.get(sample)?, order)?, 1),
            FieldRelation::AlphaCarbons => Self::Numbers(alpha_carbons(identity.of.as_ref()?, sample, answered)?, 3),
            FieldRelation::TmScore(bins) => match complexes.as_slice() {
                // With several chains there may be a linker between them, which is scored too.
                [only] if only.chains.len() == 1 && only.length >= SCALED => {
                    Self::Numbers(vec![tm_score(&other()?, only.length, *bins)?], 1)
                }
                _ => return None,
            },
            relation => Self::Rows(other()?, relation),
        })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Rows(rows, _) => rows.len(),
            Self::Numbers(numbers, width) => numbers.len() / width,
            Self::Ones(rows) => *rows,
        }
    }

    /// Reads a row.
    pub(super) fn read(&self, row: usize, out: &mut Vec<f64>) {
        match self {
            Self::Ones(_) => *out = vec![1.0],
            Self::Numbers(numbers, width) => {
                out.clear();
                out.extend(numbers.iter().skip(row * width).take(*width));
            }
            Self::Rows(rows, relation) => {
                rows.read(row, out);
                follow(relation, out);
            }
        }
    }
}

/// Turns a row into the row that follows from it.
fn follow(relation: &FieldRelation, row: &mut Vec<f64>) {
    match relation {
        FieldRelation::Softmax => softmax(row),
        FieldRelation::Normalised => {
            let norm = norm(row).max(LEAST_NORM);
            for value in row {
                *value /= norm;
            }
        }
        FieldRelation::Expectation(bins) => become_expectation(row, *bins),
        FieldRelation::SoftmaxExpectation(bins) => {
            softmax(row);
            become_expectation(row, *bins);
        }
        _ => {}
    }
}

pub(super) fn norm(row: &[f64]) -> f64 {
    row.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn softmax(row: &mut [f64]) {
    let greatest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in row.iter_mut() {
        *value = (*value - greatest).exp();
        sum += *value;
    }
    for value in row {
        *value /= sum;
    }
}

fn expectation(probabilities: &[f64], value: impl Fn(usize) -> f64) -> f64 {
    let terms = probabilities.iter().enumerate();
    terms.map(|(bin, probability)| probability * value(bin)).sum()
}

fn become_expectation(row: &mut Vec<f64>, bins: BinCentres) {
    let expected = expectation(row, |bin| bins.centre(bin));
    row.clear();
    row.push(expected);
}

/// The best frame's mean over all residues. J. Jumper et al., Nature 596:583 (2021), suppl. 1.9.7.
fn tm_score(logits: &SampleRows<'_>, length: usize, bins: BinCentres) -> Option<f64> {
    if logits.len() != length * length {
        return None;
    }
    let scale = distance_scale(length);
    let near = |bin: usize| 1.0 / (1.0 + (bins.centre(bin) / scale).powi(2));
    let mut row = Vec::new();
    let mut best = f64::NEG_INFINITY;
    for frame in 0..length {
        let mut sum = 0.0;
        for scored in 0..length {
            logits.read(frame * length + scored, &mut row);
            softmax(&mut row);
            sum += expectation(&row, near);
        }
        best = best.max(sum / length as f64);
    }
    Some(best)
}

/// The numbers of the types of all residues. NaN for an unknown type.
fn residue_types(complex: &Complex, order: &str) -> Option<Vec<f64>> {
    let letters = complex.chains.iter().flat_map(|chain| chain.sequence.chars());
    let number = |letter| order.chars().position(|known| known == letter);
    let types: Vec<f64> = letters.map(|letter| number(letter).map_or(f64::NAN, |number| number as f64)).collect();
    (types.len() == complex.length).then_some(types)
}

/// The positions of the alpha carbons of a sample's structure. NaN for a residue without one.
fn alpha_carbons(of: &FieldPart, sample: usize, answered: &AnsweredCall<'_>) -> Option<Vec<f64>> {
    let items = answered.prediction.field(&of.field).and_then(Value::as_items)?;
    let structure = items.get(sample)?.as_structure()?;
    if structure.models.is_some() || structure.uneven_column().is_some() {
        return None;
    }
    let residues = structure.residues();
    let positions = residues.iter().flat_map(|residue| {
        let atom = structure.atom_named(residue, ALPHA_CARBON);
        atom.map_or([f64::NAN; 3], |atom| structure.coord[atom].map(f64::from))
    });
    Some(positions.collect())
}
