//! A large array in a few thousand numbers: signed sums of its blocks and evenly spread samples. Made in one pass;
//! [`super::sketched`] says what two sketches tell about the arrays behind them.
//!
//! The signed sums are the tug-of-war sketch of Alon, Matias and Szegedy (The space complexity of approximating the
//! frequency moments, 1999), one per block: for pseudo-random signs `s`, the sum `Σ s·x` of a block is linear in the array,
//! so two sketches subtract to the sketch of the difference, whose expected square is the squared distance. A second row
//! has its own signs and a weight that grows with the place in the block: when one element changed, the ratio of the two
//! rows says which.

use std::ops::Range;

use super::statistics::{CHUNK, scan};
use crate::tensor::Tensor;

/// The most blocks an array is cut into.
const BLOCKS: usize = 512;
/// The most elements that are stored as they are.
const SAMPLES: usize = 512;
/// Rows of signed sums.
pub(super) const ROWS: usize = 2;
/// Signs are a fixed function of the index: a sketch made anywhere compares with one made anywhere else.
const SEEDS: [u64; ROWS] = [0x6879_6472_6f74_6573, 0x7420_736b_6574_6368];

/// How an array of a size is cut into blocks; a function of the size alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    total: usize,
    block: usize,
}

/// The sketch of one array of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketch {
    /// How the array is cut.
    pub layout: Layout,
    /// Signed sums, block after block for each row, and a third row that counts NaN as 1, +∞ as 2 and −∞ as 3 (signed as
    /// the first row) when any element is not finite; such elements are left out of the other rows.
    pub sums: Vec<f64>,
    /// Elements at the sampled positions, in their own type.
    pub samples: Tensor,
}

impl Layout {
    /// The layout of an array of this many elements: blocks of a whole number of words of 64 signs.
    #[must_use]
    pub const fn of(total: usize) -> Self {
        let block = total.div_ceil(BLOCKS).next_multiple_of(CHUNK);
        Self {
            total,
            block: if block == 0 { CHUNK } else { block },
        }
    }

    /// Elements in the array.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// How many blocks there are.
    #[must_use]
    pub const fn blocks(&self) -> usize {
        self.total.div_ceil(self.block)
    }

    /// The block an element lies in.
    #[must_use]
    pub const fn block_of(&self, index: usize) -> usize {
        index / self.block
    }

    /// The flat indices of a block.
    #[must_use]
    pub fn range(&self, block: usize) -> Range<usize> {
        let start = (block * self.block).min(self.total);
        start..(start + self.block).min(self.total)
    }

    /// How many elements are sampled.
    #[must_use]
    pub fn sample_count(&self) -> usize {
        self.total.min(SAMPLES)
    }

    /// The flat index of a sample: the middles of equal parts.
    #[must_use]
    pub fn sample(&self, at: usize) -> usize {
        // Through 128 bits, because the product may not fit the machine's width.
        let count = self.sample_count().max(1) as u128;
        ((2 * at as u128 + 1) * self.total as u128 / (2 * count)) as usize
    }

    /// The weight of the element at an offset into its block, in the second row: from 1 up to, not reaching, 2.
    pub(super) fn weight(&self, offset: usize) -> f64 {
        1.0 + offset as f64 * (1.0 / self.block as f64)
    }

    /// The offset into a block whose weight this is, when it is that of a whole offset.
    pub(super) fn offset_of_weight(&self, weight: f64) -> Option<usize> {
        let offset = (weight - 1.0) * self.block as f64;
        let whole = offset.round();
        ((offset - whole).abs() < 1e-3 && whole >= 0.0 && whole < self.block as f64).then_some(whole as usize)
    }
}

/// The sign of an element in a row: +1 or −1.
pub(super) fn sign(row: usize, index: usize) -> f64 {
    if signs(row, index / CHUNK) >> (index % CHUNK) & 1 == 0 {
        1.0
    } else {
        -1.0
    }
}

