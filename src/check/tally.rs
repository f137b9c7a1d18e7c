//! Counts the elements of an array that break a rule and remembers the first and the worst, so that a message can say
//! how many, where and how bad without listing them.

/// An element and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    /// Flat index within its array.
    pub(crate) flat: usize,
    /// The value there.
    pub(crate) value: f64,
}

/// The elements that broke one rule.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// How many broke it.
    pub(crate) broken: usize,
    /// How many were looked at.
    pub(crate) seen: usize,
    /// The first that broke it.
    pub(crate) first: Option<Spot>,
    /// The one that broke it by most.
    pub(crate) worst: Option<Spot>,
    most: f64,
}

impl Tally {
    /// Counts an element that keeps the rule.
    pub(crate) const fn keep(&mut self) {
        self.seen += 1;
    }

    /// Counts an element that breaks the rule by `excess`; NaN counts as the greatest excess.
    pub(crate) fn break_by(&mut self, flat: usize, value: f64, excess: f64) {
        let spot = Spot { flat, value };
        self.seen += 1;
        self.broken += 1;
        self.first.get_or_insert(spot);
        if self.worst.is_none() || excess.is_nan() || excess > self.most {
            self.worst = Some(spot);
            self.most = if excess.is_nan() { f64::INFINITY } else { excess };
        }
    }

    /// Counts an element: `excess` is above 0 where it breaks the rule.
    pub(crate) fn judge(&mut self, flat: usize, value: f64, excess: f64) {
        if excess > 0.0 || excess.is_nan() {
            self.break_by(flat, value, excess);
        } else {
            self.keep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_worst_are_remembered() {
        let mut tally = Tally::default();
        for (flat, excess) in [0.0, 0.5, -1.0, 2.0, 1.0].into_iter().enumerate() {
            tally.judge(flat, excess, excess);
        }
        assert_eq!((tally.broken, tally.seen), (3, 5));
        assert_eq!(tally.first.map(|spot| spot.flat), Some(1));
        assert_eq!(tally.worst.map(|spot| spot.flat), Some(3));
        tally.judge(9, f64::NAN, f64::NAN);
        assert_eq!(tally.worst.map(|spot| spot.flat), Some(9));
    }
}
