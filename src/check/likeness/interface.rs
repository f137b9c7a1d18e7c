//! How chains are docked to each other, where a model is sure of them. Measures; judges nothing.

use crate::metric::selection::{Part, residue_of_atoms};
use crate::metric::{DockedPair, Point, dockq};
use crate::protein::Structure;

/// More chains than this have too many pairs to look at all of them.
const MOST_CHAINS: usize = 12;

/// The least `DockQ` of any two chains that touch in the reference, by their confident residues. Chains of which less than half is
/// confident are no part of it; `None` where no two are left.
#[must_use]
pub fn least_dockq(structure: &Structure, reference: &[Point], model: &[Point], confident: &[bool]) -> Option<f64> {
    let residues = residue_of_atoms(structure);
    let kept = |atom: &usize| residues.get(*atom).and_then(|residue| confident.get(*residue)) == Some(&true);
    let chains = structure.chains().into_iter().filter_map(|(_, atoms)| {
        let all = atoms.len();
        let sure: Vec<usize> = atoms.filter(kept).collect();
        (2 * sure.len() >= all && !sure.is_empty()).then_some(sure)
    });
    let chains: Vec<Vec<usize>> = chains.take(MOST_CHAINS).collect();
    let pairs = chains
        .iter()
        .enumerate()
        .flat_map(|(place, one)| chains[place + 1..].iter().map(move |other| (one, other)));
    let scores = pairs.filter_map(|(one, other)| {
        let atoms = [one.as_slice(), other.as_slice()].concat();
        let points =
            |all: &[Point]| -> Option<Vec<Point>> { atoms.iter().map(|&atom| all.get(atom).copied()).collect() };
        let backbone = atoms
            .iter()
            .map(|&atom| Part::Backbone.contains(structure.atom_name[atom]));
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
