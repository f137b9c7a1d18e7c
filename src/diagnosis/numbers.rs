//! Two arrays as numbers, how far they are apart, and numbers rounded to formats of fewer bits. Does not know causes.

use half::{bf16, f16};

use super::share;

/// Rows of fewer elements may be alike by chance, and must match exactly.
pub(super) const TELLING: usize = 4;

/// Two arrays of one shape in double precision, and how far they are apart.
pub(super) struct Numbers<'a> {
    pub(crate) shape: &'a [usize],
    pub(crate) expected: &'a [f64],
    pub(crate) actual: &'a [f64],
    /// Root mean square of the differences.
    pub(crate) difference: f64,
    /// Standard deviation of the expected values, or their size if they do not vary.
    pub(crate) spread: f64,
}

impl<'a> Numbers<'a> {
    pub(crate) fn new(shape: &'a [usize], expected: &'a [f64], actual: &'a [f64]) -> Self {
        Self { shape, expected, actual, difference: distance(expected, actual), spread: spread(expected) }
    }

    /// The share that is explained if `mistaken` is the expected result after the mistake.
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

/// A name and the rounding behind it.
type NamedFormat = (&'static str, fn(f64) -> f64);

/// Ways in which hardware or software keeps fewer bits than float32.
pub(super) const FORMATS: [NamedFormat; 5] = [
    ("float16", |value| f16::from_f64(value).to_f64()),
    ("TF32", tf32),
    ("TF32 (cut off)", |value| cut(value, 13)),
    ("bfloat16", |value| bf16::from_f64(value).to_f64()),
    ("bfloat16 (cut off)", |value| cut(value, 16)),
];

/// The nearest number with the ten bits of TF32, ties to even.
fn tf32(value: f64) -> f64 {
    let bits = (value as f32).to_bits();
    let half = 0xfff + ((bits >> 13) & 1);
    f64::from(f32::from_bits(bits.wrapping_add(half) & !0x1fff))
}

/// The number without the last bits of its float32.
fn cut(value: f64, bits: u32) -> f64 {
    f64::from(f32::from_bits((value as f32).to_bits() >> bits << bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_keep_their_bits() {
        let third = f64::from(1.0f32 / 3.0);
        for (name, round) in FORMATS {
            assert!((round(0.5) - 0.5).abs() < f64::EPSILON, "{name}");
            let error = (round(third) - third).abs() / third;
            let most = if name.starts_with("bf") { 1.0 / 128.0 } else { 1.0 / 1024.0 };
            assert!(error > 0.0 && error < most, "{name}: {error}");
        }
    }
}
