//! A difference that lies in a few residues, while all others are right.

use super::points::{FEWEST, Points};
use super::{Cause, MistakeKind};
use crate::metric::selection::{Part, residue_of_atoms};
use crate::metric::{Point, Superposition, superpose};
use crate::protein::Structure;

/// The greatest number of residues, and the greatest share of all residues, that are a few.
const MOST: usize = 3;
const SHARE: f64 = 0.05;

/// The greatest part of the difference that may be left of the other residues.
const LEFT: f64 = 0.1;

/// The same if the few residues are far out: no other atom moved by a tenth of the distance of theirs.
const LEFT_OF_FEW: f64 = 0.4;

/// Names the residues, and tells whether only their side chains differ.
pub(super) fn of_few(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let points = Points::of_all(expected, actual)?;
    let residue_of = residue_of_atoms(expected);
    let residues = expected.residues();
    let most = MOST.min((SHARE * residues.len() as f64) as usize);
    let mut apart: Vec<usize> = Vec::new();
    let mut motion = superpose(&points.actual, &points.expected).ok()?;
    let difference = motion.rmsd;
    // They are left out one by one, the farthest first, because they distort the superposition of the others.
    for _ in 0..most {
        apart.push(farthest(&motion, &points, &residue_of, &apart)?);
        let kept = (0..expected.atoms()).filter(|&atom| !apart.contains(&residue_of[atom]));
        let (one, other): (Vec<Point>, Vec<Point>) =
            kept.map(|atom| (points.expected[atom], points.actual[atom])).unzip();
        if one.len() < FEWEST {
            return None;
        }
        motion = superpose(&other, &one).ok()?;
        // One atom among many changes the mean little although it is far out.
        let greatest = |is_apart: bool| {
            let distances = motion.distances(&points.actual, &points.expected).enumerate();
            let own = distances.filter(|(atom, _)| apart.contains(&residue_of[*atom]) == is_apart);
            own.map(|(_, distance)| distance).fold(0.0, f64::max)
        };
        let is_far_out = motion.rmsd <= LEFT_OF_FEW * difference && greatest(false) <= LEFT * greatest(true);
        if motion.rmsd <= LEFT * difference || is_far_out {
            apart.sort_unstable();
            return Some(name(expected, &points, &motion, &apart, 1.0 - motion.rmsd / difference));
        }
    }
    None
}

/// Both structures without the residue that lies farthest out, so that a mistake in the others shows.
pub(super) fn without_farthest(expected: &Structure, actual: &Structure) -> Option<(Structure, Structure)> {
    let points = Points::of_all(expected, actual)?;
    let residue_of = residue_of_atoms(expected);
    let motion = superpose(&points.actual, &points.expected).ok()?;
    let residue = farthest(&motion, &points, &residue_of, &[])?;
    let keep: Vec<bool> = residue_of.iter().map(|own| *own != residue).collect();
    let (mut one, mut other) = (expected.clone(), actual.clone());
    one.retain(&keep);
    other.retain(&keep);
    (one.atoms() >= FEWEST).then_some((one, other))
}

/// The residue with the atom that lies farthest, except for the known ones.
fn farthest(motion: &Superposition, points: &Points, residue_of: &[usize], known: &[usize]) -> Option<usize> {
    let distances = motion.distances(&points.actual, &points.expected).enumerate();
    let others = distances.filter(|(atom, _)| !known.contains(&residue_of[*atom]));
    others.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(atom, _)| residue_of[atom])
}

fn name(expected: &Structure, points: &Points, motion: &Superposition, apart: &[usize], share: f64) -> Cause {
    let residues = expected.residues();
    let distances: Vec<f64> = motion.distances(&points.actual, &points.expected).collect();
    let names: Vec<String> = apart
        .iter()
        .filter_map(|&residue| residues.get(residue))
        .map(|atoms| {
            let atom = atoms.start;
            format!("{} {} in chain {}", expected.res_name[atom], expected.res_id[atom], expected.chain_id[atom])
        })
        .collect();
    let greatest = distances.iter().copied().fold(0.0, f64::max);
    let in_backbone = apart.iter().filter_map(|&residue| residues.get(residue)).any(|atoms| {
        let mut backbone = atoms.clone().filter(|&atom| Part::Backbone.contains(expected.atom_name[atom]));
        backbone.any(|atom| distances[atom] > 2.0 * LEFT * greatest)
    });
    let what = match (in_backbone, names.len()) {
        (false, 1) => "only the side chain of",
        (false, _) => "only the side chains of",
        (true, _) => "only atoms of",
    };
    let what = format!("{what} {} moved", names.join(", "));
    Cause::new(MistakeKind::Local, what, share)
}
