//! The path to a value in a response: `plddt`, `plddt[0]`, `metadata.sequence_lengths`. Finds the value or tells why it is not there.

use std::fmt;

use super::case_results::AnsweredCall;
use super::finding::Finding;
use crate::prediction::Value;

/// A field, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPath {
    text: String,
    name_length: usize,
}

impl FieldPath {
    /// Reads a path. Returns `None` if it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, mut rest) = split_name(text)?;
        let name_length = name.len();
        while !rest.is_empty() {
            rest = if let Some(indexed) = rest.strip_prefix('[') {
                let (index, after) = indexed.split_once(']')?;
                index.parse::<usize>().ok()?;
                after
            } else {
                split_name(rest.strip_prefix('.')?)?.1
            };
        }
        Some(Self { text: text.to_owned(), name_length })
    }

    /// The field of the response.
    pub(crate) fn name(&self) -> &str {
        &self.text[..self.name_length]
    }

    /// The attribute of the metadata. Empty for all metadata, `None` for another field.
    pub(crate) fn metadata_attribute(&self) -> Option<&str> {
        let rest = self.text.strip_prefix("metadata")?;
        let attribute = rest.strip_prefix('.').or(rest.is_empty().then_some(""))?;
        attribute.split(['.', '[']).next()
    }

    /// Whether the path is a whole field.
    pub(crate) const fn is_whole(&self) -> bool {
        self.text.len() == self.name_length
    }

    /// The place of the item that the path is, or that it is within: 1 of `plddt[1]`.
    pub(crate) fn item(&self) -> Option<usize> {
        let (index, _) = self.text[self.name_length..].strip_prefix('[')?.split_once(']')?;
        index.parse().ok()
    }

    /// The items of a value at this path with their paths, or the value itself if it is no list.
    pub(crate) fn items<'a>(&self, value: &'a Value) -> Vec<(String, &'a Value)> {
        match value.as_items() {
            Some(items) => items.iter().enumerate().map(|(index, item)| (format!("{self}[{index}]"), item)).collect(),
            None => vec![(self.to_string(), value)],
        }
    }

    /// The value in a response.
    ///
    /// # Errors
    /// A finding if there is no value. A field that is None because it was not requested is not the backend's fault.
    pub(crate) fn find<'a>(&self, check: &'static str, answered: &AnsweredCall<'a>) -> Result<&'a Value, Box<Finding>> {
        let (field, value) = (answered.prediction.field(self.name()), answered.prediction.at(&self.text));
        let summary = match (field, value) {
            (Some(Value::None), _) | (_, Some(Value::None)) => format!("{self}: expected a value, got None"),
            (_, Some(value)) => return Ok(value),
            (Some(value), None) => format!("{self}: nothing is there; `{}` is {}", self.name(), value.describe()),
            (None, None) => format!("{self}: the response has no attribute `{}`", self.name()),
        };
        let is_filled = || answered.contract.field(self.name()).is_none_or(|field| answered.expected.fills(field));
        Err(Box::new(if matches!(field, Some(Value::None)) && !is_filled() {
            let hint = format!("the call `{}` does not ask for it in `include_fields`", answered.call);
            Finding::unjudged(check, summary).hint(hint)
        } else {
            Finding::wrong(check, answered.call, summary)
        }))
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name at the start of a path, and the rest. Returns `None` if there is no name.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    let is_name = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    is_name.then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{folder, response};
    use super::super::{CaseResults, MetricValues};
    use super::*;
    use crate::backend::Responsible;

    #[test]
    fn paths_read_names_indices_and_attributes() {
        let path = FieldPath::parse("metadata.sequence_lengths[0]").unwrap();
        assert_eq!((path.name(), path.metadata_attribute()), ("metadata", Some("sequence_lengths")));
        assert!(!path.is_whole());
        let items = ["plddt[12]", "confidence[1].pair[0]", "plddt", "metadata.sequence_lengths[0]"];
        assert_eq!(items.map(|text| FieldPath::parse(text).unwrap().item()), [Some(12), Some(1), None, None]);
        assert_eq!(FieldPath::parse("plddt").unwrap().metadata_attribute(), None);
        for wrong in ["", "[0]", "plddt[", "plddt[x]", "plddt.", "plddt[0]x", "a b", "plddt[-1]"] {
            assert_eq!(FieldPath::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_missing_value_blames_the_backend_only_when_it_was_asked_for() {
        let contract = folder();
        let judge = |options, path: &str| {
            let responses = [response(&contract, "call", "A", options).with("plddt", Value::None)];
            let measured = MetricValues::default();
            let results =
                CaseResults { contract: &contract, responses: &responses, recorded: None, measured: &measured };
            let answered = results.answered("call").unwrap();
            FieldPath::parse(path).unwrap().find("range", &answered).unwrap_err()
        };
        let asked = judge(json!({"include_fields": ["plddt"]}), "plddt");
        assert_eq!(
            (asked.responsible, asked.summary.as_str()),
            (Responsible::Backend, "plddt: expected a value, got None")
        );
        let unasked = judge(json!({}), "plddt[0]");
        assert_eq!(unasked.responsible, Responsible::Harness);
        insta::assert_snapshot!(unasked.hint.unwrap(), @"the call `call` does not ask for it in `include_fields`");
        insta::assert_snapshot!(judge(json!({}), "atom_array[3]").summary, @"atom_array[3]: nothing is there; `atom_array` is list of 1");
        insta::assert_snapshot!(judge(json!({}), "other").summary, @"other: the response has no attribute `other`");
    }
}
