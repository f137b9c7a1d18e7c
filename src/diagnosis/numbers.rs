//! Two arrays as numbers, and how far they lie apart. Knows no causes.

use super::share;

/// Rows of fewer elements may look alike by chance; they must trade places exactly.
pub(super) const TELLING: usize = 4;

/// Two arrays of one shape as double precision, and how far they lie apart.
pub(super) struct Numbers<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) expected: &'a [f64],
    pub(crate) actual: &'a [f64],
    /// Root mean square of the differences.
    pub(crate) difference: f64,
    /// Standard deviation of the expected values; their size where they do not vary.
    pub(crate) spread: f64,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(shape: &'a [usize], expected: &'a [f64], actual: &'a [f64]) -> Self {
        Self { shape, expected, actual, difference: distance(expected, actual), spread: spread(expected) }
    }

    /// The share that is explained when `expected` would have been this.
    pub(crate) fn explained(&self, mistaken: impl Iterator<Item = f64>, unit: f64) -> Option<f64> {
        let squares = mistaken.zip(self.actual).map(|(a, b)| ((a - b) / unit).powi(2));
        let residual = (squares.sum::<f64>() / self.expected.len() as f64).sqrt();
        share(residual, self.difference, self.spread)
    }
}

/// Root mean square of the differences.
pub(super) fn distance(first: &[f64], second: &[f64]) -> f64 {
    let squares = first.iter().zip(second).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    (squares / first.len().max(1) as f64).sqrt()
}

/// Standard deviation, or the root mean square of values that do not vary.
pub(super) fn spread(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    if deviation > 1e-9 * mean.abs() { deviation } else { mean.abs() }
}
