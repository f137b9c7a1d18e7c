//! Whether two matrices of predicted aligned errors are the same: by their mean error between confident residues and between
//! all. Knows no structure.

use super::super::metrics::measured;
use super::plddt::mask;
use crate::measure::{Floor, Measure};
use crate::metric::{asymmetry, pae_error};
use crate::prediction::gates::StructureGates;

/// Fewer residues have too few pairs for a correlation to mean anything.
const FEWEST: usize = 10;

/// Holds a square matrix against the expected one; `confidences` are those of the residues on both sides. Of a matrix that has
/// not one row for each of them nothing is measured.
#[must_use]
pub fn compare(
    expected: &[f64],
    got: &[f64],
    confidences: (&[f64], &[f64]),
    gates: &StructureGates,
    floor: &Floor,
) -> Vec<Measure> {
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
    let chosen: Vec<usize> = (0..size).filter(|&place| confident[place]).collect();
    let gap = |row: usize, column: usize| (got[row * size + column] - expected[row * size + column]).abs();
    let mean = |own: &dyn Fn(usize) -> f64| chosen.iter().map(|&other| own(other)).sum::<f64>() / chosen.len() as f64;
    let means = chosen.iter().flat_map(|&place| {
        let row = mean(&|other| gap(place, other));
        let column = mean(&|other| gap(other, place));
        [row, column]
    });
    means.fold(0.0, |most: f64, mean| if mean <= most { most } else { mean })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::fixture::folded::declared;
    use crate::measure::Verdict;

    const SIZE: usize = 20;

    fn matrix(value: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let places = (0..SIZE * SIZE).map(|flat| ((flat / SIZE) as f64, (flat % SIZE) as f64));
        places.map(|(row, column)| value(row, column)).collect()
    }

    fn broken(expected: &[f64], got: &[f64]) -> Vec<&'static str> {
        let gates = declared("esmfold").gates.structure.unwrap();
        let sure = vec![0.9; SIZE];
        let measures = compare(expected, got, (&sure, &sure), &gates, &Floor::unknown());
        let broken = measures.iter().filter(|it| it.verdict() == Verdict::Different);
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
        assert_eq!(
            broken(&expected, &matrix(|row, column| own(column, row))),
            ["pae_asymmetry"]
        );
        // What was symmetric before cannot lose it, and a result may be less symmetric than expected.
        assert_eq!(broken(&symmetrised, &symmetrised), [""; 0]);
        assert_eq!(broken(&symmetrised, &expected), [""; 0]);
    }
}
