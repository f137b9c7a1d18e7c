//! One number by which two results are compared: the observed value, the noise floor of repeats, and the allowed value. Gives
//! verdicts on numbers; does not compute metrics.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::show;
use crate::metric::{Difference, Extreme};
use crate::prediction::contract::Tolerance;

/// The tolerance of elements whose repeats already differ by `floor`.
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

/// Which values of a metric are better.
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
    /// The key in reports and floors.
    pub key: &'static str,
    /// The name in messages.
    pub(crate) name: &'static str,
    /// The unit with a leading space, or nothing.
    pub(crate) unit: &'static str,
    pub(crate) better: Direction,
    /// The value of this comparison.
    pub observed: f64,
    /// The worst value of repeats, if it is known.
    pub floor: Option<Noise>,
    /// The worst value that the gate allows.
    pub(crate) allowed: f64,
}

impl Direction {
    /// The value of equal results.
    pub(crate) const fn perfect(self) -> f64 {
        match self {
            Self::Lower => 0.0,
            Self::Higher => 1.0,
        }
    }
}

impl MetricValue {
    /// The verdict of this metric alone. A difference within the noise floor does not count, whatever the gate is. NaN is different.
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

    /// The used fraction of the allowed difference, or of the noise if that is greater: 0 for a perfect match, 1 at the limit.
    pub(crate) fn used(&self) -> f64 {
        let from_perfect = |value: f64| match self.better {
            Direction::Lower => value,
            Direction::Higher => 1.0 - value,
        };
        let (observed, allowed) = (from_perfect(self.observed), from_perfect(self.allowed));
        let noise = self.floor.map_or(0.0, |floor| floor.slack * from_perfect(floor.worst));
        if observed <= 0.0 {
            0.0
        } else if observed.is_finite() {
            observed / allowed.max(noise)
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

/// The worst value of any pair of repeats, by the key of the metric.
pub(crate) type Worst = BTreeMap<String, f64>;

/// The noise floor of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// The worst value of any pair of repeats.
    pub worst: f64,
    /// Factor for the worst value up to which a difference is noise: there are few repeats, and another one may differ more.
    pub(crate) slack: f64,
}

/// The noise floor of one value of a response, by the key of the metric.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseFloor {
    pub(crate) worst: Worst,
    pub(crate) slack: f64,
}

impl NoiseFloor {
    /// The floor of a value without repeats.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { worst: Worst::new(), slack: 1.0 }
    }

    /// The floor of a metric, if it is known.
    pub(crate) fn get(&self, key: &str) -> Option<Noise> {
        Some(Noise { worst: *self.worst.get(key)?, slack: self.slack })
    }
}

/// The floors of several values, by path.
pub(crate) fn with_slack(fields: BTreeMap<String, Worst>, slack: f64) -> BTreeMap<String, NoiseFloor> {
    fields.into_iter().map(|(path, worst)| (path, NoiseFloor { worst, slack })).collect()
}

/// The key of the greatest absolute difference of two elements.
pub(crate) const ABSOLUTE: &str = "absolute";

/// The difference of the element that uses most of its limit `absolute + relative · |expected|`. `found` must have been compared
/// within [`bound`].
pub(crate) fn of_elements(found: &Difference, tolerance: Tolerance, floor: Option<Noise>) -> MetricValue {
    // Without a relative tolerance, the floor is told apart from the limit.
    let absolute = if tolerance.relative > 0.0 { bound(tolerance, floor).absolute } else { tolerance.absolute };
    let limit = |extreme: &Extreme| {
        let slack = tolerance.relative * extreme.expected.abs();
        absolute + if slack.is_finite() { slack } else { 0.0 }
    };
    let measure = |observed: f64, allowed: f64| MetricValue {
        key: ABSOLUTE,
        name: "greatest difference",
        unit: "",
        better: Direction::Lower,
        observed,
        floor,
        allowed,
    };
    let Some(greatest) = &found.absolute else {
        return measure(0.0, tolerance.absolute);
    };
    let widest = measure(greatest.difference, limit(greatest));
    if floor.is_some_and(|floor| greatest.difference <= floor.worst) {
        return widest;
    }
    // A small element with a small difference may still use more of its limit.
    let relative = found
        .relative
        .as_ref()
        .map(|extreme| measure((extreme.actual - extreme.expected).abs(), limit(extreme)))
        .filter(|other| other.observed > floor.map_or(0.0, |floor| floor.worst) && other.used() > widest.used());
    let worst = relative.unwrap_or(widest);
    if !found.is_within() && worst.verdict() != MetricVerdict::Different {
        // Another element is beyond its limit, although neither extreme is.
        return measure(found.needed, tolerance.absolute);
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::difference;
    use crate::tensor::Tensor;

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

    fn measured(expected: &[f64], actual: &[f64], tolerance: (f64, f64), floor: Option<f64>) -> MetricValue {
        let (expected, actual) = (Tensor::vector(expected), Tensor::vector(actual));
        let (absolute, relative) = tolerance;
        let tolerance = Tolerance { absolute, relative };
        let floor = floor.map(|worst| Noise { worst, slack: 1.5 });
        let found = difference(&expected, &actual, bound(tolerance, floor).absolute, relative).unwrap();
        let measure = of_elements(&found, tolerance, floor);
        assert_eq!(found.is_within(), measure.verdict() != MetricVerdict::Different, "{measure}");
        measure
    }

    #[test]
    fn the_element_nearest_its_limit_tells() {
        let equal = measured(&[1.0, 2.0], &[1.0, 2.0], (0.1, 0.0), None);
        assert_eq!(equal.verdict(), MetricVerdict::Indistinguishable);
        let plain = measured(&[1.0, 2.0], &[1.0, 2.05], (0.1, 0.0), None);
        assert!((plain.observed - 0.05).abs() < 1e-12 && plain.verdict() == MetricVerdict::WithinTolerance);
        // 0.09 of 100 is little, 0.05 of 0.1 is half of what is allowed.
        let small = measured(&[100.0, 0.1], &[100.09, 0.15], (0.1, 0.1), None);
        assert!((small.allowed - 0.11).abs() < 1e-12, "{small}");
        let beyond = measured(&[100.0, 0.1, 1.0], &[100.09, 0.3, 1.0], (0.1, 0.1), None);
        assert_eq!(beyond.verdict(), MetricVerdict::Different);
    }

    #[test]
    fn the_verdict_is_that_of_the_elements() {
        // Neither the greatest absolute nor the greatest relative difference is beyond its limit, the middle one is.
        let hidden = measured(&[1000.0, 1.0, 1e-6], &[1010.0, 1.5, 2e-5], (0.1, 0.02), None);
        assert_eq!(hidden.verdict(), MetricVerdict::Different, "{hidden}");
        let noise = measured(&[1.0, 2.0], &[1.2, 2.1], (0.01, 0.0), Some(0.3));
        assert_eq!(noise.verdict(), MetricVerdict::Indistinguishable);
        // Floor and relative tolerance add up: 1.5 · 0.1 + 0.05 · 0.8 = 0.19.
        let both = measured(&[0.8], &[0.97], (0.05, 0.05), Some(0.1));
        assert_eq!(both.verdict(), MetricVerdict::WithinTolerance, "{both}");
        let nan = measured(&[1.0], &[f64::NAN], (0.01, 0.5), Some(0.3));
        assert_eq!(nan.verdict(), MetricVerdict::Different);
    }
}
