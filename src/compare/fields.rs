//! Compares structures, confidences and errors between pairs of residues by the gates of the model. Finds the two sides; does not
//! measure them.

use super::comparison::{FieldComparison, ValueDifference};
use super::structure::{Side, behind, compare_confidence, compare_pae, compare_structures, of_residues};
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::prediction::{Listing, field_of};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The field of structures.
pub(crate) const STRUCTURES: &str = "atom_array";

/// The field of confidence per residue.
pub(crate) const PLDDT: &str = "plddt";

/// Both responses by path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BothResponses<'a> {
    pub(crate) expected: &'a Listing<'a>,
    pub(crate) actual: &'a Listing<'a>,
    /// How the temperature factors of structures carry confidence on each side.
    pub(crate) scales: [Option<FactorScale>; 2],
}

impl<'a> BothResponses<'a> {
    /// The structures at a path.
    pub(crate) fn structures(self, path: &str) -> Option<(&'a Structure, &'a Structure)> {
        Some((self.expected.structure(path)?, self.actual.structure(path)?))
    }

    /// The whole arrays at a path.
    pub(crate) fn arrays(self, path: &str) -> Option<(&'a Tensor, &'a Tensor)> {
        Some((self.expected.array(path)?, self.actual.array(path)?))
    }

    /// The structures at a path with their confidences.
    pub(super) fn confident_structures(self, path: &str) -> Option<(Side<'a>, Side<'a>)> {
        let (one, other) = self.structures(path)?;
        let sides = [(self.expected, one, self.scales[0]), (self.actual, other, self.scales[1])];
        let [one, other] = sides.map(|(listing, structure, scale)| side(listing, path, structure, scale));
        Some((one, other))
    }
}

/// Compares a structure such as `atom_array[0]`. Returns `None` if a side has none, or if both are equal.
pub(super) fn judge_structure(
    path: &str,
    sides: BothResponses<'_>,
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<FieldComparison> {
    sides.structures(path).filter(|(expected, actual)| expected != actual)?;
    let (expected, got) = sides.confident_structures(path)?;
    let found = compare_structures(&expected, &got, gates, floor);
    let measures = found.measures.clone();
    Some(FieldComparison::new(path, ValueDifference::Structure(Box::new(found)), measures))
}

/// Compares confidences such as `plddt[0]` as a whole: single residues that the model is not sure of may differ.
pub(super) fn judge_confidence(
    path: &str,
    sides: BothResponses<'_>,
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<FieldComparison> {
    let (expected, actual) = sides.arrays(path)?;
    if expected == actual || expected.shape() != actual.shape() || expected.dtype() != actual.dtype() {
        return None;
    }
    by_gates(path, compare_confidence(&expected.to_f64()?, &actual.to_f64()?, gates, floor))
}

/// A structure with its confidence.
pub(crate) fn side<'a>(
    listing: &Listing<'_>,
    path: &str,
    structure: &'a Structure,
    scale: Option<FactorScale>,
) -> Side<'a> {
    Side { structure, confidence: of_residues(structure, scale, confidence_at(listing, path).as_deref()), scale }
}

/// The confidence behind the structure at a path such as `atom_array[1]`.
pub(crate) fn confidence_at(listing: &Listing<'_>, path: &str) -> Option<Vec<f64>> {
    let (field, index) = path.strip_suffix(']')?.split_once('[')?;
    let paths = (0..).map(|index| format!("{field}[{index}]"));
    let structures = paths.take_while(|path| listing.structure(path).is_some()).count();
    let arrays = (0..).map_while(|index| listing.array(&format!("{PLDDT}[{index}]")));
    let plddt: Vec<Option<Vec<f64>>> = arrays.map(Tensor::to_f64).collect();
    behind(&plddt, structures, index.parse().ok()?)
}

/// Adds metrics of another part of a value. Of each metric the worst part is kept.
pub(super) fn keep_worst(worst: &mut Vec<MetricValue>, measures: Vec<MetricValue>) {
    for measure in measures {
        match worst.iter_mut().find(|known| known.key == measure.key) {
            Some(known) if known.used() >= measure.used() => {}
            Some(known) => *known = measure,
            None => worst.push(measure),
        }
    }
}

/// The comparison of a value by its metrics. Returns `None` without metrics.
pub(super) fn by_gates(path: &str, measures: Vec<MetricValue>) -> Option<FieldComparison> {
    (!measures.is_empty()).then(|| FieldComparison::new(path, ValueDifference::Gates, measures))
}

/// The fields of predicted errors between pairs of residues: of positions after alignment, and of distances.
pub(crate) const PAIR_ERRORS: [&str; 2] = ["pae", "pde"];

/// Compares errors such as `pae[0]`, or `pae` of a batch, between residues that both sides are confident of. Every residue counts if
/// neither side has confidences. Returns `None` if the sides are equal, or are not square matrices of one shape.
pub(super) fn judge_pair_errors(
    path: &str,
    sides: BothResponses<'_>,
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<FieldComparison> {
    sides.arrays(path).filter(|(expected, actual)| expected != actual)?;
    by_gates(path, measure_pair_errors(path, sides, gates, floor)?)
}

/// The metrics behind [`judge_pair_errors`]. Of several samples the worst of each metric is kept.
pub(super) fn measure_pair_errors(
    path: &str,
    sides: BothResponses<'_>,
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<Vec<MetricValue>> {
    let (one, other) = sides.arrays(path)?;
    if one.shape() != other.shape() || one.dtype() != other.dtype() {
        return None;
    }
    let mut worst: Vec<MetricValue> = Vec::new();
    for (sample, one, other) in samples(path, one, other)? {
        let size = *one.shape().first()?;
        let (sure, now) = match sides.confidences_of(sample) {
            (Some(one), Some(other)) => (one, other),
            (Some(only), None) | (None, Some(only)) => (only.clone(), only),
            (None, None) => (vec![1.0; size], vec![1.0; size]),
        };
        let (one, other) = (square(&one, sure.len())?, square(&other, now.len())?);
        keep_worst(&mut worst, compare_pae(&one, &other, (&sure, &now), gates, floor));
    }
    (!worst.is_empty()).then_some(worst)
}

/// The matrices at a path with the sample of each.
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

impl BothResponses<'_> {
    /// The confidence of the residues of a sample on each side, if it is known.
    pub(super) fn confidences_of(self, sample: usize) -> (Option<Vec<f64>>, Option<Vec<f64>>) {
        let [expected, actual] = [(self.expected, self.scales[0]), (self.actual, self.scales[1])]
            .map(|(listing, scale)| confidence_of(listing, sample, scale));
        (expected, actual)
    }
}

/// The confidence of the residues of a sample, from its `plddt` or its structure.
fn confidence_of(listing: &Listing<'_>, sample: usize, scale: Option<FactorScale>) -> Option<Vec<f64>> {
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

/// The first rows and columns of a square matrix, without the padding of a batch.
fn square(matrix: &Tensor, size: usize) -> Option<Vec<f64>> {
    let [rows, columns] = *matrix.shape() else { return None };
    if rows != columns || rows < size {
        return None;
    }
    let values = matrix.to_f64()?;
    Some(values.chunks_exact(columns.max(1)).take(size).flat_map(|row| row[..size].iter().copied()).collect())
}
