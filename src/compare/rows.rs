//! Measures rows of numbers against recorded ones by direction and length, which half precision preserves although single elements
//! vary. Rows of residues that a model is not sure of only count on average. Does not find the fields.

use super::metrics::measured;
use crate::metric::embedding_error;
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::Axes;
use crate::prediction::gates::EmbeddingGates;
use crate::tensor::Tensor;

/// The metric of the lengths of rows.
pub(crate) const NORM_RATIO: &str = "norm_ratio";

/// The rows of an array and which of them count.
pub(crate) struct JudgedRows {
    width: usize,
    /// For every row whether it counts by itself; `None` for padding of a sample with confidences, which never counts.
    counted: Vec<Option<bool>>,
}

impl JudgedRows {
    /// Rows of `width` elements at these places. `confident` tells for each sample which residues both sides are confident of. If
    /// there are none, all rows count.
    pub(crate) fn new(width: usize, places: impl Iterator<Item = RowPlace>, confident: &[Option<Vec<bool>>]) -> Self {
        let mut counted: Vec<Option<bool>> = places.map(|place| place.is_confident(confident)).collect();
        if !counted.contains(&Some(true)) {
            counted.iter_mut().flatten().for_each(|row| *row = true);
        }
        Self { width, counted }
    }

    /// The greatest difference from 1 of the ratio of the lengths of a counted row. Infinite if a length is not finite.
    pub(crate) fn greatest_change(&self, expected: &[f64], got: &[f64]) -> f64 {
        let pairs = expected.iter().zip(got).zip(&self.counted);
        let counted = pairs.filter(|(_, counted)| **counted == Some(true));
        let changes = counted.map(|((expected, got), _)| match (*expected > 0.0, *got > 0.0) {
            (false, false) if !expected.is_nan() && !got.is_nan() => 0.0,
            _ => (got / expected - 1.0).abs(),
        });
        changes.fold(0.0, |worst: f64, change| if change.is_nan() { f64::INFINITY } else { worst.max(change) })
    }

    /// Runs of neighbouring rows for which `which` holds, as ranges of elements.
    fn runs(&self, which: impl Fn(Option<bool>) -> bool) -> Vec<std::ops::Range<usize>> {
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for (row, _) in self.counted.iter().enumerate().filter(|(_, row)| which(**row)) {
            let (start, end) = (row * self.width, (row + 1) * self.width);
            match runs.last_mut() {
                Some(last) if last.end == start => last.end = end,
                _ => runs.push(start..end),
            }
        }
        runs
    }
}

/// The metrics of whole arrays: of counted rows the least cosine and the greatest change of length, and of all rows the mean cosine.
/// Returns `None` if they cannot be measured, for example because of numbers that are not finite.
pub(crate) fn measure_rows(
    expected: &Tensor,
    got: &Tensor,
    rows: &JudgedRows,
    gates: &EmbeddingGates,
    floor: &NoiseFloor,
) -> Option<Vec<MetricValue>> {
    if !expected.dtype().is_float() || expected.shape() != got.shape() || expected.dtype() != got.dtype() {
        return None;
    }
    let (expected, got) = (expected.to_f64()?, got.to_f64()?);
    let (mut least, mut ratio) = (1.0f64, 0.0f64);
    for run in rows.runs(|row| row == Some(true)) {
        let found = embedding_error(got.get(run.clone())?, expected.get(run)?, rows.width).ok()?;
        least = least.min(found.least_cosine.value);
        let ratios = [found.least_norm_ratio.value, found.greatest_norm_ratio.value];
        ratio = ratios.into_iter().fold(ratio, |worst, one| worst.max((one - 1.0).abs()));
    }
    let (mut sum, mut count) = (0.0, 0.0);
    for run in rows.runs(|row| row.is_some()) {
        let own = (run.len() / rows.width.max(1)) as f64;
        let found = embedding_error(got.get(run.clone())?, expected.get(run)?, rows.width).ok()?;
        sum += own * found.mean_cosine;
        count += own;
    }
    let of_gate = |key, observed| measured(key, observed, gates, floor);
    Some(vec![
        of_gate("cosine", least),
        of_gate(NORM_RATIO, ratio),
        of_gate("unmasked_cosine", if count > 0.0 { sum / count } else { 1.0 }),
    ])
}

/// The sample and residues of a row or frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowPlace {
    /// The sample, counted from the first of the array.
    pub(crate) sample: usize,
    /// One residue, or the two residues of a pair.
    pub(crate) residues: Vec<usize>,
    /// Indices along other axes before the residues, such as blocks.
    pub(crate) block: Vec<usize>,
}

impl RowPlace {
    pub(super) fn of(position: &[usize], axes: &Axes, first: usize) -> Self {
        let at = |axis: &usize| position.get(*axis).copied().unwrap_or(0);
        let innermost = axes.residues.iter().chain(&axes.batch).max().copied().unwrap_or(0);
        let other = |axis: &usize| !axes.residues.contains(axis) && axes.batch != Some(*axis);
        Self {
            // An array of a single sample has no sample axis.
            sample: axes.batch.map_or(0, |axis| at(&axis)).saturating_sub(first),
            residues: axes.residues.iter().map(at).collect(),
            block: (0..innermost).filter(other).map(|axis| at(&axis)).collect(),
        }
    }

    /// Whether all its residues are confident, which they are if the sample has no confidences. Returns `None` for padding, which cannot
    /// be told from residues if there are no confidences.
    pub(crate) fn is_confident(&self, confident: &[Option<Vec<bool>>]) -> Option<bool> {
        let Some(Some(own)) = confident.get(self.sample) else { return Some(true) };
        let own: Option<Vec<bool>> = self.residues.iter().map(|residue| own.get(*residue).copied()).collect();
        Some(own?.into_iter().all(|sure| sure))
    }
}
