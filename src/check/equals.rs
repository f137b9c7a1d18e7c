//! `equals`: a value is exactly what the suite says, numbers and texts in any nesting.

use serde_json::Value as Json;

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::exact;
use super::parser::{CheckParser, TOLERANCES};
use super::{CallFindings, CheckRule};
use crate::prediction::Value;
use crate::tensor::{DType, Tensor};

/// The name of the check.
pub(crate) const NAME: &str = "equals";

#[derive(Debug)]
struct Equals {
    field: FieldPath,
    value: Json,
    tolerance: f64,
}

/// Reads `field`, `value` and `atol`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let field = parser.field();
    let value = parser.reader.require("value").json("value");
    let tolerance = parser.reader.number("atol", TOLERANCES).unwrap_or(0.0);
    Some(Box::new(Equals { field: field?, value: value?, tolerance }))
}

impl CheckRule for Equals {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let value = self.field.find(NAME, answered)?;
        let mut walk = EqualityWalk { tolerance: self.tolerance, ..EqualityWalk::default() };
        walk.value(&self.field.to_string(), &self.value, value);
        let Some((path, expected, got)) = walk.first else {
            return Ok(Vec::new());
        };
        let summary = if walk.leaves == 1 {
            format!("{path}: expected {expected}, got {got}")
        } else {
            let (wrong, leaves) = (walk.wrong, walk.leaves);
            format!("{}: {wrong} of {leaves} values differ; {path} should be {expected}, is {got}", self.field)
        };
        Ok(vec![Finding::wrong(NAME, answered.call, summary)])
    }
}

/// A comparison in progress: the number of single values, how many differ, and the first that differs, with both sides as text.
#[derive(Default)]
struct EqualityWalk {
    tolerance: f64,
    leaves: usize,
    wrong: usize,
    first: Option<(String, String, String)>,
}

impl EqualityWalk {
    fn value(&mut self, path: &str, expected: &Json, got: &Value) {
        match (expected, got) {
            (Json::Array(expected), Value::List(items) | Value::Tuple(items)) if expected.len() == items.len() => {
                for (index, (expected, got)) in expected.iter().zip(items).enumerate() {
                    self.value(&format!("{path}[{index}]"), expected, got);
                }
            }
            (Json::Object(expected), Value::Map(_) | Value::Record(_)) => {
                for (key, expected) in expected {
                    let part = got.at(&format!(".{key}")).unwrap_or(&Value::None);
                    self.value(&format!("{path}.{key}"), expected, part);
                }
            }
            (_, Value::Array(tensor)) => self.array(path, expected, tensor),
            (Json::Array(items), other) => {
                self.leaf(path, format!("a list of {}", items.len()), other.describe(), false);
            }
            (Json::Number(number), other) => {
                let expected = number.as_f64().unwrap_or(f64::NAN);
                let (equal, shown) = match (other, other.as_number()) {
                    // Integers beyond 2⁵³ are not exact as doubles, but their difference is 0 only if they are equal.
                    (Value::Integer(got), _) if number.is_i64() => {
                        let gap = number.as_i64().map(|expected| expected.abs_diff(*got) as f64);
                        (gap.is_some_and(|gap| gap <= self.tolerance), got.to_string())
                    }
                    (_, Some(got)) => (self.near(expected, got), exact(got)),
                    (_, None) => (false, other.describe()),
                };
                self.leaf(path, exact(expected), shown, equal);
            }
            (Json::String(expected), other) => {
                let got = other.as_text();
                let shown = got.map_or_else(|| other.describe(), |text| format!("{text:?}"));
                self.leaf(path, format!("{expected:?}"), shown, got == Some(expected));
            }
            (Json::Bool(expected), other) => {
                let equal = matches!(other, Value::Bool(got) if got == expected);
                self.leaf(path, format!("bool {expected}"), other.describe(), equal);
            }
            (Json::Object(_), other) => self.leaf(path, "a dict", other.describe(), false),
            (Json::Null, other) => self.leaf(path, "None", other.describe(), other.is_none()),
        }
    }

    /// An array compares as the nested lists it would be in Python.
    fn array(&mut self, path: &str, expected: &Json, tensor: &Tensor) {
        match (expected, tensor.shape().first()) {
            (Json::Array(expected), Some(&size)) if expected.len() == size => {
                for (index, expected) in expected.iter().enumerate() {
                    if let Some(part) = tensor.part(index) {
                        self.array(&format!("{path}[{index}]"), expected, &part);
                    }
                }
            }
            (Json::Number(number), None) => {
                let got = tensor.f64_at(0).unwrap_or(f64::NAN);
                let expected = rounded(number.as_f64().unwrap_or(f64::NAN), tensor.dtype());
                self.leaf(path, exact(expected), exact(got), self.near(expected, got));
            }
            (Json::Bool(expected), None) if tensor.dtype() == DType::Bool => {
                let got = tensor.f64_at(0).is_some_and(|value| value > 0.0);
                self.leaf(path, expected.to_string(), got.to_string(), got == *expected);
            }
            (Json::String(expected), None) => {
                let got = tensor.text_at(0);
                let shown = got.as_ref().map_or_else(|| "a number".to_owned(), |text| format!("{text:?}"));
                self.leaf(path, format!("{expected:?}"), shown, got.as_ref() == Some(expected));
            }
            (Json::Array(items), Some(size)) => {
                self.leaf(path, format!("{} items", items.len()), size.to_string(), false);
            }
            _ => self.leaf(path, expected.to_string(), Value::Array(tensor.clone()).describe(), false),
        }
    }

