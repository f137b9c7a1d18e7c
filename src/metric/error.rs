//! The reasons why a metric has no value, and the checks of inputs. No metric panics or returns NaN for finite numbers.

/// Input for which a metric is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetricError {
    /// Fewer entries than the metric needs.
    #[error("needs at least {needed} {what}, got {found}")]
    TooFew {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there must be.
        needed: usize,
    },
    /// Two sides that must correspond one to one do not.
    #[error("{first} {what} cannot be compared with {second}")]
    DifferentLengths {
        /// What is counted.
        what: &'static str,
        /// Entries on the first side.
        first: usize,
        /// Entries on the second side.
        second: usize,
    },
    /// An entry is NaN or infinite.
    #[error("{what} {index} is not finite")]
    NotFinite {
        /// What the entry is.
        what: &'static str,
        /// Its index in its slice.
        index: usize,
    },
    /// The entries do not form the shape the metric works on, or an index points outside them.
    #[error("{0}")]
    Malformed(&'static str),
    /// All entries are equal, so that nothing can vary together with them.
    #[error("the values do not vary")]
    Constant,
}

/// A position in space in ångström.
pub type Point = [f32; 3];

/// Checks that two sets of points correspond, number at least `needed`, and are finite.
pub(super) fn check_points(first: &[Point], second: &[Point], needed: usize) -> Result<(), MetricError> {
    check_lengths("points", first.len(), second.len())?;
    check_number("points", first.len(), needed)?;
    check_finite(first)?;
    check_finite(second)
}

pub(super) const fn check_lengths(what: &'static str, first: usize, second: usize) -> Result<(), MetricError> {
    if first == second { Ok(()) } else { Err(MetricError::DifferentLengths { what, first, second }) }
}

pub(super) const fn check_number(what: &'static str, found: usize, needed: usize) -> Result<(), MetricError> {
    if found < needed { Err(MetricError::TooFew { what, found, needed }) } else { Ok(()) }
}

pub(super) fn check_finite(points: &[Point]) -> Result<(), MetricError> {
    // Without an early exit this compiles to vector instructions, which matters next to a superposition of microseconds.
    let finite = points.as_flattened().iter().fold(true, |finite, coordinate| finite & coordinate.is_finite());
    if finite {
        return Ok(());
    }
    let broken = |point: &Point| point.iter().any(|coordinate| !coordinate.is_finite());
    match points.iter().position(broken) {
        Some(index) => Err(MetricError::NotFinite { what: "point", index }),
        None => Ok(()),
    }
}
