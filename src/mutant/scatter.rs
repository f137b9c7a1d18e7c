//! Numbers that look like chance and are the same in every run: a mutant answers one call as it answered it before.

/// A number from −1 to 1 for a place.
pub(crate) fn scattered(place: usize) -> f64 {
    // The finaliser of SplitMix64, which spreads neighbouring places over the whole range.
    let mut bits = (place as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (bits >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fill_the_range_and_repeat() {
        let numbers: Vec<f64> = (0..1000).map(scattered).collect();
        assert!(numbers.iter().all(|number| (-1.0..=1.0).contains(number)));
        assert!(numbers.iter().sum::<f64>().abs() < 50.0);
        assert!(numbers.iter().any(|number| *number > 0.9) && numbers.iter().any(|number| *number < -0.9));
        assert_eq!(scattered(7).to_bits(), numbers[7].to_bits());
    }
}
