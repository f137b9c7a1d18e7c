//! The values a number may have: between limits that are included or excluded.

use std::fmt;
use std::ops::Bound;

use super::number::show;

/// Limits of a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The lower limit.
    pub(crate) least: Bound<f64>,
    /// The upper limit.
    pub(crate) greatest: Bound<f64>,
}

impl Bounds {
    /// Both limits included.
    pub(crate) const fn between((least, greatest): (f64, f64)) -> Self {
        Self { least: Bound::Included(least), greatest: Bound::Included(greatest) }
    }

    /// Whether some number lies within and some does not.
    pub(crate) fn can_be_broken(&self) -> bool {
        let value = |bound: Bound<f64>, unbounded: f64| match bound {
            Bound::Included(limit) | Bound::Excluded(limit) => limit,
            Bound::Unbounded => unbounded,
        };
        let (least, greatest) = (value(self.least, f64::NEG_INFINITY), value(self.greatest, f64::INFINITY));
        let excludes_one = [self.least, self.greatest].iter().any(|bound| matches!(bound, Bound::Excluded(_)));
        (least.is_finite() || greatest.is_finite()) && (least < greatest || (!excludes_one && least <= greatest))
    }

    /// How far a number lies outside: above 0 if it does, NaN for NaN.
    #[expect(clippy::float_cmp, reason = "an excluded limit excludes exactly itself")]
    pub(crate) fn excess(&self, value: f64) -> f64 {
        if value.is_nan() {
            return f64::NAN;
        }
        let beyond = |bound: Bound<f64>, sign: f64| match bound {
            Bound::Unbounded => 0.0,
            Bound::Excluded(limit) if value == limit => f64::MIN_POSITIVE,
            Bound::Included(limit) | Bound::Excluded(limit) => sign * (value - limit),
        };
        beyond(self.least, -1.0).max(beyond(self.greatest, 1.0)).max(0.0)
    }
}

/// `in [0, 1]`, `at least 0`, `above 0`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |bound: Bound<f64>, included: &str, excluded: &str| match bound {
            Bound::Included(limit) if limit.is_finite() => Some(format!("{included} {}", show(limit))),
            Bound::Excluded(limit) if limit.is_finite() => Some(format!("{excluded} {}", show(limit))),
            _ => None,
        };
        match (words(self.least, "at least", "above"), words(self.greatest, "at most", "below")) {
            (Some(least), Some(greatest)) => match (self.least, self.greatest) {
                (Bound::Included(least), Bound::Included(greatest)) => {
                    write!(f, "in [{}, {}]", show(least), show(greatest))
                }
                _ => write!(f, "{least} and {greatest}"),
            },
            (Some(only), None) | (None, Some(only)) => f.write_str(&only),
            (None, None) => f.write_str("any number"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_as_they_say() {
        let unit = Bounds::between((0.0, 1.0));
        let breaks = |bounds: &Bounds, value: f64| bounds.excess(value) > 0.0;
        assert_eq!([0.0, 1.0, 1.5, -2.0].map(|value| breaks(&unit, value)), [false, false, true, true]);
        assert!(unit.excess(f64::NAN).is_nan());
        let positive = Bounds { least: Bound::Excluded(0.0), greatest: Bound::Unbounded };
        assert_eq!([0.0, 1e-300, f64::INFINITY].map(|value| breaks(&positive, value)), [true, false, false]);
    }

    #[test]
    fn limits_read_as_a_phrase() {
        assert_eq!(Bounds::between((0.0, 1.0)).to_string(), "in [0, 1]");
        assert_eq!(Bounds { least: Bound::Excluded(0.0), greatest: Bound::Unbounded }.to_string(), "above 0");
        let half_open = Bounds { least: Bound::Included(0.0), greatest: Bound::Excluded(1.0) };
        insta::assert_snapshot!(half_open, @"at least 0 and below 1");
        assert_eq!(Bounds::between((0.0, f64::INFINITY)).to_string(), "at least 0");
    }

    #[test]
    fn limits_that_nothing_breaks_or_keeps_are_told() {
        assert!(!Bounds { least: Bound::Unbounded, greatest: Bound::Unbounded }.can_be_broken());
        assert!(!Bounds::between((1.0, 0.0)).can_be_broken());
        assert!(Bounds::between((0.0, 0.0)).can_be_broken());
    }
}