    fn leaf(&mut self, path: &str, expected: impl Into<String>, got: String, equal: bool) {
        self.leaves += 1;
        if !equal {
            self.wrong += 1;
            self.first.get_or_insert_with(|| (path.to_owned(), expected.into(), got));
        }
    }

    #[expect(clippy::float_cmp, reason = "without a tolerance equal means equal")]
    fn near(&self, expected: f64, got: f64) -> bool {
        expected == got || (expected - got).abs() <= self.tolerance
    }
}

/// The number as an array of this type holds it: a suite writes 0.1, single precision cannot.
fn rounded(number: f64, dtype: DType) -> f64 {
    match dtype {
        DType::F32 => f64::from(number as f32),
        DType::F16 => f64::from(half::f16::from_f64(number)),
        DType::BF16 => f64::from(half::bf16::from_f64(number)),
        _ => number,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compiled, embedder, folder, response, summaries};
    use crate::prediction::Value;

    #[test]
    fn nested_values_are_compared_one_by_one() {
        let contract = embedder();
        let responses = [response(&contract, "call", "AC:D|EF", json!({}))];
        let found = |table: &str| {
            let check = compiled(&contract, &format!("check = 'equals'\n{table}"));
            summaries(&check, &contract, &responses)
        };
        assert!(found("field = 'chain_index'\nvalue = [[0, 0, 1], [0, 0, -1]]").is_empty());
        insta::assert_snapshot!(found("field = 'chain_index'\nvalue = [[0, 1, 1], [0, 0, 7]]").join("\n"), @"chain_index: 2 of 6 values differ; chain_index[0][1] should be 1, is 0");
        insta::assert_snapshot!(found("field = 'chain_index'\nvalue = [[0, 0, 1]]").join("\n"), @"chain_index: expected 1 items, got 2");
        assert!(found("field = 'metadata'\nvalue = { sequence_lengths = [3, 2] }").is_empty());
        insta::assert_snapshot!(found("field = 'metadata.sequence_lengths'\nvalue = [3, 2, 1]").join("\n"), @"metadata.sequence_lengths: expected a list of 3, got list of 2");
        insta::assert_snapshot!(found("field = 'metadata.model_name'\nvalue = 'ESM-2'").join("\n"), @r#"metadata.model_name: expected "ESM-2", got "The embedder""#);
        insta::assert_snapshot!(found("field = 'metadata.inference_time'\nvalue = 'soon'").join("\n"), @r#"metadata.inference_time: expected "soon", got float 0.25"#);
    }

    #[test]
    fn integers_of_python_are_compared_exactly_or_within_the_tolerance() {
        let contract = embedder();
        let found = |length: i64, table: &str| {
            let lengths = Value::List(vec![Value::Integer(length)]);
            let response = response(&contract, "call", "ACD", json!({})).with("extra", lengths);
            let mut contract = contract.clone();
            contract.fields[0].name = "extra".into();
            let check = compiled(&contract, &format!("check = 'equals'\nfield = 'extra'\n{table}"));
            summaries(&check, &contract, &[response])
        };
        assert!(found(3, "value = [5]\natol = 2").is_empty());
        insta::assert_snapshot!(found(2, "value = [5]\natol = 2").join("\n"), @"extra[0]: expected 5, got 2");
        let great = (1 << 53) + 1;
        assert!(found(great, &format!("value = [{great}]")).is_empty());
        assert_eq!(found(great, &format!("value = [{}]", great - 1)).len(), 1);
    }

    #[test]
    fn numbers_are_compared_as_their_array_holds_them() {
        let contract = folder();
        let responses = [response(&contract, "call", "A", json!({"include_fields": ["ptm"]}))];
        let found = |table: &str| {
            let check = compiled(&contract, &format!("check = 'equals'\nfield = 'ptm'\n{table}"));
            summaries(&check, &contract, &responses)
        };
        assert!(found("value = [[0.1]]").is_empty());
        insta::assert_snapshot!(found("value = [[0.2]]").join("\n"), @"ptm[0][0]: expected 0.200000003, got 0.100000001");
        assert!(found("value = [[0.2]]\natol = 0.11").is_empty());
    }
}
