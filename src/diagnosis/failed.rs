//! Which aspect of two structures failed to agree, so that only its cause is looked for: the verdict is about confident residues, and the
//! noise of the others is many times the effect of a mistake among them.

use super::{Candidate, Cause, StructureFrame, assembly, local, structure};
use crate::metric::selection::residue_of_atoms;
use crate::protein::Structure;

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    /// Unknown: anything may have.
    Any,
    /// Positions of confident residues.
    Positions,
    /// How chains are placed relative to each other, while each of them is right.
    Assembly,
    /// Confidences alone, while all positions agree.
    Confidences,
}

/// What failed, and which residues it is about.
#[derive(Debug, Clone, Copy)]
pub struct Failed<'a> {
    /// What failed.
    pub aspect: Aspect,
    /// For every residue whether both sides are confident of it. `None` if that is unknown, so that all count.
    pub confident: Option<&'a [bool]>,
}

/// The cause of the failure. Returns `None` if no single mistake explains it.
#[must_use]
pub fn of_failed(
    expected: &Structure,
    actual: &Structure,
    frame: StructureFrame,
    candidates: &[Candidate<'_>],
    failed: Failed<'_>,
) -> Option<Cause> {
    let anywhere = || structure::of_structures(expected, actual, frame, candidates);
    let masked = failed.confident.and_then(|confident| Some((only(expected, confident)?, only(actual, confident)?)));
    match failed.aspect {
        Aspect::Any => anywhere(),
        Aspect::Confidences => structure::factors(expected, actual).or_else(anywhere),
        Aspect::Assembly => assembly::of_chains(expected, actual, true).or_else(anywhere),
        Aspect::Positions => {
            let (one, other) = masked.as_ref().map_or((expected, actual), |(one, other)| (one, other));
            structure::of_structures(one, other, frame, candidates)
                .or_else(|| masked.as_ref().and_then(|_| anywhere()))
                .or_else(|| local::of_few(one, other))
                .or_else(|| {
                    // A second mistake in one residue hides the mistake in all.
                    let (one, other) = local::without_farthest(one, other)?;
                    structure::of_structures(&one, &other, frame, candidates)
                })
        }
    }
}

/// The confident residues of a structure of one model. Returns `None` if all residues are confident, or if the marks belong to another
/// structure.
fn only(structure: &Structure, confident: &[bool]) -> Option<Structure> {
    let residues = residue_of_atoms(structure);
    let fits = structure.uneven_column().is_none()
        && structure.model_count() == 1
        && residues.last().map_or(0, |last| last + 1) == confident.len();
    if !fits || confident.iter().all(|sure| *sure) {
        return None;
    }
    let keep: Vec<bool> = residues.iter().map(|&residue| confident[residue]).collect();
    let mut kept = structure.clone();
    kept.retain(&keep);
    Some(kept)
}
