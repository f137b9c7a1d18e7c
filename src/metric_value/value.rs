//! One number by which two results are compared with each other: what was seen, what repeats of the reference differ by, what
//! is allowed. Judges numbers; computes none.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Noise, show};
use crate::prediction::contract::Tolerance;

/// What elements are allowed where repeats differ by `floor` already.
pub(crate) fn bound(tolerance: Tolerance, floor: Option<Noise>) -> Tolerance {
    Tolerance {
        absolute: floor.map_or(tolerance.absolute, |floor| tolerance.absolute.max(floor.slack * floor.worst)),
        ..tolerance
    }
}

/// How well two results agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MetricVerdict {
    /// They differ by no more than repeats do, or not at all.
    Indistinguishable,
    /// They differ by no more than the gates allow, or hardly more than repeats do.
    WithinTolerance,
    /// They are not the same.
    Different,
}

/// Which values of a measure are the better ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Distances and errors: 0 is perfect.
    Lower,
    /// Scores: 1 is perfect.
    Higher,
}

/// One number by which two results are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricValue {
    /// Its key, which is that of its gate.
    pub key: &'static str,
    /// What people call it.
    pub(crate) name: &'static str,
    /// Its unit with a space before it, or nothing.
    pub(crate) unit: &'static str,
    /// Which values are the better ones.
    pub(crate) better: Direction,
    /// What was seen.
    pub observed: f64,
    /// What repeats give at worst, where that is known.
    pub floor: Option<Noise>,
    /// What the gate allows at worst.
    pub(crate) allowed: f64,
}

impl Direction {
    /// The value that equal results give.
    pub(crate) const fn perfect(self) -> f64 {
        match self {
            Self::Lower => 0.0,
            Self::Higher => 1.0,
        }
    }
}

impl MetricValue {
    /// What this measure says by itself. A difference that repeats show too is none, whatever the gate says; NaN is one.
    #[must_use]
    pub fn verdict(&self) -> MetricVerdict {
        if self.reaches(self.floor.map_or(self.better.perfect(), |floor| floor.worst)) {
            MetricVerdict::Indistinguishable
        } else if self.reaches(self.allowed) || self.used() <= 1.0 {
            MetricVerdict::WithinTolerance
        } else {
            MetricVerdict::Different
        }
    }

    /// Makes it that of two equal results.
    pub(crate) const fn set_perfect(&mut self) {
        self.observed = self.better.perfect();
    }

    /// How much of what is allowed, or of what repeats show, is used up: 0 for a perfect match, 1 at the limit.
    pub(crate) fn used(&self) -> f64 {
        let from_perfect = |value: f64| match self.better {
            Direction::Lower => value,
            Direction::Higher => 1.0 - value,
        };
        let (observed, allowed) = (from_perfect(self.observed), from_perfect(self.allowed));
        let forgiven = self.floor.map_or(0.0, |floor| floor.slack * from_perfect(floor.worst));
        if observed <= 0.0 {
            0.0
        } else if observed.is_finite() {
            observed / allowed.max(forgiven)
        } else {
            f64::INFINITY
        }
    }

    fn reaches(&self, bound: f64) -> bool {
        match self.better {
            Direction::Lower => self.observed <= bound,
            Direction::Higher => self.observed >= bound,
        }
    }
}

impl fmt::Display for MetricVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Indistinguishable => "indistinguishable",
            Self::WithinTolerance => "within tolerance",
            Self::Different => "different",
        })
    }
}

/// `CA RMSD 0.54 Å, floor 0.003, allowed 0.05`.
impl fmt::Display for MetricValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.name, show(self.observed), self.unit)?;
        if let Some(floor) = self.floor {
            write!(f, ", floor {}", show(floor.worst))?;
        }
        let bound = match self.better {
            Direction::Lower => "",
            Direction::Higher => "at least ",
        };
        write!(f, ", allowed {bound}{}", show(self.allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(observed: f64, floor: Option<f64>) -> MetricValue {
        MetricValue {
            key: "rmsd",
            name: "RMSD",
            unit: " Å",
            better: Direction::Lower,
            observed,
            floor: floor.map(|worst| Noise { worst, slack: 1.5 }),
            allowed: 0.1,
        }
    }

    #[test]
    fn the_floor_comes_before_the_gate() {
        assert_eq!(distance(0.0, None).verdict(), MetricVerdict::Indistinguishable);
        assert_eq!(distance(0.05, None).verdict(), MetricVerdict::WithinTolerance);
        assert_eq!(distance(0.05, Some(0.06)).verdict(), MetricVerdict::Indistinguishable);
        assert_eq!(distance(0.2, Some(0.06)).verdict(), MetricVerdict::Different);
        assert_eq!(distance(0.2, Some(0.3)).verdict(), MetricVerdict::Indistinguishable);
        assert_eq!(distance(f64::NAN, Some(0.3)).verdict(), MetricVerdict::Different);
        let score = MetricValue { better: Direction::Higher, allowed: 0.9, ..distance(0.95, None) };
        assert_eq!(score.verdict(), MetricVerdict::WithinTolerance);
        assert!((score.used() - 0.5).abs() < 1e-12);
        assert!((distance(0.075, Some(0.2)).used() - 0.25).abs() < 1e-12);
        assert_eq!(distance(0.29, Some(0.2)).verdict(), MetricVerdict::WithinTolerance, "a rare repeat");
        assert_eq!(distance(0.31, Some(0.2)).verdict(), MetricVerdict::Different);
        let strict = MetricValue { floor: Some(Noise { worst: 0.2, slack: 1.0 }), ..distance(0.21, None) };
        assert_eq!(strict.verdict(), MetricVerdict::Different, "no slack is allowed");
        assert!(distance(f64::NAN, None).used().is_infinite());
        insta::assert_snapshot!(score, @"RMSD 0.95 Å, allowed at least 0.9");
        insta::assert_snapshot!(distance(0.2, Some(0.06)), @"RMSD 0.2 Å, floor 0.06, allowed 0.1");
    }
}
