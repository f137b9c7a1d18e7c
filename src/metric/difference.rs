//! Compares two arrays element by element, and locates the greatest differences. Does not choose the tolerance.

use crate::tensor::{DType, Element, Tensor};

/// The differences of two arrays of equal shape and element type.
///
/// Differences are taken in double precision, those of 64-bit integers exactly. Equal infinities and two NaN are equal;
/// any other pair with a non-finite value differs infinitely and is beyond every bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The element type of both, which limits the digits of the values.
    pub(crate) dtype: DType,
    /// Elements compared.
    pub total: usize,
    /// Elements that are not equal.
    pub differing: usize,
    /// Elements beyond the bound.
    pub beyond: usize,
    /// The element with the greatest absolute difference; `None` when all are equal.
    pub absolute: Option<Extreme>,
    /// The element with the greatest relative difference; `None` when all are equal.
    pub(crate) relative: Option<Extreme>,
    /// The smallest absolute tolerance within which all elements would lie, with the same relative one.
    pub needed: f64,
}

/// The element where a difference is greatest.
#[derive(Debug, Clone, PartialEq)]
pub struct Extreme {
    /// The difference: `|actual − expected|`, or that over `|expected|`.
    pub difference: f64,
    /// Index in C order.
    pub index: usize,
    /// Index along every dimension.
    pub position: Vec<usize>,
    /// The expected value there.
    pub expected: f64,
    /// The actual value there.
    pub actual: f64,
}

impl Difference {
    /// Whether every element keeps the bound.
    pub(crate) const fn is_within(&self) -> bool {
        self.beyond == 0
    }
}

/// Compares element by element: `|actual − expected| ≤ absolute + relative · |expected|`.
///
/// Returns `None` if shape or element type differ, and for text, which has no distance.
#[must_use]
pub fn difference(expected: &Tensor, actual: &Tensor, absolute: f64, relative: f64) -> Option<Difference> {
    if expected.dtype() != actual.dtype() || expected.shape() != actual.shape() || !expected.dtype().is_numeric() {
        return None;
    }
    let mut walk = DifferenceSums::new(absolute, relative);
    // Equal bytes are equal values, NaN included.
    if expected.bytes() != actual.bytes() {
        match expected.dtype() {
            // Beyond 2⁵³ two different integers may convert to the same double, so these are subtracted as integers.
            DType::I64 => walk.integers::<i64>(expected, actual),
            DType::U64 => walk.integers::<u64>(expected, actual),
            DType::F32 => walk.singles(expected, actual),
            DType::F64 => walk.floats::<f64>(expected, actual),
            _ => walk.numbers(expected, actual),
        }
    }
    Some(walk.finish(expected))
}

/// Elements looked at together.
const BLOCK: usize = 512;
/// Elements looked at side by side.
const LANES: usize = 8;

struct DifferenceSums {
    absolute: f64,
    relative: f64,
    differing: usize,
    beyond: usize,
    needed: f64,
    greatest_absolute: Option<Extreme>,
    greatest_relative: Option<Extreme>,
}

impl DifferenceSums {
    const fn new(absolute: f64, relative: f64) -> Self {
        Self {
            absolute,
            relative,
            differing: 0,
            beyond: 0,
            needed: 0.0,
            greatest_absolute: None,
            greatest_relative: None,
        }
    }

    fn numbers(&mut self, expected: &Tensor, actual: &Tensor) {
        let mut here = [0.0; BLOCK];
        let mut there = [0.0; BLOCK];
        for start in (0..expected.len()).step_by(BLOCK) {
            let range = start..expected.len().min(start + BLOCK);
            expected.for_each_f64(range.clone(), |flat, value| here[flat - start] = value);
            actual.for_each_f64(range.clone(), |flat, value| there[flat - start] = value);
            self.block(start, &here[..range.len()], &there[..range.len()]);
        }
    }

    /// As [`Self::numbers`] for the common types, whose reading compiles to vector instructions too.
    fn floats<T: Element + Into<f64>>(&mut self, expected: &Tensor, actual: &Tensor) {
        let size = T::DTYPE.size();
        let read = |bytes: &[u8], into: &mut [f64]| {
            for (value, cell) in into.iter_mut().zip(bytes.chunks_exact(size)) {
                *value = T::read(cell).into();
            }
            bytes.len() / size
        };
        let mut here = [0.0; BLOCK];
        let mut there = [0.0; BLOCK];
        let blocks = expected.bytes().chunks(BLOCK * size).zip(actual.bytes().chunks(BLOCK * size));
        for (block, (expected, actual)) in blocks.enumerate() {
            let (count, _) = (read(expected, &mut here), read(actual, &mut there));
            self.block(block * BLOCK, &here[..count], &there[..count]);
        }
    }

