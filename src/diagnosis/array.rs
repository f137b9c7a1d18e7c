//! The likely cause of a difference between two arrays. Knows numbers and axes, nothing of proteins.

use super::numbers::{Numbers, distance, spread};
use super::precision::FORMATS;
use super::{Candidate, Cause, MistakeKind, best, length, order, share};
use crate::tensor::Tensor;

/// Larger arrays are not looked into: every mistake tried takes a pass over all elements.
pub(super) const MOST_ELEMENTS: usize = 1 << 22;

/// Fewer numbers may be brought to one mean and spread by chance.
const FEWEST_SCALED: usize = 64;

/// Factors that units are mistaken by.
pub(super) const FACTORS: [(f64, &str); 4] = [(0.1, "÷ 10"), (10.0, "× 10"), (0.01, "÷ 100"), (100.0, "× 100")];

/// Why no cause is looked for in two arrays, in words.
pub(crate) fn too_large(expected: &Tensor, actual: &Tensor) -> Option<String> {
    let elements = expected.len().max(actual.len());
    (elements > MOST_ELEMENTS)
        .then(|| format!("no cause was looked for: {elements} elements, at most {MOST_ELEMENTS} are looked into"))
}

/// Names the mistake that makes `expected` into `actual`; `None` when the two are equal or no single mistake does.
#[must_use]
pub fn of_arrays(expected: &Tensor, actual: &Tensor, candidates: &[Candidate<'_>]) -> Option<Cause> {
    if too_large(expected, actual).is_some() {
        return None;
    }
    let (wanted, got) = (expected.to_f64()?, actual.to_f64()?);
    if wanted.is_empty() || got.is_empty() {
        return None;
    }
    let broken = got.iter().filter(|value| !value.is_finite()).count();
    let broken_before = wanted.iter().filter(|value| !value.is_finite()).count();
    if broken > broken_before {
        let what = format!("{broken} of {} elements are not finite", got.len());
        return Some(Cause::new(MistakeKind::NotFinite, what, 1.0));
    }
    if broken_before > 0 {
        return None;
    }
    // Indices and masks of different inputs are often equal, and for good reasons.
    let candidates = if actual.dtype().is_float() { candidates } else { &[] };
    if expected.shape() != actual.shape() {
        return another(&got, actual.shape(), candidates)
            .or_else(|| order::axes(&wanted, expected.shape(), &got, actual.shape()))
            .or_else(|| length::of_arrays(&wanted, expected.shape(), &got, actual.shape()));
    }
    let numbers = Numbers::new(expected.shape(), &wanted, &got);
    if numbers.difference == 0.0 {
        return None;
    }
    best([
        &|| numbers.constant(),
        &|| numbers.precision(),
        &|| numbers.factor(),
        &|| numbers.offset(),
        &|| numbers.transformed(),
        &|| numbers.candidate(candidates),
        &|| order::of_arrays(&numbers),
    ])
    .or_else(|| numbers.fitted())
    .or_else(|| numbers.beneath_scale())
}

impl Numbers<'_> {
    fn constant(&self) -> Option<Cause> {
        let first = *self.actual.first()?;
        let same = |values: &[f64]| values.windows(2).all(|pair| (pair[0] - pair[1]).abs() == 0.0);
        (self.actual.len() > 1 && same(self.actual) && !same(self.expected))
            .then(|| Cause::new(MistakeKind::Constant, format!("every element is {first}"), 1.0))
    }

    /// Nearly all elements must be exactly what rounding gives: a sum in lower precision is noise like any other.
    fn precision(&self) -> Option<Cause> {
        let mut found: Option<(Vec<&str>, f64)> = None;
        for (name, round) in FORMATS {
            let pairs = self.expected.iter().zip(self.actual);
            let exact = pairs.filter(|(value, actual)| (round(**value) - **actual).abs() == 0.0).count();
            if exact * 100 < self.expected.len() * 99 {
                continue;
            }
            let share = self.explained(self.expected.iter().map(|value| round(*value)), 1.0);
            match (&mut found, share) {
                (None, Some(share)) => found = Some((vec![name], share)),
                (Some((names, best)), Some(share)) if (share - *best).abs() < 1e-9 => names.push(name),
                _ => {}
            }
        }
        let (names, share) = found?;
        let what = format!("expected values rounded to {}", names.join(" or "));
        Some(Cause::new(MistakeKind::LowerPrecision, what, share))
    }

    fn factor(&self) -> Option<Cause> {
        FACTORS.into_iter().find_map(|(factor, name)| {
            let share = self.explained(self.expected.iter().map(|value| value * factor), factor)?;
            Some(Cause::new(MistakeKind::Scale, format!("values {name}"), share))
        })
    }

    fn offset(&self) -> Option<Cause> {
        // Few numbers always have an offset between them.
        if self.expected.len() < 4 {
            return None;
        }
        let gaps = self.actual.iter().zip(self.expected).map(|(a, b)| a - b);
        let offset = gaps.sum::<f64>() / self.expected.len() as f64;
        let share = self.explained(self.expected.iter().map(|value| value + offset), 1.0)?;
        Some(Cause::new(MistakeKind::Offset, format!("constant offset of {:+}", rounded(offset)), share))
    }

    /// The factor, or the factor and the offset, that fit best by least squares.
    fn fitted(&self) -> Option<Cause> {
        if self.expected.len() < FEWEST_SCALED {
            return None;
        }
        let pairs = || self.expected.iter().zip(self.actual);
        let count = self.expected.len() as f64;
        let (mean, mean_now) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x / count, b + y / count));
        let fit = |origin: f64, origin_now: f64| {
            let (product, square) = pairs().fold((0.0, 0.0), |(product, square), (x, y)| {
                let x = x - origin;
                (x.mul_add(y - origin_now, product), x.mul_add(x, square))
            });
            let factor = product / square;
            (factor, origin_now - factor * origin)
        };
        // A factor alone is the simpler cause.
        [fit(0.0, 0.0), fit(mean, mean_now)]
            .into_iter()
            .filter(|(factor, _)| factor.is_finite() && *factor > 0.0)
            .find_map(|(factor, offset)| {
                let fitted = self.expected.iter().map(|value| factor.mul_add(*value, offset));
                let share = self.explained(fitted, factor)?;
                let shift = if offset == 0.0 { String::new() } else { format!(", then {:+}", rounded(offset)) };
                let what = format!("values × {}{shift}", rounded(factor));
                Some(Cause::new(MistakeKind::Scale, what, share))
            })
    }

    /// Another order beneath another scale or offset, which hides it.
    fn beneath_scale(&self) -> Option<Cause> {
        let plain = |values: &[f64]| -> Option<Vec<f64>> {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let deviation = distance(values, &vec![mean; values.len()]);
            (deviation > 0.0).then(|| values.iter().map(|value| (value - mean) / deviation).collect())
        };
        let (expected, actual) = (plain(self.expected)?, plain(self.actual)?);
        if self.expected.len() < FEWEST_SCALED {
            return None;
        }
        let beneath = Numbers::new(self.shape, &expected, &actual);
        let deviation = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            distance(values, &vec![mean; values.len()])
        };
        let factor = deviation(self.actual) / deviation(self.expected);
        let known = FACTORS.into_iter().find(|known| (known.0 / factor - 1.0).abs() < 0.01);
        if let (Some((_, name)), Some(explained)) = (known, share(beneath.difference, f64::INFINITY, 1.0)) {
            return Some(Cause::new(MistakeKind::Scale, format!("values {name}, and an offset"), explained));
        }
        let cause = order::of_arrays(&beneath)?;
        let what = format!("{}, beneath another scale or offset", cause.what);
        Some(Cause { what, ..cause })
    }

    fn candidate(&self, candidates: &[Candidate<'_>]) -> Option<Cause> {
        candidates.iter().find_map(|candidate| {
            let other = candidate.value.as_array().filter(|other| other.shape() == self.shape)?;
            let other = other.to_f64()?;
            Some(candidate.cause(self.explained(other.into_iter(), 1.0)?))
        })
    }
}

/// A number to six significant digits, however small it is.
fn rounded(number: f64) -> f64 {
    let digits = number.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
    let scale = 10f64.powi((5 - digits).clamp(-300, 300));
    (number * scale).round() / scale
}

/// Another result that is what came, where that has not even the shape of what was expected.
fn another(actual: &[f64], shape: &[usize], candidates: &[Candidate<'_>]) -> Option<Cause> {
    candidates.iter().find_map(|candidate| {
        let other = candidate.value.as_array().filter(|other| other.shape() == shape)?;
        let other = other.to_f64()?;
        let varies = other.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.0);
        let found = share(distance(&other, actual), f64::INFINITY, spread(&other));
        found.filter(|_| varies).map(|share| candidate.cause(share))
    })
}
