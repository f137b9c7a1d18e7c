//! `present`: fields that must hold a value.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::{CheckParser, FieldScope};
use super::{CallFindings, CheckRule, number};
use crate::prediction::Value;

/// The name of the check.
pub(crate) const NAME: &str = "present";

#[derive(Debug)]
struct Present {
    fields: Vec<FieldPath>,
}

/// Reads `fields`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    Some(Box::new(Present { fields: parser.fields(FieldScope::Fillable)? }))
}

impl CheckRule for Present {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let findings = self.fields.iter().filter_map(|field| match field.find(NAME, answered) {
            Ok(value) if is_filled(value) => None,
            Ok(value) => {
                let summary = format!("{field}: expected something in it, got {}", describe(value));
                Some(Finding::wrong(NAME, answered.call, summary))
            }
            Err(finding) => Some(*finding),
        });
        Ok(findings.collect())
    }
}

/// Whether a value holds anything. A list of nothing but None is as empty as an empty one.
fn is_filled(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::List(items) | Value::Tuple(items) => items.iter().any(is_filled),
        Value::Map(entries) => !entries.is_empty(),
        Value::Array(tensor) => !tensor.is_empty(),
        Value::Structure(structure) => structure.atoms() > 0,
        Value::Text(text) => !text.is_empty(),
        _ => true,
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::List(items) if !items.is_empty() => format!("a list of {}", number::count(items.len(), "empty item")),
        other => other.describe(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compiled, folder, response, summaries};
    use super::*;

    #[test]
    fn a_field_without_content_is_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'present'\nfields = ['plddt', 'metadata.inference_time']");
        let right = response(&contract, "call", "AC", json!({"include_fields": ["*"]}));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&right)), Vec::<String>::new());
        let none = right.clone().with("plddt", Value::None);
        insta::assert_snapshot!(summaries(&check, &contract, &[none]).join("\n"), @"plddt: expected a value, got None");
        let hollow = right.with("plddt", Value::List(vec![Value::None]));
        insta::assert_snapshot!(summaries(&check, &contract, &[hollow]).join("\n"), @"plddt: expected something in it, got a list of 1 empty item");
    }
}
