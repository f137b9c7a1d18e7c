//! The values a number may have: between limits that may or may not be reached themselves.

use std::fmt;

use super::number::show;

/// Limits of a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bounds {
    least: Limit,
    greatest: Limit,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    value: f64,
    reached: Reach,
}

/// Whether a limit itself is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The limit may be reached.
    Inclusive,
    /// The limit may not be reached.
    Exclusive,
}

impl Bounds {
    /// No limits.
    pub(crate) const ANY: Self = Self {
        least: Limit { value: f64::NEG_INFINITY, reached: Reach::Inclusive },
        greatest: Limit { value: f64::INFINITY, reached: Reach::Inclusive },
    };

    /// Both limits allowed.
    pub(crate) const fn between(least: f64, greatest: f64) -> Self {
        Self::ANY.from(least, Reach::Inclusive).to(greatest, Reach::Inclusive)
    }

    /// With this lower limit.
    pub(crate) const fn from(mut self, value: f64, reached: Reach) -> Self {
        self.least = Limit { value, reached };
        self
    }

    /// With this upper limit.
    pub(crate) const fn to(mut self, value: f64, reached: Reach) -> Self {
        self.greatest = Limit { value, reached };
        self
    }

    /// Whether some number lies within and some does not.
    pub(crate) fn can_be_broken(&self) -> bool {
        let (least, greatest) = (self.least, self.greatest);
        let holds_one = least.reached == Reach::Inclusive && greatest.reached == Reach::Inclusive;
        let is_bounded = least.value.is_finite() || greatest.value.is_finite();
        is_bounded && (least.value < greatest.value || (holds_one && least.value <= greatest.value))
    }

    /// How far a number lies outside: above 0 when it does; NaN for NaN.
    #[expect(clippy::float_cmp, reason = "an exclusive limit excludes exactly itself")]
    pub(crate) fn excess(&self, value: f64) -> f64 {
        let on_the_edge = |limit: &Limit| limit.reached == Reach::Exclusive && value == limit.value;
        if value.is_nan() {
            return f64::NAN;
        }
        if on_the_edge(&self.least) || on_the_edge(&self.greatest) {
            return f64::MIN_POSITIVE;
        }
        (self.least.value - value).max(value - self.greatest.value).max(0.0)
    }
}

/// `in [0, 1]`, `at least 0`, `above 0`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, greatest) = (self.least, self.greatest);
        let word = |limit: Limit, inclusive: &str, exclusive: &str| {
            let word = match limit.reached {
                Reach::Inclusive => inclusive,
                Reach::Exclusive => exclusive,
            };
            format!("{word} {}", show(limit.value))
        };
        match (least.value.is_finite(), greatest.value.is_finite()) {
            (true, true) if least.reached == Reach::Inclusive && greatest.reached == Reach::Inclusive => {
                write!(f, "in [{}, {}]", show(least.value), show(greatest.value))
            }
            (true, true) => {
                write!(f, "{} and {}", word(least, "at least", "above"), word(greatest, "at most", "below"))
            }
            (true, false) => f.write_str(&word(least, "at least", "above")),
            (false, true) => f.write_str(&word(greatest, "at most", "below")),
            (false, false) => f.write_str("any number"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_as_they_say() {
        let unit = Bounds::between(0.0, 1.0);
        let breaks = |bounds: &Bounds, value: f64| bounds.excess(value) > 0.0;
        assert_eq!([0.0, 1.0, 1.5, -2.0].map(|value| breaks(&unit, value)), [false, false, true, true]);
        assert!(unit.excess(f64::NAN).is_nan());
        let positive = Bounds::ANY.from(0.0, Reach::Exclusive);
        assert_eq!([0.0, 1e-300, f64::INFINITY].map(|value| breaks(&positive, value)), [true, false, false]);
    }

    #[test]
    fn limits_read_as_a_phrase() {
        assert_eq!(Bounds::between(0.0, 1.0).to_string(), "in [0, 1]");
        assert_eq!(Bounds::ANY.from(0.0, Reach::Exclusive).to_string(), "above 0");
        let half_open = Bounds::ANY.from(0.0, Reach::Inclusive).to(1.0, Reach::Exclusive);
        insta::assert_snapshot!(half_open, @"at least 0 and below 1");
        assert_eq!(Bounds::between(0.0, f64::INFINITY).to_string(), "at least 0");
    }

    #[test]
    fn limits_that_nothing_breaks_or_keeps_are_told() {
        assert!(!Bounds::ANY.can_be_broken());
        assert!(!Bounds::between(1.0, 0.0).can_be_broken());
        assert!(Bounds::between(0.0, 0.0).can_be_broken());
    }
}
