//! Judges structures and confidences of two responses by the gates of the model. Finds the two sides; `structure` measures.

use super::comparison::{FieldComparison, ValueDifference};
use super::structure::{Side, behind, compare_confidence, compare_structures, of_residues};
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::Listing;
use crate::prediction::contract::FactorScale;
use crate::prediction::gates::StructureGates;
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The field of structures.
pub(crate) const STRUCTURES: &str = "atom_array";

/// The field of confidence per residue.
pub(crate) const PLDDT: &str = "plddt";

/// Both responses by path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BothResponses<'a> {
    /// What is expected.
    pub(crate) expected: &'a Listing<'a>,
    /// What is there.
    pub(crate) actual: &'a Listing<'a>,
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
}

/// Judges a structure such as `atom_array[0]`; `None` where there is none on both sides, and where they are equal.
pub(super) fn judge_structure(
    path: &str,
    sides: BothResponses<'_>,
    scales: [Option<FactorScale>; 2],
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Option<FieldComparison> {
    let (expected, actual) = sides.structures(path)?;
    if expected == actual {
        return None;
    }
    let expected = side(sides.expected, path, expected, scales[0]);
    let got = side(sides.actual, path, actual, scales[1]);
    let found = compare_structures(&expected, &got, gates, floor);
    let measures = found.measures.clone();
    Some(FieldComparison::new(path, ValueDifference::Structure(Box::new(found)), measures))
}

/// Judges confidences such as `plddt[0]` as a whole: single residues that the model is not sure of may move.
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

/// What comparing the structures at one path of two repeats measures.
pub(super) fn measure_structures(
    path: &str,
    sides: BothResponses<'_>,
    scale: Option<FactorScale>,
    gates: &StructureGates,
) -> Vec<MetricValue> {
    let Some((one, other)) = sides.structures(path) else {
        return Vec::new();
    };
    let one = side(sides.expected, path, one, scale);
    let other = side(sides.actual, path, other, scale);
    compare_structures(&one, &other, gates, &NoiseFloor::unknown()).measures
}

/// A structure with its confidence.
pub(super) fn side<'a>(
    listing: &Listing<'_>,
    path: &str,
    structure: &'a Structure,
    scale: Option<FactorScale>,
) -> Side<'a> {
    let plddt = confidence_at(listing, path);
    Side { structure, confidence: of_residues(structure, scale, plddt.as_deref()), scale }
}

/// The confidence behind the structure at a path such as `atom_array[1]`.
pub(crate) fn confidence_at(listing: &Listing<'_>, path: &str) -> Option<Vec<f64>> {
    let (field, index) = path.strip_suffix(']')?.split_once('[')?;
    let index: usize = index.parse().ok()?;
    let paths = (0..).map(|index| format!("{field}[{index}]"));
    let structures = paths.take_while(|path| listing.structure(path).is_some()).count();
    let arrays = (0..).map_while(|index| listing.array(&format!("{PLDDT}[{index}]")));
    let plddt: Vec<Option<Vec<f64>>> = arrays.map(Tensor::to_f64).collect();
    behind(&plddt, structures, index)
}

/// What the measures of the value at a path say; `None` without a measure.
pub(super) fn by_gates(path: &str, measures: Vec<MetricValue>) -> Option<FieldComparison> {
    (!measures.is_empty()).then(|| FieldComparison::new(path, ValueDifference::Gates, measures))
}
