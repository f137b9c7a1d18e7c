//! How far the signed sums and samples of two sketches lie apart, for those who judge arrays by more than their elements.
//! Compares nothing.

use std::ops::Range;

use super::Contents;
use super::sketch::ROWS;

/// A block of an array and how far its signed sum is from the recorded one; infinite where what is not finite differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Flat indices of its elements.
    pub range: Range<usize>,
    /// The difference of the sums: in the square, the expected squared distance of the two blocks.
    pub sum: f64,
}

impl Contents {
    /// The gaps between the array recorded at a path and another one; `None` where not both have a sketch, or of another size.
    #[must_use]
    pub fn gaps(&self, actual: &Self, path: &str) -> Option<Vec<Gap>> {
        let (recorded, actual) = (self.sketches.get(path)?, actual.sketches.get(path)?);
        if recorded.layout != actual.layout {
            return None;
        }
        let blocks = actual.layout.blocks();
        let of = |sums: &[f64], row: usize, block: usize| sums.get(row * blocks + block).copied();
        let gap = |block: usize| {
            let gap = of(&actual.sums, 0, block)? - of(&recorded.sums, 0, block)?;
            let odd = |sums: &[f64]| of(sums, ROWS, block).unwrap_or(0.0);
            let is_odd = odd(&actual.sums) - odd(&recorded.sums) != 0.0 || !gap.is_finite();
            Some(Gap {
                range: actual.layout.range(block),
                sum: if is_odd { f64::INFINITY } else { gap },
            })
        };
        (0..blocks).map(gap).collect()
    }

    /// The elements of the recorded array that its sketch keeps as they are, and the same of the other: flat index, recorded,
    /// actual. `None` where not both have a sketch, or of another size.
    #[must_use]
    pub fn samples(&self, actual: &Self, path: &str) -> Option<Vec<(usize, f64, f64)>> {
        let (recorded, actual) = (self.sketches.get(path)?, actual.sketches.get(path)?);
        if recorded.layout != actual.layout {
            return None;
        }
        let (before, after) = (recorded.samples.to_f64()?, actual.samples.to_f64()?);
        let pairs = before.into_iter().zip(after).enumerate();
        Some(
            pairs
                .map(|(at, (before, after))| (actual.layout.sample(at), before, after))
                .collect(),
        )
    }
}
