//! Whether two matrices of predicted aligned errors are the same: by their mean error between confident residues and between
//! all. Knows no structure.

use super::{lower, mask};
use crate::measure::{Better, Floor, Measure};
use crate::metric::{pae_error, pearson};
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
    let mut measures = Vec::new();
    if confident.contains(&true) {
        measures.push(lower("pae", "PAE error", " Å", error(&confident), gates.pae));
    }
    let all = error(&vec![true; size]);
    measures.push(lower(
        "unmasked_pae",
        "PAE error of all residues",
        " Å",
        all,
        gates.unmasked_pae,
    ));
    if let Some(correlation) = asymmetry(expected, got, size) {
        measures.push(Measure {
            better: Better::Higher,
            ..lower(
                "pae_asymmetry",
                "correlation of PAE asymmetry",
                "",
                correlation,
                gates.pae_asymmetry,
            )
        });
    }
    for measure in &mut measures {
        measure.floor = floor.get(measure.key);
    }
    measures
}

/// The correlation of the parts that change sign when a matrix is transposed. Its errors are small beside those of the whole,
/// so that a transposed matrix may be as near as another machine's; but its sign is not. `None` where a side is symmetric.
fn asymmetry(expected: &[f64], got: &[f64], size: usize) -> Option<f64> {
    let odd = |matrix: &[f64]| -> Vec<f64> {
        let pairs = (0..size).flat_map(|row| (row + 1..size).map(move |column| (row, column)));
        pairs
            .map(|(row, column)| matrix[row * size + column] - matrix[column * size + row])
            .collect()
    };
    (size >= FEWEST)
        .then(|| pearson(&odd(got), &odd(expected)).ok())
        .flatten()
}
