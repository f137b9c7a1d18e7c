//! The content and axes of an array field, which decide by which gates it is compared: rows of numbers by direction and length,
//! frames and positions as points in space. Finds rows and residues; does not measure them.

use std::ops::Range;

use super::comparison::FieldComparison;
use super::fields::{BothResponses, STRUCTURES, by_gates};
use super::placed::{Placed, Traces, measure_placed, points_of};
use super::rows::{JudgedRows, NORM_RATIO, RowPlace, measure_rows};
use super::structure::mask;
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::contract::{FieldKind, FieldSpec, Holds};
use crate::prediction::{ArrayOrigin, Axes, Gates, Leaf, field_of};
use crate::tensor::{ContentHash, KeptRows, Tensor};

/// The content and axes of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldLayout {
    holds: Holds,
    axes: Axes,
}

impl FieldLayout {
    /// The layout of a field; `None` if its elements are compared one by one.
    pub(crate) fn of(field: &FieldSpec) -> Option<Self> {
        let is_array = matches!(field.kind, FieldKind::Array | FieldKind::Arrays);
        (is_array && field.holds != Holds::Numbers).then(|| Self { holds: field.holds, axes: Axes::of(field) })
    }

    /// Whether it holds frames or positions.
    pub(crate) const fn is_placed(&self) -> bool {
        matches!(self.holds, Holds::Frames | Holds::Positions)
    }

    /// Compares an array such as `s_s`, or `pae[0]`. Returns `None` if the model has no gates for it, or if the sides are equal or
    /// of different shapes.
    pub(super) fn judge(
        &self,
        path: &str,
        sides: BothResponses<'_>,
        gates: &Gates,
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
        by_gates(path, self.measure(path, sides, gates, floor)?)
    }

    /// The metrics behind [`Self::judge`].
    pub(super) fn measure(
        &self,
        path: &str,
        sides: BothResponses<'_>,
        gates: &Gates,
        floor: &NoiseFloor,
    ) -> Option<Vec<MetricValue>> {
        let BothResponses { expected, actual, .. } = sides;
        let got = actual.array(path)?;
        let samples = samples_of(path, self, got)?;
        let are_confident = |sample| {
            let least = gates.structure?.confidence;
            let (Some(one), Some(other)) = sides.confidences_of(sample) else { return None };
            (one.len() == other.len()).then(|| mask(&one, &other, least))
        };
        let confident: Vec<Option<Vec<bool>>> = samples.clone().map(are_confident).collect();
        let place = |flat: usize, tensor: &Tensor| RowPlace::of(&tensor.position(flat), &self.axes, samples.start);
        if self.is_placed() {
            let points = points_of(self.holds, expected.array(path)?).zip(points_of(self.holds, got))?;
            let step = got.len().checked_div(points.0.len())?;
            let places: Vec<RowPlace> = (0..points.0.len()).map(|frame| place(frame * step, got)).collect();
            let traces = samples.clone().map(|sample| {
                let (one, other) = sides.structures(&format!("{STRUCTURES}[{sample}]"))?;
                Traces::of(one, other)
            });
            let traces: Vec<Traces> = traces.map(Option::unwrap_or_default).collect();
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
            // The elements of most rows are not recorded, but a length that is not finite shows those that are not.
            if before.lengths.iter().zip(&after.lengths).any(|(one, other)| one.is_finite() && !other.is_finite()) {
                return None;
            }
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

    /// How many neighbouring elements belong to the same residues.
    fn width(&self, tensor: &Tensor) -> usize {
        let last = self.axes.residues.iter().chain(&self.axes.batch).max();
        let inner = last.map_or(tensor.shape().len().saturating_sub(1), |axis| axis + 1);
        tensor.shape().get(inner..).unwrap_or_default().iter().product()
    }
}

/// The samples in the array at a path.
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
