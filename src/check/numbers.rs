//! All numbers of a value in any nesting, each with its path, and a rule applied to all of them. Does not know contracts.

use super::CallFindings;
use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show, show_key};
use crate::prediction::Value;
use crate::tensor::Tensor;

/// An element and its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spot {
    /// The flat index within the array.
    pub(crate) flat: usize,
    /// The value there.
    pub(crate) value: f64,
}

/// Counts the elements of an array that violate one rule, so that a message can tell how many, where and how bad without listing
/// them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// The number of elements that violate it.
    pub(crate) broken: usize,
    /// The number of elements that were looked at.
    pub(crate) seen: usize,
    /// The first element that violates it.
    pub(crate) first: Option<Spot>,
    /// The element that violates it most.
    pub(crate) worst: Option<Spot>,
    most: f64,
}

impl Tally {
    /// Counts an element. `excess` is above 0 if it violates the rule; NaN counts as the greatest excess.
    pub(crate) fn judge(&mut self, flat: usize, value: f64, excess: f64) {
        self.seen += 1;
        if excess > 0.0 || excess.is_nan() {
            let spot = Spot { flat, value };
            self.broken += 1;
            self.first.get_or_insert(spot);
            if self.worst.is_none() || excess.is_nan() || excess > self.most {
                self.worst = Some(spot);
                self.most = if excess.is_nan() { f64::INFINITY } else { excess };
            }
        }
    }
}

/// Every array of numbers in a value with its path. A single number counts as an array without dimensions, a structure as its
/// coordinates.
///
/// # Errors
/// The path of the first value that is no number, with its description.
pub(crate) fn numbers(path: &str, value: &Value) -> Result<Vec<(String, Tensor)>, String> {
    let mut found = Vec::new();
    collect(path, value, &mut found)?;
    Ok(found)
}

fn collect(path: &str, value: &Value, found: &mut Vec<(String, Tensor)>) -> Result<(), String> {
    let own = || path.to_owned();
    match value {
        Value::Array(tensor) if tensor.dtype().is_numeric() => found.push((own(), tensor.clone())),
        Value::Integer(number) => found.push((own(), Tensor::scalar(*number))),
        Value::Float(number) => found.push((own(), Tensor::scalar(*number))),
        Value::Bool(flag) => found.push((own(), Tensor::scalar(*flag))),
        Value::Structure(structure) => {
            let coordinates: Vec<f32> = structure.coord.as_flattened().to_vec();
            let tensor = Tensor::from_values(vec![structure.coord.len(), 3], &coordinates);
            found.extend(tensor.ok().map(|tensor| (format!("{path}.coord"), tensor)));
        }
        Value::List(items) | Value::Tuple(items) | Value::Objects { items, .. } => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}[{index}]"), item, found)?;
            }
        }
        Value::Map(entries) => {
            for (key, item) in entries {
                collect(&format!("{path}.{}", show_key(key)), item, found)?;
            }
        }
        Value::Record(record) => {
            for (name, item) in &record.fields {
                collect(&format!("{path}.{name}"), item, found)?;
            }
        }
        other => return Err(format!("{path}: expected numbers, got {}", other.describe())),
    }
    Ok(())
}

/// Judges every number of a field. `excess` is above 0 for a number that violates the rule, which `rule` states.
pub(crate) fn judge_each(
    check: &'static str,
    field: &FieldPath,
    answered: &AnsweredCall<'_>,
    rule: &str,
    excess: impl Fn(f64) -> f64,
) -> CallFindings {
    let wrong = |summary: String| Finding::wrong(check, answered.call, summary);
    let value = field.find(check, answered)?;
    let arrays = numbers(&field.to_string(), value).map_err(|summary| Box::new(wrong(summary)))?;
    if arrays.iter().all(|(_, tensor)| tensor.is_empty()) {
        return Ok(vec![wrong(format!("{field}: expected numbers, got none"))]);
    }
    let findings = arrays.iter().filter_map(|(path, tensor)| {
        let mut tally = Tally::default();
        tensor.for_each_f64(0..tensor.len(), |flat, value| tally.judge(flat, value, excess(value)));
        describe(path, tensor, &tally, rule).map(wrong)
    });
    Ok(findings.collect())
}

fn describe(path: &str, tensor: &Tensor, tally: &Tally, rule: &str) -> Option<String> {
    let worst = tally.worst?;
    if tensor.shape().is_empty() {
        return Some(format!("{path}: expected {rule}, got {}", show(worst.value)));
    }
    let (broken, seen, value) = (tally.broken, count(tally.seen, "element"), show(worst.value));
    Some(format!("{path}: {broken} of {seen} not {rule}; at {:?} is {value}", tensor.position(worst.flat)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_the_worst_are_remembered() {
        let mut tally = Tally::default();
        for (flat, excess) in [0.0, 0.5, -1.0, 2.0, 1.0].into_iter().enumerate() {
            tally.judge(flat, excess, excess);
        }
        assert_eq!((tally.broken, tally.seen), (3, 5));
        assert_eq!(tally.first.map(|spot| spot.flat), Some(1));
        assert_eq!(tally.worst.map(|spot| spot.flat), Some(3));
        tally.judge(9, f64::NAN, f64::NAN);
        assert_eq!(tally.worst.map(|spot| spot.flat), Some(9));
    }

    #[test]
    fn numbers_are_found_in_any_nesting() {
        let inner =
            Value::Map(vec![(Value::Text("a".into()), Value::Tuple(vec![Value::Float(1.5), Value::Integer(2)]))]);
        let value = Value::List(vec![inner, Value::Array(Tensor::vector(&[1.0f32, 2.0]))]);
        let paths: Vec<String> = numbers("x", &value).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["x[0].a[0]", "x[0].a[1]", "x[1]"]);
        insta::assert_snapshot!(numbers("x", &Value::List(vec![Value::None])).unwrap_err(), @"x[0]: expected numbers, got None");
    }
}
