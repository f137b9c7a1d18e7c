//! Atoms of two structures side by side, and how far they lie apart. Knows no causes.

use super::share;
use crate::metric::{Point, superpose};
use crate::protein::{Label, Structure};

/// The fewest points that have a shape.
pub(super) const FEWEST: usize = 4;

/// Atoms of two structures that correspond, and how far they lie apart.
pub(super) struct Points {
    pub(crate) expected: Vec<Point>,
    pub(crate) actual: Vec<Point>,
    /// The run of residues that each is in, where it is known: neighbours are of one run.
    pub(crate) runs: Vec<usize>,
    /// Root mean square distance after superposition.
    pub(crate) superposed: f64,
    /// Radius of gyration of the expected points.
    pub(crate) size: f64,
}

impl Points {
    pub(crate) fn new(expected: Vec<Point>, actual: Vec<Point>) -> Option<Self> {
        if expected.len() < FEWEST {
            return None;
        }
        Some(Self {
            superposed: superpose(&actual, &expected).ok()?.rmsd,
            size: radius_of_gyration(&expected),
            expected,
            actual,
            runs: Vec::new(),
        })
    }

    pub(crate) fn share(&self, residual: f64) -> Option<f64> {
        share(residual, self.superposed, self.size)
    }
}

/// What names an atom within its residue's chain, apart from the number.
pub(super) fn name(structure: &Structure, atom: usize) -> (Label, Label) {
    (structure.res_name[atom], structure.atom_name[atom])
}

pub(super) fn radius_of_gyration(points: &[Point]) -> f64 {
    let count = points.len().max(1) as f64;
    let centre = [0, 1, 2].map(|axis| points.iter().map(|point| f64::from(point[axis])).sum::<f64>() / count);
    let squares =
        points.iter().map(|point| (0..3).map(|axis| (f64::from(point[axis]) - centre[axis]).powi(2)).sum::<f64>());
    (squares.sum::<f64>() / count).sqrt()
}
