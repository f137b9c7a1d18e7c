//! Numbers as formats of fewer bits hold them. Rounds; compares nothing.

use half::{bf16, f16};

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
