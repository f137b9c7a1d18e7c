//! Fixed pseudo-random weights that spread a few features over many. Named weights are the same everywhere and always.

/// A matrix of weights, one row per feature.
pub(super) struct Weights {
    values: Vec<f32>,
    width: usize,
}

impl Weights {
    /// Weights fixed by a name, such that features of variance 1 mix into values of variance 1.
    pub fn new(name: &str, features: usize, width: usize) -> Self {
        let mut random = Random::named(name);
        // A uniform number on [-1, 1) has the variance 1/3.
        let scale = (3.0 / features.max(1) as f32).sqrt();
        let values = (0..features * width).map(|_| scale * random.next()).collect();
        Self { values, width }
    }

    /// Adds the mixed features to `row`, which is as wide as the weights.
    pub fn add(&self, features: &[f32], row: &mut [f32]) {
        if self.width == 0 {
            return;
        }
        for (&feature, weights) in features.iter().zip(self.values.chunks_exact(self.width)) {
            if feature == 0.0 {
                continue;
            }
            for (value, weight) in row.iter_mut().zip(weights) {
                *value += feature * weight;
            }
        }
    }
}

/// The `SplitMix64` generator (Steele, Lea and Flood 2014, OOPSLA), seeded by the FNV-1a hash of a name.
pub(super) struct Random(u64);

impl Random {
    /// The sequence of a name.
    pub fn named(name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash)
    }

    /// The next number, uniform on [-1, 1).
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // The upper 24 bits fill the significand of a float exactly.
        (bits >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_keeps_the_variance() {
        let weights = Weights::new("test", 20, 4000);
        let mut row = vec![0.0; 4000];
        weights.add(&[1.0; 20], &mut row);
        let variance = row.iter().map(|value| value * value).sum::<f32>() / 4000.0;
        assert!((0.9..1.1).contains(&variance), "{variance}");
    }

    #[test]
    fn a_name_fixes_its_sequence() {
        let first = |name| Random::named(name).next();
        assert_eq!(first("a").to_bits(), first("a").to_bits());
        assert_ne!(first("a").to_bits(), first("b").to_bits());
    }
}
