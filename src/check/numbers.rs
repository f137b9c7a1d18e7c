//! All numbers of a value, whatever it is nested in, each with the path it lies at, and a rule applied to all of them.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show, show_key};
use super::tally::Tally;
use crate::prediction::Value;
use crate::tensor::Tensor;

/// Every array of numbers in a value with its path. A single number counts as an array without dimensions, a structure
/// as its coordinates.
///
/// # Errors
/// The path of the first value that is no number, with what it is.
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
            let coordinates: Vec<f32> = structure.coord.iter().flatten().copied().collect();
            if let Ok(tensor) = Tensor::from_values(vec![structure.coord.len(), 3], &coordinates) {
                found.push((format!("{path}.coord"), tensor));
            }
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

/// Judges every number of a field; `excess` says by how much one breaks the rule that `rule` states.
pub(crate) fn judge_each(
    check: &'static str,
    field: &FieldPath,
    answered: &AnsweredCall<'_>,
    rule: &str,
    excess: impl Fn(f64) -> f64,
) -> Vec<Finding> {
    let found = field.find(check, answered).and_then(|value| {
        numbers(&field.to_string(), value).map_err(|summary| Box::new(Finding::wrong(check, answered.call, summary)))
    });
    let arrays = match found {
        Ok(arrays) => arrays,
        Err(finding) => return vec![*finding],
    };
    if arrays.iter().all(|(_, tensor)| tensor.is_empty()) {
        let summary = format!("{field}: expected numbers, got none");
        return vec![Finding::wrong(check, answered.call, summary)];
    }
    arrays
        .iter()
        .filter_map(|(path, tensor)| {
            let mut tally = Tally::default();
            tensor.for_each_f64(0..tensor.len(), |flat, value| tally.judge(flat, value, excess(value)));
            describe(path, tensor, &tally, rule).map(|summary| Finding::wrong(check, answered.call, summary))
        })
        .collect()
}

fn describe(path: &str, tensor: &Tensor, tally: &Tally, rule: &str) -> Option<String> {
    let worst = tally.worst?;
    if tensor.shape().is_empty() {
        return Some(format!("{path}: expected {rule}, got {}", show(worst.value)));
    }
    Some(format!(
        "{path}: {} of {} not {rule}; at {:?} is {}",
        tally.broken,
        count(tally.seen, "element"),
        tensor.position(worst.flat),
        show(worst.value)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
