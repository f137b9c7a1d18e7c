//! How chains are docked to each other, where a model is sure of them. Measures; judges nothing.

use crate::metric::selection::{Part, is_docked, residue_of_atoms};
use crate::metric::{CONTACT, DockedPair, Point, dockq};
use crate::protein::Structure;

/// The least `DockQ` of any two chains that touch in the reference, by their confident residues. Chains of which less than half is
/// confident are no part of it; `None` where no two are left.
pub(crate) fn least_dockq(
    structure: &Structure,
    reference: &[Point],
    model: &[Point],
    confident: &[bool],
) -> Option<f64> {
    let residues = residue_of_atoms(structure);
    let kept = |atom: &usize| residues.get(*atom).and_then(|residue| confident.get(*residue)) == Some(&true);
    let chains = structure.chains().into_iter().filter_map(|(_, atoms)| {
        let docked: Vec<usize> = atoms.filter(|&atom| is_docked(structure, atom)).collect();
        let sure: Vec<usize> = docked.iter().copied().filter(kept).collect();
        (2 * sure.len() >= docked.len() && !sure.is_empty()).then_some(sure)
    });
    let chains: Vec<(Vec<usize>, BoundingBox)> = chains
        .map(|atoms| {
            let extent = BoundingBox::of(atoms.iter().filter_map(|&atom| reference.get(atom)));
            (atoms, extent)
        })
        .collect();
    let pairs =
        chains.iter().enumerate().flat_map(|(place, one)| chains[place + 1..].iter().map(move |other| (one, other)));
    // Of many chains most pairs are far apart, and need no look at their atoms.
    let near = pairs.filter(|(one, other)| one.1.is_within(CONTACT, &other.1));
    let scores = near.filter_map(|((one, _), (other, _))| {
        let atoms = [one.as_slice(), other.as_slice()].concat();
        let points =
            |all: &[Point]| -> Option<Vec<Point>> { atoms.iter().map(|&atom| all.get(atom).copied()).collect() };
        let backbone = atoms.iter().map(|&atom| Part::Backbone.contains(structure.atom_name[atom]));
        let pair = DockedPair {
            reference: &points(reference)?,
            model: &points(model)?,
            residues: &super::renumbered(atoms.iter().map(|&atom| residues[atom])),
            backbone: &backbone.collect::<Vec<bool>>(),
            first_chain: one.len(),
        };
        // Chains that do not touch have no interface.
        dockq(&pair).ok().map(|found| found.score)
    });
    scores.reduce(f64::min)
}

/// The box about a chain.
pub(super) struct BoundingBox {
    least: Point,
    greatest: Point,
}

impl BoundingBox {
    pub(super) fn of<'a>(points: impl Iterator<Item = &'a Point>) -> Self {
        let nothing = Self { least: [f32::INFINITY; 3], greatest: [f32::NEG_INFINITY; 3] };
        points.fold(nothing, |extent, point| Self {
            least: std::array::from_fn(|axis| extent.least[axis].min(point[axis])),
            greatest: std::array::from_fn(|axis| extent.greatest[axis].max(point[axis])),
        })
    }

    /// Whether the boxes come as near each other as that on every axis.
    pub(super) fn is_within(&self, distance: f64, other: &Self) -> bool {
        let gap = |axis: usize| (self.least[axis] - other.greatest[axis]).max(other.least[axis] - self.greatest[axis]);
        (0..3).all(|axis| f64::from(gap(axis)) <= distance)
    }
}
