//! What an array field holds and of which residues, and so by which gates two of them are judged: rows of numbers by direction and
//! length, frames and positions as the points they place. Finds rows, residues and words; metrics measure.

use std::ops::Range;

use super::comparison::FieldComparison;
use super::fields::{BothResponses, STRUCTURES, by_gates};
use super::pair_errors::confidence_of;
use super::placed::{Placed, Traces, measure_placed, points_of};
use super::row_place::RowPlace;
use super::rows::{JudgedRows, NORM_RATIO, measure_rows};
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::contract::{FactorScale, FieldKind, FieldSpec, Holds};
use crate::prediction::gates::{EmbeddingGates, StructureGates};
use crate::prediction::{ArrayOrigin, Axes, Leaf, field_of};
use crate::tensor::{ContentHash, KeptRows, Tensor};

/// What the elements of a field are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldLayout {
    holds: Holds,
    axes: Axes,
}

/// The gates that fields are judged by, where the model has them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LayoutGates {
    /// Of rows.
    pub(crate) embedding: Option<EmbeddingGates>,
    /// Of frames and positions, and from where on a residue is confident.
    pub(crate) structure: Option<StructureGates>,
}

impl FieldLayout {
    /// The layout of a field; `None` where every element is judged by itself.
    pub(crate) fn of(field: &FieldSpec) -> Option<Self> {
        let is_array = matches!(field.kind, FieldKind::Array | FieldKind::Arrays);
        (is_array && field.holds != Holds::Numbers).then(|| Self { holds: field.holds, axes: Axes::of(field) })
    }

    /// Whether it holds frames or positions.
    pub(crate) const fn is_placed(&self) -> bool {
        matches!(self.holds, Holds::Frames | Holds::Positions)
    }

    /// Judges an array such as `s_s`, or `pae[0]`; `None` where the model has no gates for it, and where both are equal or of other
    /// shapes.
    pub(super) fn judge(
        &self,
        path: &str,
        sides: BothResponses<'_>,
        scales: [Option<FactorScale>; 2],
        gates: LayoutGates,
        floor: &NoiseFloor,
    ) -> Option<FieldComparison> {
        let comparable = match (sides.expected.get(path)?, sides.actual.get(path)?) {
            (Leaf::Array(form, one), Leaf::Array(other_form, other)) => {
                let is_alike = form == other_form && one.dtype() == other.dtype() && one.shape() == other.shape();
                is_alike && one.bytes() != other.bytes()
            }
            (Leaf::Rows(one), Leaf::Array(ArrayOrigin::Array, other)) => {
                let is_alike = one.dtype() == other.dtype() && one.shape == other.shape();
                is_alike && one.hash != ContentHash::of_tensor(other)
            }
            _ => false,
        };
        if !comparable {
            return None;
        }
        by_gates(path, self.measure(path, sides, scales, gates, floor)?)
    }

    /// What [`Self::judge`] goes by.
    pub(super) fn measure(
        &self,
        path: &str,
        sides: BothResponses<'_>,
        scales: [Option<FactorScale>; 2],
        gates: LayoutGates,
        floor: &NoiseFloor,
    ) -> Option<Vec<MetricValue>> {
        let BothResponses { expected, actual } = sides;
        let got = actual.array(path)?;
        let samples = samples_of(path, self, got)?;
        let confident: Vec<Option<Vec<bool>>> = samples
            .clone()
            .map(|sample| {
                let gate = gates.structure?.confidence;
                let [Some(one), Some(other)] =
                    [confidence_of(expected, sample, scales[0]), confidence_of(actual, sample, scales[1])]
                else {
                    return None;
                };
                (one.len() == other.len())
                    .then(|| one.iter().zip(&other).map(|(one, other)| *one >= gate && *other >= gate).collect())
            })
            .collect();
        let place = |flat: usize, tensor: &Tensor| RowPlace::of(&tensor.position(flat), &self.axes, samples.start);
        if self.is_placed() {
            let points = points_of(self.holds, expected.array(path)?).zip(points_of(self.holds, got))?;
            let step = got.len().checked_div(points.0.len())?;
            let places: Vec<RowPlace> = (0..points.0.len()).map(|frame| place(frame * step, got)).collect();
            let traces: Vec<Traces> = samples
                .clone()
                .map(|sample| {
                    let path = format!("{STRUCTURES}[{sample}]");
                    Traces::of(expected.structure(&path)?, actual.structure(&path)?)
                })
                .map(Option::unwrap_or_default)
                .collect();
            let about = Placed { places: &places, confident: &confident, traces: &traces };
            return measure_placed(&points, about, &gates.structure?, floor);
        }
        if let Some(before) = expected.rows(path) {
            let after = KeptRows::of(got);
            let grid = after.grid;
            if before.grid != grid {
                return None;
            }
            let of_rows = |rows: Range<usize>, step: usize| {
                let places = rows.map(|row| place(row * step * grid.width, got));
                JudgedRows::new(grid.width, places, &confident)
            };
            let kept = of_rows(0..grid.kept(), grid.step);
            let mut measures = measure_rows(&before.rows, &after.rows, &kept, &gates.embedding?, floor)?;
            let all = of_rows(0..grid.rows, 1);
            let ratio = all.greatest_change(&before.lengths, &after.lengths);
            let of_lengths = measures.iter_mut().filter(|measure| measure.key == NORM_RATIO);
            of_lengths.for_each(|measure| measure.observed = measure.observed.max(ratio));
            return Some(measures);
        }
        let width = self.width(got);
        let places = (0..got.len().checked_div(width)?).map(|row| place(row * width, got));
        let rows = JudgedRows::new(width, places, &confident);
        measure_rows(expected.array(path)?, got, &rows, &gates.embedding?, floor)
    }

    /// How many neighbouring elements are about the same residues.
    fn width(&self, tensor: &Tensor) -> usize {
        let last = self.axes.residues.iter().chain(&self.axes.batch).max();
        let inner = last.map_or(tensor.shape().len().saturating_sub(1), |axis| axis + 1);
        tensor.shape().get(inner..).unwrap_or_default().iter().product()
    }
}

/// Which samples the array at a path is about.
fn samples_of(path: &str, layout: &FieldLayout, tensor: &Tensor) -> Option<Range<usize>> {
    match (&path[field_of(path).len()..], layout.axes.batch) {
        ("", Some(axis)) => Some(0..*tensor.shape().get(axis)?),
        ("", None) => Some(0..1),
        (index, _) => {
            let index: usize = index.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
            Some(index..index + 1)
        }
    }
}