/// The signs of 64 consecutive elements as bits: `SplitMix64` (Steele, Lea and Flood 2014) of the word's number.
fn signs(row: usize, word: usize) -> u64 {
    let mut z = SEEDS[row].wrapping_add((word as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A sketch in the making.
pub(super) struct Builder {
    layout: Layout,
    rows: [Vec<f64>; ROWS],
    irregular: Option<Vec<f64>>,
}

impl Builder {
    pub(super) fn new(total: usize) -> Self {
        let layout = Layout::of(total);
        Self {
            layout,
            rows: [vec![0.0; layout.blocks()], vec![0.0; layout.blocks()]],
            irregular: None,
        }
    }

    /// Takes the next run of 64 elements, as [`scan`] hands them on.
    pub(super) fn add(&mut self, start: usize, values: &[f64]) {
        let block = self.layout.block_of(start);
        let offset = start % self.layout.block;
        let words = [signs(0, start / CHUNK), signs(1, start / CHUNK)];
        let (mut plain, mut weighted) = signed_sums(words, values, self.layout.weight(offset), self.layout.block);
        if !plain.is_finite() {
            self.count_irregular(start, values);
            let mut regular = [0.0; CHUNK];
            for (slot, value) in regular.iter_mut().zip(values) {
                *slot = if value.is_finite() { *value } else { 0.0 };
            }
            let regular = &regular[..values.len()];
            (plain, weighted) = signed_sums(words, regular, self.layout.weight(offset), self.layout.block);
        }
        for (row, sum) in self.rows.iter_mut().zip([plain, weighted]) {
            if let Some(total) = row.get_mut(block) {
                *total += sum;
            }
        }
    }

    fn count_irregular(&mut self, start: usize, values: &[f64]) {
        let blocks = self.layout.blocks();
        let counts = self.irregular.get_or_insert_with(|| vec![0.0; blocks]);
        for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
            let code = if value.is_nan() {
                1.0
            } else if *value > 0.0 {
                2.0
            } else {
                3.0
            };
            if let Some(count) = counts.get_mut(self.layout.block_of(start)) {
                *count += sign(0, start + at) * code;
            }
        }
    }

    pub(super) fn finish(self, tensor: &Tensor) -> Sketch {
        let mut sums = self.rows.concat();
        sums.extend(self.irregular.into_iter().flatten());
        Sketch {
            layout: self.layout,
            sums,
            samples: samples(tensor, self.layout),
        }
    }
}

/// The two signed sums of up to 64 values; `weight` is that of the first, growing by `1 / block` for each.
///
/// Four running sums per row, because one addition has to wait for the one before it.
fn signed_sums(mut words: [u64; ROWS], values: &[f64], mut weight: f64, block: usize) -> (f64, f64) {
    let step = 1.0 / block as f64;
    let signed = |value: f64, word: u64| f64::from_bits(value.to_bits() ^ (word << 63));
    let (mut plain, mut weighted) = ([0.0; 4], [0.0; 4]);
    let (quads, rest) = values.as_chunks::<4>();
    for quad in quads {
        for (lane, &value) in quad.iter().enumerate() {
            plain[lane] += signed(value, words[0] >> lane);
            weighted[lane] += signed(value, words[1] >> lane) * (weight + lane as f64 * step);
        }
        words = [words[0] >> 4, words[1] >> 4];
        weight += 4.0 * step;
    }
    for (lane, &value) in rest.iter().enumerate() {
        plain[lane] += signed(value, words[0] >> lane);
        weighted[lane] += signed(value, words[1] >> lane) * (weight + lane as f64 * step);
    }
    (plain.iter().sum(), weighted.iter().sum())
}

fn samples(tensor: &Tensor, layout: Layout) -> Tensor {
    let size = tensor.dtype().size();
    let count = layout.sample_count();
    let mut bytes = Vec::with_capacity(count * size);
    for at in 0..count {
        let index = layout.sample(at);
        bytes.extend_from_slice(tensor.bytes().get(index * size..(index + 1) * size).unwrap_or_default());
    }
    // Every index lies below the total, so exactly `count` elements were taken.
    Tensor::new(tensor.dtype(), vec![count], bytes.into()).unwrap_or_else(|_| Tensor::vector::<f64>(&[]))
}

/// Makes the sketch of an array of numbers in a pass of its own.
#[must_use]
pub fn sketch(tensor: &Tensor) -> Sketch {
    let mut builder = Builder::new(tensor.len());
    scan(tensor, |start, values| builder.add(start, values));
    builder.finish(tensor)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_element_once_and_samples_lie_within() {
        for total in [0, 1, 63, 64, 65, 4097, 32_768, 32_769, 6_000_001] {
            let layout = Layout::of(total);
            assert!(layout.blocks() <= BLOCKS);
            let covered: usize = (0..layout.blocks()).map(|block| layout.range(block).len()).sum();
            assert_eq!(covered, total);
            let samples: Vec<usize> = (0..layout.sample_count()).map(|at| layout.sample(at)).collect();
            assert!(samples.is_sorted_by(|a, b| a < b) && samples.last().is_none_or(|&last| last < total));
        }
    }

    #[test]
    fn a_weight_names_its_offset() {
        let layout = Layout::of(6_000_000);
        for offset in [0, 1, 4095, layout.block - 1] {
            assert_eq!(layout.offset_of_weight(layout.weight(offset)), Some(offset));
        }
        assert_eq!(layout.offset_of_weight(2.0), None);
        assert_eq!(layout.offset_of_weight(1.0 + 0.5 / layout.block as f64), None);
    }

    #[test]
    fn sums_are_those_of_the_definition() {
        let values: Vec<f64> = (0..70_000).map(|at| f64::from(at % 17) - 5.0).collect();
        let sketch = sketch(&Tensor::vector(&values));
        let layout = sketch.layout;
        for block in [0, 7, layout.blocks() - 1] {
            let range = layout.range(block);
            let plain: f64 = range.clone().map(|at| sign(0, at) * values[at]).sum();
            let weighted: f64 = range
                .clone()
                .map(|at| sign(1, at) * layout.weight(at - range.start) * values[at])
                .sum();
            assert_eq!(sketch.sums[block], plain);
            assert!((sketch.sums[layout.blocks() + block] - weighted).abs() < 1e-9);
        }
        assert_eq!(sketch.samples.f64_at(1), Some(values[layout.sample(1)]));
    }

    #[test]
    fn elements_that_are_not_finite_have_a_row_of_their_own() {
        let mut values = vec![1.0f32; 5000];
        let regular = sketch(&Tensor::vector(&values));
        assert_eq!(regular.sums.len(), 2 * regular.layout.blocks());
        values[100] = f32::NEG_INFINITY;
        let irregular = sketch(&Tensor::vector(&values));
        let blocks = irregular.layout.blocks();
        assert_eq!(irregular.sums[2 * blocks + 1], 3.0 * sign(0, 100));
        assert_eq!(irregular.sums[1], regular.sums[1] - sign(0, 100));
        assert!(irregular.sums.iter().all(|sum| sum.is_finite()));
    }
}
