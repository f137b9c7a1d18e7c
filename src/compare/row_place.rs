//! Which sample and residues a row or frame of an array is about. Looks at no values.

use crate::prediction::Axes;

/// What a row or frame is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowPlace {
    /// The sample, counted from the first of the array.
    pub(crate) sample: usize,
    /// Its residues: two of a pair.
    pub(crate) residues: Vec<usize>,
    /// What else the array counts before residues, such as blocks.
    pub(crate) block: Vec<usize>,
}

impl RowPlace {
    pub(super) fn of(position: &[usize], axes: &Axes, first: usize) -> Self {
        let at = |axis: &usize| position.get(*axis).copied().unwrap_or(0);
        let innermost = axes.residues.iter().chain(&axes.batch).max().copied().unwrap_or(0);
        let other = |axis: &usize| !axes.residues.contains(axis) && axes.batch != Some(*axis);
        Self {
            // An array of a single sample has no dimension for it, and its confidence stands alone.
            sample: axes.batch.map_or(0, |axis| at(&axis)).saturating_sub(first),
            residues: axes.residues.iter().map(at).collect(),
            block: (0..innermost).filter(other).map(|axis| at(&axis)).collect(),
        }
    }

    /// Whether all its residues are within their sample, and whether all are confident; where it is not known how sure the
    /// model is of a sample, all are.
    pub(crate) fn is_confident(&self, confident: &[Option<Vec<bool>>]) -> Option<bool> {
        match confident.get(self.sample) {
            Some(Some(own)) => {
                let own: Option<Vec<bool>> = self.residues.iter().map(|residue| own.get(*residue).copied()).collect();
                Some(own?.into_iter().all(|sure| sure))
            }
            _ => Some(true),
        }
    }
}
