//! A small deterministic generator and a hash to seed it. Not for secrets, not for statistics that must be exact.

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): one 64-bit state, equal sequences on every platform.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        // 53 bits fill the mantissa exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `[-1, 1)`.
    pub(super) fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
}

/// A seed from parts, each of which changes all of it.
pub(super) fn seed_of(parts: &[u64]) -> u64 {
    parts.iter().fold(GAMMA, |seed, &part| mix(seed ^ mix(part.wrapping_add(GAMMA))))
}

/// One number from parts, uniform in `[-1, 1)`.
pub(super) fn chance(parts: &[u64]) -> f64 {
    Random::new(seed_of(parts)).signed()
}

/// A number from text, the same everywhere: FNV-1a (Fowler, Noll and Vo) over its bytes, then mixed.
pub(super) fn hash_text(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    mix(hash)
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_published_sequence() {
        // Reference outputs of the authors' code for seed 1234567.
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn seeds_depend_on_every_part_and_on_order() {
        assert_ne!(seed_of(&[1, 2]), seed_of(&[2, 1]));
        assert_ne!(seed_of(&[1, 2]), seed_of(&[1, 3]));
        assert_ne!(hash_text("ACD"), hash_text("ADC"));
    }
}
