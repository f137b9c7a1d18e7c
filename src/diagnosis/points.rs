//! Atoms of two structures side by side, and how far they are apart. Does not know causes.

use super::share;
use crate::metric::{Point, superpose};
use crate::protein::{Label, Structure};

/// The fewest points that have a shape.
pub(super) const FEWEST: usize = 4;

/// Atoms of two structures that correspond, and how far they are apart.
pub(super) struct Points {
    pub(crate) expected: Vec<Point>,
    pub(crate) actual: Vec<Point>,
    /// The run of residues of each atom, if it is known. Neighbours belong to one run.
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

    /// All atoms of two structures of one model that list the same atoms in the same order.
    pub(crate) fn of_all(expected: &Structure, actual: &Structure) -> Option<Self> {
        let is_single = |structure: &Structure| structure.model_count() == 1 && structure.uneven_column().is_none();
        let same = expected.atom_name == actual.atom_name && is_single(expected) && is_single(actual);
        if same { Self::new(expected.coord.clone(), actual.coord.clone()) } else { None }
    }

    pub(crate) fn share(&self, residual: f64) -> Option<f64> {
        share(residual, self.superposed, self.size)
    }
}

/// The names of an atom and of its residue.
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
