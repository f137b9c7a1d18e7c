//! Measures between results, as pure functions. Knows numbers and shapes, never files, backends or verdicts.

mod difference;

pub use difference::{Difference, Extreme, difference};
