//! What repeats on one platform differ by, and how much more another one may: numbers as they were measured and configured.
//! Judges nothing.

use std::collections::BTreeMap;

/// The worst that any pair of repeats gave, by the key of the measure.
pub(crate) type Worst = BTreeMap<String, f64>;

/// What repeats give in one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// At worst.
    pub worst: f64,
    /// Repeats are few, so that another one may differ a little more than any of them: up to this many times the worst is no
    /// difference yet.
    pub(crate) slack: f64,
}

/// What repeats of one value give, by the key of the measure.
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseFloor {
    worst: Worst,
    slack: f64,
}

impl NoiseFloor {
    /// Of a value without repeats.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { worst: Worst::new(), slack: 1.0 }
    }

    /// What was measured, with the slack that is allowed.
    pub(crate) const fn new(worst: Worst, slack: f64) -> Self {
        Self { worst, slack }
    }

    /// What repeats give in a measure, where that is known.
    pub(crate) fn get(&self, key: &str) -> Option<Noise> {
        let worst = *self.worst.get(key)?;
        Some(Noise { worst, slack: self.slack })
    }
}

/// The floors of several values, by path.
pub(crate) fn with_slack(fields: BTreeMap<String, Worst>, slack: f64) -> BTreeMap<String, NoiseFloor> {
    let floors = fields.into_iter();
    floors.map(|(path, worst)| (path, NoiseFloor::new(worst, slack))).collect()
}
