//! Judges predicted errors between pairs of residues by the gates of the model, between the residues that both sides are confident
//! of. Finds the sides; `structure::pae` measures.

use super::comparison::FieldComparison;
use super::fields::{BothResponses, PLDDT, STRUCTURES, by_gates, side};
use super::structure::compare_pae;
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::prediction::{Listing, field_of};
use crate::tensor::Tensor;

/// The fields of predicted errors between pairs of residues: of positions after alignment, and of distances.
pub(crate) const PAIR_ERRORS: [&str; 2] = ["pae", "pde"];

/// Judges aligned errors such as `pae[0]`, or `pae` of a batch, where both sides are confident; every residue counts where neither
/// side says how confident it is. `None` where they are no square matrices of one shape, and where they are equal.
pub(super) fn judge_pair_errors(
    path: &str,
    sides: BothResponses<'_>,
    scales: [Option<FactorScale>; 2],
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<FieldComparison> {
    let (expected, actual) = sides.arrays(path)?;
    if expected == actual {
        return None;
    }
    by_gates(path, measure_pair_errors(path, sides, scales, gates, floor)?)
}

/// What [`judge_pair_errors`] goes by: of several samples the worst of each measure.
pub(super) fn measure_pair_errors(
    path: &str,
    sides: BothResponses<'_>,
    scales: [Option<FactorScale>; 2],
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<Vec<MetricValue>> {
    let (one, other) = sides.arrays(path)?;
    if one.shape() != other.shape() || one.dtype() != other.dtype() {
        return None;
    }
    let mut worst: Vec<MetricValue> = Vec::new();
    for (sample, one, other) in samples(path, one, other)? {
        let confidences =
            (confidence_of(sides.expected, sample, scales[0]), confidence_of(sides.actual, sample, scales[1]));
        let size = *one.shape().first()?;
        let (sure, now) = match confidences {
            (Some(one), Some(other)) => (one, other),
            (Some(only), None) | (None, Some(only)) => (only.clone(), only),
            (None, None) => (vec![1.0; size], vec![1.0; size]),
        };
        let (one, other) = (square(&one, sure.len())?, square(&other, now.len())?);
        for measure in compare_pae(&one, &other, (&sure, &now), gates, floor) {
            match worst.iter_mut().find(|known| known.key == measure.key) {
                Some(known) if known.used() >= measure.used() => {}
                Some(known) => *known = measure,
                None => worst.push(measure),
            }
        }
    }
    (!worst.is_empty()).then_some(worst)
}

/// The matrices at a path, with the sample that each belongs to.
fn samples(path: &str, one: &Tensor, other: &Tensor) -> Option<Vec<(usize, Tensor, Tensor)>> {
    match (&path[field_of(path).len()..], one.shape().len()) {
        ("", 3) => (0..one.shape()[0]).map(|sample| Some((sample, one.part(sample)?, other.part(sample)?))).collect(),
        ("", 2) => Some(vec![(0, one.clone(), other.clone())]),
        (rest, _) => {
            let index = rest.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
            Some(vec![(index, one.clone(), other.clone())])
        }
    }
}

/// The confidence of the residues of a sample, from its structure or its `plddt`; `None` where neither says it.
pub(super) fn confidence_of(listing: &Listing<'_>, sample: usize, scale: Option<FactorScale>) -> Option<Vec<f64>> {
    let listed = listing.array(&format!("{PLDDT}[{sample}]")).cloned();
    let whole = || {
        let whole = listing.array(PLDDT)?;
        match whole.shape().len() {
            1 if sample == 0 => Some(whole.clone()),
            2 => whole.part(sample),
            _ => None,
        }
    };
    let plddt = listed.or_else(whole).as_ref().and_then(Tensor::to_f64);
    plddt.or_else(|| {
        let path = format!("{STRUCTURES}[{sample}]");
        side(listing, &path, listing.structure(&path)?, scale).confidence
    })
}

/// The first rows and columns of a square matrix, which in a batch may be padded.
fn square(matrix: &Tensor, size: usize) -> Option<Vec<f64>> {
    let [rows, columns] = *matrix.shape() else {
        return None;
    };
    if rows != columns || rows < size {
        return None;
    }
    let values = matrix.to_f64()?;
    let rows = values.chunks_exact(columns.max(1)).take(size);
    Some(rows.flat_map(|row| row[..size].iter().copied()).collect())
}
