//! The way to a value in a response: `plddt`, `plddt[0]`, `metadata.sequence_lengths`. Finds it or says why it is not there.

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
    /// Reads a path; `None` when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let name_length = text.find(['.', '[']).unwrap_or(text.len());
        let (name, mut rest) = text.split_at(name_length);
        if !is_name(name) {
            return None;
        }
        while !rest.is_empty() {
            if let Some(indexed) = rest.strip_prefix('[') {
                let (index, after) = indexed.split_once(']')?;
                index.parse::<usize>().ok()?;
                rest = after;
            } else {
                let after = rest.strip_prefix('.')?;
                let end = after.find(['.', '[']).unwrap_or(after.len());
                if !is_name(&after[..end]) {
                    return None;
                }
                rest = &after[end..];
            }
        }
        Some(Self { text: text.to_owned(), name_length })
    }

    /// The field of the response.
    pub(crate) fn name(&self) -> &str {
        &self.text[..self.name_length]
    }

    /// The attribute of the metadata that is meant; empty for all of it, `None` for another field.
    pub(crate) fn metadata_attribute(&self) -> Option<&str> {
        let rest = self.text.strip_prefix("metadata")?;
        let attribute = rest.strip_prefix('.').or(rest.is_empty().then_some(""))?;
        Some(&attribute[..attribute.find(['.', '[']).unwrap_or(attribute.len())])
    }

    /// Whether the whole field is meant.
    pub(crate) const fn is_whole(&self) -> bool {
        self.text.len() == self.name_length
    }

    /// The value in a response.
    ///
    /// # Errors
    /// A finding when there is nothing. A field that is None because it was not requested is not the backend's fault.
    pub(crate) fn find<'a>(&self, check: &'static str, answered: &AnsweredCall<'a>) -> Result<&'a Value, Box<Finding>> {
        let prediction = answered.prediction;
        let wrong = |summary: String| Err(Box::new(Finding::wrong(check, answered.call, summary)));
        match (prediction.field(self.name()), prediction.at(&self.text)) {
            (Some(Value::None), _) => {
                let summary = format!("{self}: expected a value, got None");
                let filled = answered.contract.field(self.name()).is_none_or(|field| answered.expected.fills(field));
                if filled {
                    wrong(summary)
                } else {
                    let hint = format!("the call `{}` does not ask for it in `include_fields`", answered.call);
                    Err(Box::new(Finding::unjudged(check, summary).hint(hint)))
                }
            }
            (_, Some(Value::None)) => wrong(format!("{self}: expected a value, got None")),
            (_, Some(value)) => Ok(value),
            (Some(value), None) => {
                wrong(format!("{self}: nothing is there; `{}` is {}", self.name(), value.describe()))
            }
            (None, None) => wrong(format!("{self}: the response has no attribute `{}`", self.name())),
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{folder, response};
    use super::*;
    use crate::backend::Responsible;

    #[test]
    fn paths_read_names_indices_and_attributes() {
        let path = FieldPath::parse("metadata.sequence_lengths[0]").unwrap();
        assert_eq!((path.name(), path.metadata_attribute()), ("metadata", Some("sequence_lengths")));
        assert!(!path.is_whole());
        assert_eq!(FieldPath::parse("plddt").unwrap().metadata_attribute(), None);
        for wrong in ["", "[0]", "plddt[", "plddt[x]", "plddt.", "plddt[0]x", "a b", "plddt[-1]"] {
            assert_eq!(FieldPath::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_missing_value_blames_the_backend_only_when_it_was_asked_for() {
        let contract = folder();
        let judge = |options, path: &str| {
            let response = response(&contract, "call", "A", options).with("plddt", Value::None);
            let answered = AnsweredCall::new(&contract, &response).unwrap();
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
