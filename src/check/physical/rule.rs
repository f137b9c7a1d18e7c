//! One rule of geometry with the residues that violate it: how many are allowed, which are the worst, what may be the cause. Does not
//! measure structures.

use super::super::number::show;
use crate::diagnosis::MistakeKind;

/// One rule and the residues that violate it.
#[derive(Debug)]
pub(super) struct Rule {
    /// What is wrong with residues that violate it.
    pub(super) words: &'static str,
    /// Unit of the values, with a space before it.
    pub(super) unit: &'static str,
    /// The number of residues that could violate it.
    pub(super) total: usize,
    /// Residue, value and excess of each violation.
    pub(super) broken: Vec<(usize, f64, f64)>,
    /// The greatest allowed fraction.
    fraction: f64,
    kind: RuleKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    /// A fraction of the residues is allowed to violate the rule.
    Fraction,
    /// No violation is allowed.
    Every,
    /// A fraction, and most violations together mean a mirror image.
    Hand,
    /// A fraction of coordinates that lost their digits.
    Digits,
    /// A fraction of centres of side chains. A violation means two swapped neighbours.
    Branches,
}

impl Rule {
    pub(super) const fn new(words: &'static str, unit: &'static str, fraction: f64, kind: RuleKind) -> Self {
        Self { words, unit, total: 0, broken: Vec::new(), fraction, kind }
    }

    /// Judges one residue by how far a value is beyond the limit. NaN counts as the greatest excess.
    pub(super) fn see(&mut self, residue: usize, value: f64, excess: f64) {
        self.total += 1;
        if excess > 0.0 || excess.is_nan() {
            let excess = if excess.is_nan() { f64::INFINITY } else { excess };
            self.broken.push((residue, value, excess));
        }
    }

    /// Whether more residues violate the rule than allowed. The fraction is rounded up, so that a stray residue of a short chain is
    /// allowed. More than half never are, however few there are.
    pub(super) fn is_broken(&self) -> bool {
        let share = (self.fraction * self.total as f64).ceil() as usize;
        let allowed = if self.kind == RuleKind::Every { 0 } else { share.min(self.total / 2) };
        self.broken.len() > allowed
    }

    /// What is allowed, as text.
    pub(super) fn bound(&self) -> String {
        if self.kind == RuleKind::Every { "none".to_owned() } else { format!("{} %", show(100.0 * self.fraction)) }
    }

    /// The residues with the greatest excess, with their values.
    pub(super) fn worst(&self, number: usize) -> Vec<(usize, f64)> {
        let mut broken = self.broken.clone();
        broken.sort_by(|one, other| other.2.total_cmp(&one.2));
        broken.into_iter().take(number).map(|(residue, value, _)| (residue, value)).collect()
    }

    /// The likely cause.
    pub(super) fn hint(&self) -> Option<String> {
        let negative = || self.broken.iter().filter(|(_, value, _)| *value < 0.0).count();
        match self.kind {
            RuleKind::Digits => {
                let place = MistakeKind::LowerPrecision.place();
                Some(format!("likely cause: coordinates rounded to half precision; look at {place}"))
            }
            RuleKind::Branches => Some("two atoms of a branch seem to have each other's names or places".to_owned()),
            RuleKind::Hand if 2 * negative() > self.total => Some(
                "most residues have the wrong hand: the structure is a mirror image, or CB took C's place".to_owned(),
            ),
            _ => None,
        }
    }
}
