//! Measures the difference of two matrices of predicted aligned errors, between confident residues and between all. Does not need a
//! structure.

use super::super::metrics::measured;
use super::confidence::mask;
use crate::metric::{asymmetry, pae_error};
use crate::metric_value::{MetricValue, NoiseFloor};
use crate::prediction::gates::StructureGates;

/// With fewer residues there are too few pairs for a meaningful correlation.
const FEWEST: usize = 10;

/// Compares a square matrix with the expected one. `confidences` are those of the residues on both sides. Nothing is measured if a
/// matrix does not have one row for each of them.
#[must_use]
pub fn compare(
    expected: &[f64],
    got: &[f64],
    confidences: (&[f64], &[f64]),
    gates: &StructureGates,
    floor: &NoiseFloor,
) -> Vec<MetricValue> {
    let size = confidences.0.len();
    if confidences.1.len() != size || size * size != expected.len() || got.len() != expected.len() || size == 0 {
        return Vec::new();
    }
    let chains = vec![0; size];
    let error = |counted: &[bool]| pae_error(got, expected, &chains, counted).map_or(f64::NAN, |it| it.mean_absolute);
    let confident = mask(confidences.0, confidences.1, gates.confidence);
    let of_gate = |key, observed| measured(key, observed, gates, floor);
    let mut measures = Vec::new();
    if confident.contains(&true) {
        measures.push(of_gate("pae", error(&confident)));
        let row = worst_row(expected, got, &confident);
        measures.push(of_gate("pae_row", row));
    }
    let all = error(&vec![true; size]);
    measures.push(of_gate("unmasked_pae", all));
    let asymmetry = (size >= FEWEST).then(|| asymmetry(expected, got, size).ok()).flatten();
    if let Some(lost) = asymmetry.and_then(|it| it.lost) {
        measures.push(of_gate("pae_symmetry", lost));
    }
    if let Some(correlation) = asymmetry.and_then(|it| it.correlation) {
        measures.push(of_gate("pae_asymmetry", correlation));
    }
    measures
}

/// The greatest mean error of a confident row or column over the confident others.
fn worst_row(expected: &[f64], got: &[f64], confident: &[bool]) -> f64 {
    let size = confident.len();
    let mut columns = vec![0.0; size];
    let mut worst = 0.0f64;
    // NaN is worse than every number.
    let greater = |worst: f64, sum: f64| if worst.is_nan() || sum <= worst { worst } else { sum };
    // Row by row, because matrices are long and memory is read in order.
    let rows = expected.chunks_exact(size.max(1)).zip(got.chunks_exact(size.max(1)));
    for ((before, after), _) in rows.zip(confident).filter(|(_, sure)| **sure) {
        let mut sum = 0.0;
        for (((column, before), after), sure) in columns.iter_mut().zip(before).zip(after).zip(confident) {
            let gap = if *sure { (after - before).abs() } else { 0.0 };
            *column += gap;
            sum += gap;
        }
        worst = greater(worst, sum);
    }
    let chosen = confident.iter().filter(|sure| **sure).count();
    columns.into_iter().fold(worst, greater) / chosen.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::folded::declared;
    use crate::metric_value::MetricVerdict;

    const SIZE: usize = 20;

    fn matrix(value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let places = (0..SIZE * SIZE).map(|flat| ((flat / SIZE) as f64, (flat % SIZE) as f64));
        places.map(|(row, column)| value(row, column)).collect()
    }

    fn broken(expected: &[f64], got: &[f64]) -> Vec<&'static str> {
        let gates = declared("esmfold").gates.structure.unwrap();
        let sure = vec![0.9; SIZE];
        let measures = compare(expected, got, (&sure, &sure), &gates, &NoiseFloor::unknown());
        let broken = measures.iter().filter(|it| it.verdict() == MetricVerdict::Different);
        broken.map(|it| it.key).collect()
    }

    #[test]
    fn asymmetry_that_is_gone_or_turned_about_is_a_difference_of_its_own() {
        // Little enough asymmetry that the errors by themselves are within their gates.
        let own = |row: f64, column: f64| 0.3 + 0.05 * (row - column).abs() + 0.03 * (row * 0.7 - column).sin();
        let expected = matrix(own);
        let symmetrised = matrix(|row, column| f64::midpoint(own(row, column), own(column, row)));
        assert_eq!(broken(&expected, &expected), [""; 0]);
        assert_eq!(broken(&expected, &symmetrised), ["pae_symmetry"]);
        assert_eq!(broken(&expected, &matrix(|row, column| own(column, row))), ["pae_asymmetry"]);
        // What was symmetric before cannot lose it, and a result may be less symmetric than expected.
        assert_eq!(broken(&symmetrised, &symmetrised), [""; 0]);
        assert_eq!(broken(&symmetrised, &expected), [""; 0]);
    }
}
