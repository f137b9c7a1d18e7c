//! The confidences of the residues of a structure as fractions of 1, and their metrics. Does not give a verdict.

use std::ops::Range;

use super::super::metrics::measured;
use crate::metric::mean_absolute_error;
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::contract::{FactorRule, FactorScale};
use crate::prediction::gates::StructureGates;
use crate::protein::Structure;

/// One confidence per residue in the order of [`Structure::residues`]: from the temperature factors if `scale` tells how they carry
/// it, else from `plddt`. Returns `None` if neither covers every residue.
pub(crate) fn of_residues(
    structure: &Structure,
    scale: Option<FactorScale>,
    plddt: Option<&[f64]>,
) -> Option<Vec<f64>> {
    let residues = structure.residues();
    if let (Some(factors), Some(scale)) = (&structure.b_factor, scale) {
        let factor = |residue| Some(factor_of(structure, factors, residue, scale.rule)? / scale.greatest);
        return residues.iter().map(factor).collect();
    }
    plddt.filter(|plddt| plddt.len() == residues.len()).map(<[f64]>::to_vec)
}

/// The temperature factor that represents a residue; `None` if the column is too short.
pub(crate) fn factor_of(
    structure: &Structure,
    factors: &[f64],
    residue: &Range<usize>,
    rule: FactorRule,
) -> Option<f64> {
    match rule {
        FactorRule::Mean => {
            let own = factors.get(residue.clone()).filter(|own| !own.is_empty())?;
            Some(own.iter().sum::<f64>() / own.len() as f64)
        }
        FactorRule::Alpha | FactorRule::Each => {
            let atom = structure.atom_named(residue, "CA").unwrap_or(residue.start);
            factors.get(atom).copied()
        }
    }
}

/// The confidence of one of `structures` structures if a field holds `items` arrays. If several samples were drawn and only the first
/// became a structure, it is that of the first.
pub(crate) fn behind(items: &[Option<Vec<f64>>], structures: usize, index: usize) -> Option<Vec<f64>> {
    let per_structure = items.len().checked_div(structures)?;
    if per_structure * structures != items.len() {
        return None;
    }
    let own = items.chunks_exact(per_structure.max(1)).nth(index)?;
    own.first()?.clone()
}

/// Compares the confidences of residues with the expected ones, by the metrics that need no atoms.
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

/// For every residue whether both sides are confident of it.
pub(crate) fn mask(one: &[f64], other: &[f64], least: f64) -> Vec<bool> {
    one.iter().zip(other).map(|(one, other)| *one >= least && *other >= least).collect()
}

/// The mean absolute error of confidences. A value that is missing on both sides does not count; one that is missing on one side makes
/// the error NaN.
pub(super) fn confidence_error(expected: &[f64], got: &[f64]) -> f64 {
    let pairs = expected.iter().zip(got).filter(|(one, other)| !(one.is_nan() && other.is_nan()));
    let (expected, got): (Vec<f64>, Vec<f64>) = pairs.unzip();
    if expected.is_empty() { 0.0 } else { mean_absolute_error(&got, &expected).unwrap_or(f64::NAN) }
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
        let (got, expected) = (chosen(got), chosen(expected));
        measures.push(of_gate("plddt", mean_absolute_error(&got, &expected).unwrap_or(f64::NAN)));
        let gaps = got.iter().zip(&expected).map(|(got, expected)| (got - expected).abs());
        let greatest = gaps.fold(0.0, |most: f64, gap| if most.is_nan() || gap <= most { most } else { gap });
        measures.push(of_gate("plddt_max", greatest));
    }
    measures.push(of_gate("unmasked_plddt", confidence_error(expected, got)));
    let is_confident = |value: f64| value >= gates.confidence;
    // Crossing the gate by less than the tolerance of pLDDT does not count.
    let crosses = |from: &f64, to: &f64| {
        let is_near = from - to <= gates.plddt;
        is_confident(*from) && !is_confident(*to) && !is_near
    };
    let pairs = || expected.iter().zip(got);
    let lost = pairs().filter(|(expected, got)| crosses(expected, got)).count();
    let gained = pairs().filter(|(expected, got)| crosses(got, expected)).count();
    let size = expected.iter().filter(|value| is_confident(**value)).count();
    // A change by one residue does not count, however few there are.
    let change = match gained.abs_diff(lost) {
        0 | 1 => 0.0,
        change => change as f64 / size.max(1) as f64,
    };
    measures.push(of_gate("mask_size", change));
    measures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::complex::Complex;
    use crate::check::fixture::structure;

    #[test]
    fn temperature_factors_come_before_the_field() {
        let mut structure = structure(&Complex::parse("AC"));
        structure.b_factor = Some((0..structure.atoms()).map(|atom| atom as f64).collect());
        let by = |rule| FactorScale { greatest: 10.0, rule };
        assert_eq!(of_residues(&structure, Some(by(FactorRule::Alpha)), Some(&[0.5, 0.5])), Some(vec![0.1, 0.6]));
        // Five atoms of alanine, six of cysteine.
        assert_eq!(of_residues(&structure, Some(by(FactorRule::Mean)), None), Some(vec![0.2, 0.75]));
        assert_eq!(of_residues(&structure, None, Some(&[0.5, 0.25])), Some(vec![0.5, 0.25]));
        assert_eq!(of_residues(&structure, None, Some(&[0.5])), None);
    }

    #[test]
    fn what_both_sides_miss_is_no_error_of_confidence() {
        let nan = f64::NAN;
        let error = |expected: &[f64], got: &[f64]| vec![confidence_error(expected, got)];
        assert_eq!(error(&[0.5, nan], &[0.75, nan]), [0.25]);
        assert_eq!(error(&[nan], &[nan]), [0.0]);
        assert!(error(&[0.5, nan], &[0.5, 0.5])[0].is_nan());
    }

    #[test]
    fn of_several_samples_behind_one_structure_the_first_is_its_own() {
        let items = [Some(vec![0.5, 1.0]), Some(vec![0.0, 0.5])];
        assert_eq!(behind(&items, 2, 1), items[1]);
        assert_eq!(behind(&items, 1, 0), items[0]);
        assert_eq!(behind(&items, 3, 0), None);
        assert_eq!(behind(&items, 0, 0), None);
    }
}
