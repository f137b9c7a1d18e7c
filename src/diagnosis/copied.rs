//! A chain that has the positions of another chain of the complex, or of the same chain of another result.

use super::points::{FEWEST, Points};
use super::{Candidate, Cause, MistakeKind};
use crate::metric::{Point, rmsd, superpose};
use crate::protein::Structure;

/// The most chains that are compared pairwise.
const MOST: usize = 64;
/// Two chains in one place are no farther apart than this part of their expected distance.
const SAME: f64 = 0.05;

/// Names the chain that lies in the place of another one, completely or as far as the other reaches.
pub(super) fn of_chains(expected: &Structure, actual: &Structure, points: &Points) -> Option<Cause> {
    let chains = expected.chains();
    if !(2..=MOST).contains(&chains.len()) || !are_alike(expected, actual) {
        return None;
    }
    for (place, (copy, own)) in chains.iter().enumerate() {
        for (origin, source) in chains.iter().take(place).chain(&chains[place + 1..]).map(|chain| (chain.0, &chain.1)) {
            let length = own.len().min(source.len());
            if length < FEWEST || 2 * length < own.len() {
                continue;
            }
            let part = |structure: &Structure, start: usize| -> Option<Vec<Point>> {
                Some(structure.coord.get(start..start + length)?.to_vec())
            };
            let apart = |structure: &Structure| -> Option<f64> {
                rmsd(&part(structure, own.start)?, &part(structure, source.start)?).ok()
            };
            if apart(actual)? > SAME * apart(expected)? {
                continue;
            }
            // The mistake must turn the expected result into the actual one.
            let mut mistaken = points.expected.clone();
            let positions = mistaken.get(source.start..source.start + length)?.to_vec();
            mistaken.get_mut(own.start..own.start + length)?.copy_from_slice(&positions);
            let residual = superpose(&points.actual, &mistaken).ok()?.rmsd;
            if let Some(share) = points.share(residual) {
                let what = format!("chain {copy} has the positions of chain {origin}");
                return Some(Cause::new(MistakeKind::Copied, what, share));
            }
        }
    }
    None
}

/// Names the chain that equals the chain of another result, while all other chains are right.
pub(super) fn of_candidates(
    expected: &Structure,
    actual: &Structure,
    points: &Points,
    candidates: &[Candidate<'_>],
) -> Option<Cause> {
    let chains = expected.chains();
    if chains.len() < 2 || !are_alike(expected, actual) {
        return None;
    }
    candidates.iter().find_map(|candidate| {
        let other = candidate.value.as_structure().filter(|other| are_alike(expected, other))?;
        chains.iter().find_map(|(name, own)| {
            let (source, came) = (other.coord.get(own.clone())?, points.actual.get(own.clone())?);
            let motion = superpose(source, came).ok()?;
            // A chain that is also as expected shows nothing.
            let as_expected = superpose(points.expected.get(own.clone())?, came).ok()?;
            if motion.rmsd > 0.1 * as_expected.rmsd {
                return None;
            }
            let rest: Vec<usize> = (0..expected.atoms()).filter(|atom| !own.contains(atom)).collect();
            let pick = |points: &[Point]| -> Vec<Point> {
                rest.iter().filter_map(|&atom| points.get(atom).copied()).collect()
            };
            let of_rest = superpose(&pick(&points.expected), &pick(&points.actual)).ok()?.rmsd;
            let squares = motion.rmsd.powi(2) * own.len() as f64 + of_rest.powi(2) * rest.len() as f64;
            let residual = (squares / expected.atoms() as f64).sqrt();
            let share = points.share(residual)?;
            Some(Cause::new(MistakeKind::Copied, format!("chain {name} equals that of {}", candidate.label), share))
        })
    })
}

/// Whether both list the same atoms in the same order, of one model.
fn are_alike(one: &Structure, other: &Structure) -> bool {
    one.atom_name == other.atom_name
        && one.model_count() == 1
        && other.model_count() == 1
        && other.uneven_column().is_none()
}