    /// As [`Self::floats`], but blocks without a new extreme are skipped in single precision, with twice as many elements at a time.
    fn singles(&mut self, expected: &Tensor, actual: &Tensor) {
        let mut here = [0.0; BLOCK];
        let mut there = [0.0; BLOCK];
        let blocks = expected.bytes().chunks(BLOCK * 4).zip(actual.bytes().chunks(BLOCK * 4));
        for (block, (expected, actual)) in blocks.enumerate() {
            let ((expected, _), (actual, _)) = (expected.as_chunks::<4>(), actual.as_chunks::<4>());
            if let Some(differing) = self.screen().count(expected, actual) {
                self.differing += differing;
                continue;
            }
            for (value, bytes) in here.iter_mut().zip(expected).chain(there.iter_mut().zip(actual)) {
                *value = f64::from(f32::from_le_bytes(*bytes));
            }
            self.block(block * BLOCK, &here[..expected.len()], &there[..actual.len()]);
        }
    }

    /// The bounds within which an element only changes the number of differing elements.
    fn screen(&self) -> Screen {
        // More than the rounding of all that single precision does with it, on the safe side.
        let shaved = |bound: f64| (bound * (1.0 - 1e-6)).min(f64::from(f32::MAX)) as f32;
        let most = |extreme: &Option<Extreme>| extreme.as_ref().map_or(0.0, |extreme| extreme.difference);
        let ratio = most(&self.greatest_relative);
        // A difference or product below the normal numbers has lost its digits.
        let tiny = f32::MIN_POSITIVE;
        Screen {
            gap: shaved(most(&self.greatest_absolute)) - tiny,
            absolute: shaved(self.absolute.min(self.needed)) - tiny,
            relative: shaved(self.relative),
            // Nothing is beyond infinity, not even a multiple of zero.
            ratio: if ratio.is_infinite() { 0.0 } else { shaved(ratio) },
            ratio_floor: if ratio.is_infinite() { f32::MAX } else { -tiny },
        }
    }

    /// Checks a whole block without branches, so that it compiles to vector instructions. Visits single elements only if one of them
    /// may be a new extreme.
    fn block(&mut self, start: usize, expected: &[f64], actual: &[f64]) {
        let most = |extreme: &Option<Extreme>| extreme.as_ref().map_or(0.0, |extreme| extreme.difference);
        let (gap_so_far, ratio_so_far) = (most(&self.greatest_absolute), most(&self.greatest_relative));
        // Nothing is beyond infinity, not even a multiple of zero.
        let ratio_is_greatest = u64::from(ratio_so_far.is_infinite());
        let (mut differing, mut beyond, mut ordinary) = (0, 0, 0);
        for (&expected, &actual) in expected.iter().zip(actual) {
            let gap = (actual - expected).abs();
            let slack = self.relative * expected.abs();
            differing += u64::from(gap > 0.0);
            beyond += u64::from(gap > self.absolute + slack);
            // Every comparison with NaN is false, so what is not finite is never ordinary.
            ordinary += u64::from(gap <= gap_so_far)
                & u64::from(gap < f64::INFINITY)
                & (u64::from(gap <= ratio_so_far * expected.abs()) | ratio_is_greatest)
                & u64::from(gap <= self.needed + slack);
        }
        if ordinary == expected.len() as u64 {
            self.differing += differing as usize;
            self.beyond += beyond as usize;
            return;
        }
        for (offset, (&expected, &actual)) in expected.iter().zip(actual).enumerate() {
            self.visit(start + offset, expected, actual, gap(expected, actual));
        }
    }

    fn integers<T: Element + Into<i128>>(&mut self, expected: &Tensor, actual: &Tensor) {
        let (Some(expected), Some(actual)) = (expected.values::<T>(), actual.values::<T>()) else {
            return;
        };
        for (index, (expected, actual)) in expected.zip(actual).enumerate() {
            let (expected, actual): (i128, i128) = (expected.into(), actual.into());
            let gap = (actual - expected).unsigned_abs() as f64;
            self.visit(index, expected as f64, actual as f64, gap);
        }
    }

    fn visit(&mut self, index: usize, expected: f64, actual: f64, gap: f64) {
        if gap == 0.0 {
            return;
        }
        self.differing += 1;
        let slack = self.relative * expected.abs();
        // An infinite expectation would make the slack infinite and let any value pass.
        if gap.is_infinite() || gap > self.absolute + slack {
            self.beyond += 1;
        }
        self.needed = self.needed.max(smallest_absolute(gap, slack));
        let extreme = |difference| Extreme { difference, index, position: Vec::new(), expected, actual };
        if self.greatest_absolute.as_ref().is_none_or(|most| gap > most.difference) {
            self.greatest_absolute = Some(extreme(gap));
        }
        let ratio = if gap.is_infinite() { f64::INFINITY } else { gap / expected.abs() };
        if self.greatest_relative.as_ref().is_none_or(|most| ratio > most.difference) {
            self.greatest_relative = Some(extreme(ratio));
        }
    }

