//! `absent`: fields that must be None.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::{CheckParser, FieldScope};
use super::{CallFindings, CheckRule};

/// The name of the check.
pub(crate) const NAME: &str = "absent";

#[derive(Debug)]
struct Absent {
    fields: Vec<FieldPath>,
}

/// Reads `fields`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    Some(Box::new(Absent { fields: parser.fields(FieldScope::All)? }))
}

impl CheckRule for Absent {
    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let wrong = self.fields.iter().filter_map(|field| match answered.prediction.at(&field.to_string()) {
            Some(value) if value.is_none() => None,
            Some(value) => Some(format!("{field}: expected None, got {}", value.describe())),
            // A model whose class has no such attribute has nothing there.
            None if answered.contract.field(field.name()).is_none() && field.metadata_attribute().is_none() => None,
            // Python users read the attribute, so it must be there to be None.
            None => Some(format!("{field}: expected None, got no such attribute")),
        });
        Ok(wrong.map(|summary| Finding::wrong(NAME, answered.call, summary)).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compiled, folder, response, summaries};

    #[test]
    fn a_field_that_is_there_is_found() {
        let contract = folder();
        let check = compiled(&contract, "check = 'absent'\nfields = ['plddt', 'pdb']");
        let minimal = response(&contract, "call", "AC", json!({}));
        assert_eq!(summaries(&check, &contract, std::slice::from_ref(&minimal)), Vec::<String>::new());
        let some = response(&contract, "call", "AC", json!({"include_fields": ["pdb"]}));
        insta::assert_snapshot!(summaries(&check, &contract, &[some]).join("\n"), @"pdb: expected None, got list of 1");
        let mut without = minimal;
        if let Ok(prediction) = &mut without.result {
            prediction.fields.retain(|(name, _)| name != "plddt");
        }
        insta::assert_snapshot!(summaries(&check, &contract, &[without]).join("\n"), @"plddt: expected None, got no such attribute");
    }
}
