//! Holds one value against another, in any nesting: how far their numbers lie apart and what else differs. Measures and
//! words; whether a difference is right or wrong is for the checks.

mod arrays;
mod structures;

use super::number::{count, show_key};
use super::places::Places;
use crate::measure::{Measure, Noise, bound};
use crate::prediction::Value;
use crate::prediction::contract::Tolerance;
use crate::tensor::Tensor;

/// How far two values may lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    /// Bound of every element: `|got − expected| ≤ absolute + relative · |expected|`; `None` where only the other measures
    /// count.
    pub elements: Option<(f64, f64)>,
    /// Least cosine of two rows of an array.
    pub cosine: Option<f64>,
    /// By how much repeats differ, element by element: no difference, whatever the other bounds say.
    pub floor: Option<Noise>,
}

impl Allowed {
    /// The bound of elements, with the floor where that is greater.
    fn bound(&self) -> Option<(f64, f64)> {
        let (absolute, relative) = self.elements?;
        let bound = bound(Tolerance { absolute, relative }, self.floor);
        Some((bound.absolute, relative))
    }
}

/// One way in which two values differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// One line.
    pub summary: String,
    /// Numbers and places.
    pub details: Vec<String>,
}

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// Everything beyond what is allowed.
    pub mismatches: Vec<Mismatch>,
    /// Why the values cannot be measured against each other: other kinds, types, shapes or names.
    pub incomparable: bool,
    /// The greatest absolute difference of two numbers; infinite for different texts.
    pub greatest: f64,
    /// Single numbers and texts that were compared.
    pub compared: usize,
    /// How close floats and structures came to what is allowed.
    pub measures: Vec<Measure>,
}

/// Compares two values at a path.
#[must_use]
pub fn compare(path: &str, expected: &Value, got: &Value, allowed: Allowed, places: &Places<'_>) -> Comparison {
    let mut walk = Walk {
        allowed,
        found: Comparison::default(),
    };
    walk.value(path, expected, got, places);
    walk.found
}

struct Walk {
    allowed: Allowed,
    found: Comparison,
}

impl Walk {
    fn value(&mut self, path: &str, expected: &Value, got: &Value, places: &Places<'_>) {
        match (expected, got) {
            (Value::None, Value::None) => self.incomparable(format!("{path}: nothing to compare, both are None")),
            (Value::Array(expected), Value::Array(got)) => self.array(path, expected, got, places),
            (Value::Structure(expected), Value::Structure(got)) => self.structure(path, expected, got),
            (Value::Text(expected), Value::Text(got)) => self.text(path, expected, got),
            (Value::List(expected), Value::List(got)) | (Value::Tuple(expected), Value::Tuple(got)) => {
                self.items(path, expected, got, places);
            }
            (Value::Map(expected), Value::Map(got)) => self.map(path, expected, got),
            _ => match (scalar(expected), scalar(got)) {
                (Some(expected), Some(got)) => self.array(path, &expected, &got, &Places::default()),
                _ => self.incomparable(format!("{path}: {} against {}", expected.describe(), got.describe())),
            },
        }
    }

    fn items(&mut self, path: &str, expected: &[Value], got: &[Value], places: &Places<'_>) {
        if expected.len() != got.len() || expected.is_empty() {
            let summary = format!("{path}: {} against {}", count(expected.len(), "item"), got.len());
            return self.incomparable(summary);
        }
        for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
            self.value(&format!("{path}[{index}]"), expected, got, &places.of_item(index));
        }
    }

    fn map(&mut self, path: &str, expected: &[(Value, Value)], got: &[(Value, Value)]) {
        if expected.len() != got.len() {
            return self.incomparable(format!("{path}: {} keys against {}", expected.len(), got.len()));
        }
        for ((expected_key, expected), (key, got)) in expected.iter().zip(got) {
            if expected_key != key {
                self.incomparable(format!(
                    "{path}: key {} against {}",
                    show_key(expected_key),
                    show_key(key)
                ));
                return;
            }
            let path = format!("{path}.{}", show_key(key));
            self.value(&path, expected, got, &Places::default());
        }
    }

    fn text(&mut self, path: &str, expected: &str, got: &str) {
        self.found.compared += 1;
        if expected == got {
            return;
        }
        self.found.greatest = f64::INFINITY;
        let mut lines = expected.lines().zip(got.lines()).enumerate();
        let details = match lines.find(|(_, (expected, got))| expected != got) {
            Some((line, (expected, got))) => vec![
                format!("line {}: expected {expected:?}", line + 1),
                format!("line {}:      got {got:?}", line + 1),
            ],
            None => vec![format!(
                "{} lines against {}",
                expected.lines().count(),
                got.lines().count()
            )],
        };
        self.found.mismatches.push(Mismatch {
            summary: format!("{path}: the texts differ"),
            details,
        });
    }

    fn incomparable(&mut self, summary: String) {
        self.found.incomparable = true;
        self.found.mismatches.push(Mismatch {
            summary,
            details: Vec::new(),
        });
    }
}

fn scalar(value: &Value) -> Option<Tensor> {
    match value {
        Value::Integer(number) => Some(Tensor::scalar(*number)),
        Value::Float(number) => Some(Tensor::scalar(*number)),
        Value::Bool(flag) => Some(Tensor::scalar(*flag)),
        _ => None,
    }
}
