//! Rows of an array that went through a step too many or too few: a sign, a softmax, a mean. Each is named only where it makes the
//! expected numbers into what came.

use super::numbers::{Numbers, TELLING};
use super::{Cause, MistakeKind};

/// One row of numbers to another one.
type RowStep = fn(&mut [f64]);

/// The steps and their words.
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
    /// Steps along the last axis.
    pub(super) fn transformed(&self) -> Option<Cause> {
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
    use crate::diagnosis::of_arrays;
    use crate::metric::test_points::noise;
    use crate::tensor::Tensor;

    /// What is said of an array `[2, 6, 9]` whose rows were changed.
    fn said(change: impl Fn(&[f32]) -> Vec<f32>) -> String {
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
            said(each(|value| value * 100.0)),
            said(each(|value| value + 1.0)),
            said(through(STEPS[0].1)),
            said(through(STEPS[1].1)),
            said(through(STEPS[2].1)),
            said(through(STEPS[3].1)),
            said(|row| row.iter().rev().copied().collect()),
            said(|row| [&row[1..], &row[..1]].concat()),
            said(|row| row[..7].to_vec()),
            said(each(|value| value.powi(2))),
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
