//! The likely cause of a difference between two arrays. Knows numbers and axes, not proteins.

use super::numbers::{FORMATS, Numbers, TELLING, distance, spread};
use super::{Candidate, Cause, MistakeKind, best, length, order, share};
use crate::tensor::Tensor;

/// Larger arrays are not examined: every tried mistake takes a pass over all elements.
pub(super) const MOST_ELEMENTS: usize = 1 << 22;

/// Fewer numbers may have a factor and an offset between them by chance.
const FEWEST_SCALED: usize = 64;

/// Factors between confused units.
pub(super) const FACTORS: [(f64, &str); 4] = [(0.1, "÷ 10"), (10.0, "× 10"), (0.01, "÷ 100"), (100.0, "× 100")];

/// Why the cause of a difference between two arrays is not looked for, as text.
pub(crate) fn too_large(expected: &Tensor, actual: &Tensor) -> Option<String> {
    let elements = expected.len().max(actual.len());
    (elements > MOST_ELEMENTS)
        .then(|| format!("no cause was looked for: {elements} elements, at most {MOST_ELEMENTS} are looked into"))
}

/// Names the mistake that turns `expected` into `actual`. Returns `None` if they are equal or no single mistake does.
#[must_use]
pub fn of_arrays(expected: &Tensor, actual: &Tensor, candidates: &[Candidate<'_>]) -> Option<Cause> {
    if too_large(expected, actual).is_some() {
        return None;
    }
    let (wanted, got) = (expected.to_f64()?, actual.to_f64()?);
    if wanted.is_empty() || got.is_empty() {
        return None;
    }
    let [broken_before, broken] =
        [&wanted, &got].map(|values| values.iter().filter(|value| !value.is_finite()).count());
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

/// Turns one row of numbers into another one.
type RowStep = fn(&mut [f64]);

/// The steps that a port may apply too many or too few times, with their names.
const STEPS: [(&str, RowStep); 4] = [
    ("the sign of every value changed", |row| {
        for value in row {
            *value = -*value;
        }
    }),
    ("the softmax along the last axis", softmax),
    ("the mean of each row in place of its values", |row| {
        let mean = mean(row);
        row.fill(mean);
    }),
    ("the mean of each row subtracted", |row| {
        let mean = mean(row);
        for value in row {
            *value -= mean;
        }
    }),
];

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

    /// Another order that a different scale or offset hides.
    fn beneath_scale(&self) -> Option<Cause> {
        if self.expected.len() < FEWEST_SCALED {
            return None;
        }
        let plain = |values: &[f64]| -> Option<(f64, Vec<f64>)> {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let deviation = distance(values, &vec![mean; values.len()]);
            (deviation > 0.0).then(|| (deviation, values.iter().map(|value| (value - mean) / deviation).collect()))
        };
        let ((deviation, expected), (deviation_now, actual)) = (plain(self.expected)?, plain(self.actual)?);
        let beneath = Numbers::new(self.shape, &expected, &actual);
        let factor = deviation_now / deviation;
        let known = FACTORS.into_iter().find(|known| (known.0 / factor - 1.0).abs() < 0.01);
        if let (Some((_, name)), Some(explained)) = (known, share(beneath.difference, f64::INFINITY, 1.0)) {
            return Some(Cause::new(MistakeKind::Scale, format!("values {name}, and an offset"), explained));
        }
        let cause = order::of_arrays(&beneath)?;
        let what = format!("{}, beneath another scale or offset", cause.what);
        Some(Cause { what, ..cause })
    }

    /// A step along the last axis, named only if it turns the expected numbers into the actual ones.
    fn transformed(&self) -> Option<Cause> {
        let width = *self.shape.last()?;
        // Few numbers fit by chance.
        if width < TELLING {
            return None;
        }
        STEPS.into_iter().find_map(|(words, step)| {
            let mut made = self.expected.to_vec();
            made.chunks_exact_mut(width).for_each(step);
            let share = self.explained(made.into_iter(), 1.0)?;
            Some(Cause::new(MistakeKind::Transformed, words, share))
        })
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

/// Another result that equals the actual one, which does not have the expected shape.
fn another(actual: &[f64], shape: &[usize], candidates: &[Candidate<'_>]) -> Option<Cause> {
    candidates.iter().find_map(|candidate| {
        let other = candidate.value.as_array().filter(|other| other.shape() == shape)?;
        let other = other.to_f64()?;
        let varies = other.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.0);
        let found = share(distance(&other, actual), f64::INFINITY, spread(&other));
        found.filter(|_| varies).map(|share| candidate.cause(share))
    })
}

fn mean(row: &[f64]) -> f64 {
    row.iter().sum::<f64>() / row.len().max(1) as f64
}

fn softmax(row: &mut [f64]) {
    let greatest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for value in row.iter_mut() {
        *value = (*value - greatest).exp();
    }
    let sum: f64 = row.iter().sum();
    for value in row {
        *value /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::test_points::noise;

    /// The cause of a change of the rows of an array `[2, 6, 9]`.
    fn reported(change: impl Fn(&[f32]) -> Vec<f32>) -> String {
        let mut next = noise(3);
        let values: Vec<f32> = (0..2 * 6 * 9).map(|_| 3.0 * next()).collect();
        let expected = Tensor::from_values(vec![2, 6, 9], &values).unwrap();
        let changed: Vec<f32> = values.chunks_exact(9).flat_map(change).collect();
        let actual = Tensor::from_values(vec![2, 6, changed.len() / 12], &changed).unwrap();
        let cause = of_arrays(&expected, &actual, &[]);
        cause.map_or_else(|| "nothing".to_owned(), |cause| format!("{:?}: {}", cause.kind, cause.what))
    }

    #[test]
    fn each_transformation_is_named_and_no_other() {
        let through = |step: RowStep| {
            move |row: &[f32]| {
                let mut row: Vec<f64> = row.iter().map(|value| f64::from(*value)).collect();
                step(&mut row);
                row.iter().map(|value| *value as f32).collect()
            }
        };
        let each = |change: fn(f32) -> f32| move |row: &[f32]| row.iter().copied().map(change).collect::<Vec<_>>();
        let all = [
            reported(each(|value| value * 100.0)),
            reported(each(|value| value + 1.0)),
            reported(through(STEPS[0].1)),
            reported(through(STEPS[1].1)),
            reported(through(STEPS[2].1)),
            reported(through(STEPS[3].1)),
            reported(|row| row.iter().rev().copied().collect()),
            reported(|row| [&row[1..], &row[..1]].concat()),
            reported(|row| row[..7].to_vec()),
            reported(each(|value| value.powi(2))),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
        Scale: values × 100
        Offset: constant offset of +1
        Transformed: the sign of every value changed
        Transformed: the softmax along the last axis
        Transformed: the mean of each row in place of its values
        Transformed: the mean of each row subtracted
        Features: entries along axis 2 in reverse order: 0 stands at 8
        Shifted: every entry one place early along axis 2
        Features: only the first 7 of 9 entries along axis 2
        nothing
        ");
    }
}
