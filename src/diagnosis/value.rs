//! The likely cause of a difference between two values of any kind: that of the first part that has one.

use super::{Candidate, Cause, StructureFrame, of_arrays, of_structures};
use crate::prediction::Value;
use crate::tensor::Tensor;

/// Names the mistake that makes `expected` into `actual`. Lists are walked in step, candidates with them.
#[must_use]
pub fn of_values(
    expected: &Value,
    actual: &Value,
    frame: StructureFrame,
    candidates: &[Candidate<'_>],
) -> Option<Cause> {
    match (expected, actual) {
        (Value::Array(expected), Value::Array(actual)) => of_arrays(expected, actual, candidates),
        (Value::Structure(expected), Value::Structure(actual)) => of_structures(expected, actual, frame, candidates),
        (Value::Float(expected), Value::Float(actual)) => {
            of_arrays(&Tensor::scalar(*expected), &Tensor::scalar(*actual), &[])
        }
        _ => {
            let (expected, actual) = (expected.as_items()?, actual.as_items()?);
            if let Some(cause) = permuted(expected, actual) {
                return Some(cause);
            }
            expected
                .iter()
                .zip(actual)
                .enumerate()
                .find_map(|(index, (expected, actual))| {
                    let items = candidates.iter().filter_map(|candidate| {
                        let value = candidate.value.as_items()?.get(index)?;
                        Some(Candidate { value, ..*candidate })
                    });
                    let inner: Vec<Candidate<'_>> = items.collect();
                    of_values(expected, actual, frame, &inner)
                })
        }
    }
}

/// The same items in another order, all of them.
fn permuted(expected: &[Value], actual: &[Value]) -> Option<Cause> {
    if expected.len() != actual.len() || expected == actual {
        return None;
    }
    let mut left: Vec<usize> = (0..actual.len()).collect();
    let mut first = None;
    for (place, value) in expected.iter().enumerate() {
        let found = left.iter().position(|&other| actual[other] == *value)?;
        let other = left.swap_remove(found);
        if other != place && first.is_none() {
            first = Some((place, other));
        }
    }
    let (from, to) = first?;
    let what = format!("items in another order: {from} stands at {to}");
    Some(Cause::new(super::MistakeKind::PermutedItems, what, 1.0))
}
