//! The confidences of residues on two sides: of those that both are confident of and of all, on average and one by one. Measures;
//! judges nothing.

use super::super::metrics::measured;
use crate::metric::mean_absolute_error;
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::gates::StructureGates;

/// Holds confidences of residues against those expected; the measures that need no atoms.
pub(crate) fn compare_confidence(
    expected: &[f64],
    got: &[f64],
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Vec<MetricValue> {
    let mut measures = confidence_measures(expected, got, gates);
    for measure in &mut measures {
        measure.floor = floor.get(measure.key);
    }
    measures
}

pub(super) fn mask(one: &[f64], other: &[f64], least: f64) -> Vec<bool> {
    one.iter().zip(other).map(|(one, other)| *one >= least && *other >= least).collect()
}

pub(super) fn confidence_measures(expected: &[f64], got: &[f64], gates: &StructureGates) -> Vec<MetricValue> {
    let kept = mask(expected, got, gates.confidence);
    let chosen = |values: &[f64]| -> Vec<f64> {
        let chosen = values.iter().zip(&kept).filter(|(_, kept)| **kept);
        chosen.map(|(value, _)| *value).collect()
    };
    let of_gate = |key, observed| measured(key, observed, gates, &NoiseFloor::unknown());
    let mut measures = Vec::new();
    if kept.contains(&true) {
        let error = mean_absolute_error(&chosen(got), &chosen(expected)).unwrap_or(f64::NAN);
        measures.push(of_gate("plddt", error));
        let gaps = chosen(got).into_iter().zip(chosen(expected));
        let greatest = gaps.map(|(got, expected)| (got - expected).abs());
        let greatest = greatest.fold(0.0, |most: f64, gap| if most.is_nan() || gap <= most { most } else { gap });
        measures.push(of_gate("plddt_max", greatest));
    }
    let error = mean_absolute_error(got, expected).unwrap_or(f64::NAN);
    measures.push(of_gate("unmasked_plddt", error));
    // What crosses the gate by less than a pLDDT may differ anyway is no change.
    let is_confident = |value: f64| value >= gates.confidence;
    let crosses = |from: &f64, to: &f64| {
        let is_near = from - to <= gates.plddt;
        is_confident(*from) && !is_confident(*to) && !is_near
    };
    let pairs = || expected.iter().zip(got);
    let lost = pairs().filter(|(expected, got)| crosses(expected, got)).count();
    let gained = pairs().filter(|(expected, got)| crosses(got, expected)).count();
    let size = expected.iter().filter(|value| **value >= gates.confidence).count();
    // Neither is one more or less, however few there are.
    let change = match gained.abs_diff(lost) {
        0 | 1 => 0.0,
        change => change as f64 / size.max(1) as f64,
    };
    measures.push(of_gate("mask_size", change));
    measures
}
