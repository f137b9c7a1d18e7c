//! Measures how confident chains are docked to each other. Does not give a verdict.

use crate::metric::selection::{Part, is_docked, residue_of_atoms};
use crate::metric::{CONTACT, DockedPair, Point, dockq};
use crate::protein::Structure;

/// The least `DockQ` of any two chains that touch in the reference, by their confident residues. Chains of which less than half is
/// confident are left out. Returns `None` if no pair remains.
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
    let extent = |atoms: &[usize]| BoundingBox::of(atoms.iter().filter_map(|&atom| reference.get(atom)));
    let chains: Vec<(BoundingBox, Vec<usize>)> = chains.map(|atoms| (extent(&atoms), atoms)).collect();
    let pairs =
        chains.iter().enumerate().flat_map(|(place, one)| chains[place + 1..].iter().map(move |other| (one, other)));
    // Most pairs of many chains are far apart, so their atoms can be skipped.
    let near = pairs.filter(|(one, other)| one.0.is_within(CONTACT, &other.0));
    let scores = near.filter_map(|((_, one), (_, other))| {
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