    fn finish(self, shape: &Tensor) -> Difference {
        let locate = |extreme: Extreme| Extreme { position: shape.position(extreme.index), ..extreme };
        Difference {
            dtype: shape.dtype(),
            total: shape.len(),
            differing: self.differing,
            beyond: self.beyond,
            absolute: self.greatest_absolute.map(locate),
            relative: self.greatest_relative.map(locate),
            needed: self.needed,
        }
    }
}

/// Bounds in single precision that lie a little below those in double precision.
struct Screen {
    gap: f32,
    absolute: f32,
    relative: f32,
    ratio: f32,
    ratio_floor: f32,
}

impl Screen {
    /// How many elements differ, when all of them keep the bounds; `None` when one may not, or is not finite.
    fn count(&self, expected: &[[u8; 4]], actual: &[[u8; 4]]) -> Option<usize> {
        self.count_at_once(expected, actual).or_else(|| self.count_one_by_one(expected, actual))
    }

    /// Holds the greatest gap against what the smallest expected value allows, which is the least work for an element.
    fn count_at_once(&self, expected: &[[u8; 4]], actual: &[[u8; 4]]) -> Option<usize> {
        let mut differing = [0u32; LANES];
        let [mut sum, mut greatest, mut smallest] = [[0.0f32; LANES], [0.0; LANES], [f32::MAX; LANES]];
        let (expected, expected_rest) = expected.as_chunks::<LANES>();
        let (actual, actual_rest) = actual.as_chunks::<LANES>();
        for (expected, actual) in expected.iter().zip(actual) {
            for lane in 0..LANES {
                let (expected, actual) = (f32::from_le_bytes(expected[lane]), f32::from_le_bytes(actual[lane]));
                let (gap, size) = ((actual - expected).abs(), expected.abs());
                differing[lane] += u32::from(gap != 0.0);
                sum[lane] += gap;
                greatest[lane] = if gap > greatest[lane] { gap } else { greatest[lane] };
                smallest[lane] = if size < smallest[lane] { size } else { smallest[lane] };
            }
        }
        let greatest = greatest.into_iter().fold(0.0, f32::max);
        let smallest = smallest.into_iter().fold(f32::MAX, f32::min);
        // The greatest of values passes over NaN, a sum does not.
        let kept = sum.iter().sum::<f32>().is_finite() && greatest <= self.bound(smallest);
        let rest = kept.then(|| self.count_one_by_one(expected_rest, actual_rest))?;
        Some(differing.iter().sum::<u32>() as usize + rest?)
    }

    /// Holds every gap against what its expected value allows.
    fn count_one_by_one(&self, expected: &[[u8; 4]], actual: &[[u8; 4]]) -> Option<usize> {
        let (mut differing, mut outside) = (0u32, 0u32);
        for (expected, actual) in expected.iter().zip(actual) {
            let (expected, actual) = (f32::from_le_bytes(*expected), f32::from_le_bytes(*actual));
            let gap = (actual - expected).abs();
            let differs = u32::from(gap != 0.0);
            differing += differs;
            // NaN keeps no bound, and counts as different.
            outside |= differs & (1 - u32::from(gap <= self.bound(expected.abs())));
        }
        (outside == 0).then_some(differing as usize)
    }

    /// What an element with an expected value of this size may differ by. Grows with the size.
    fn bound(&self, size: f32) -> f32 {
        let by_bound = self.absolute + self.relative * size;
        let by_ratio = self.ratio_floor + self.ratio * size;
        let least = if by_bound < by_ratio { by_bound } else { by_ratio };
        if least < self.gap { least } else { self.gap }
    }
}

fn gap(expected: f64, actual: f64) -> f64 {
    if expected.is_finite() && actual.is_finite() {
        return (actual - expected).abs();
    }
    let same = (expected.is_nan() && actual.is_nan())
        || (expected.is_infinite() && actual.is_infinite() && expected.is_sign_positive() == actual.is_sign_positive());
    if same { 0.0 } else { f64::INFINITY }
}

/// The smallest bound that lets `gap` pass beside `slack` as the comparison computes it, rounding included.
fn smallest_absolute(gap: f64, slack: f64) -> f64 {
    if gap.is_infinite() {
        return f64::INFINITY;
    }
    let mut bound = (gap - slack).max(0.0);
    while bound + slack < gap {
        bound = bound.next_up();
    }
    bound
}

#[cfg(test)]
mod tests;
