//! `absent`: fields that must be None.

use super::Check;
use super::case_results::{AnsweredCall, Calls};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::parser::{CheckParser, FieldScope};

/// The name of the check.
pub(crate) const NAME: &str = "absent";

#[derive(Debug)]
struct Absent {
    calls: Calls,
    fields: Vec<FieldPath>,
}

/// Reads `fields` and `call`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let (calls, fields) = parser.calls_and_fields(FieldScope::All)?;
    Some(Box::new(Absent { calls, fields }))
}

impl Check for Absent {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for field in &self.fields {
            let summary = match answered.prediction.at(&field.to_string()) {
                Some(value) if value.is_none() => continue,
                // A model whose class has no such attribute has nothing there.
                None if answered.contract.field(field.name()).is_none() && field.metadata_attribute().is_none() => {
                    continue;
                }
                Some(value) => format!("{field}: expected None, got {}", value.describe()),
                // Python users read the attribute, so it must be there to be None.
                None => format!("{field}: expected None, got no such attribute"),
            };
            findings.push(Finding::wrong(NAME, answered.call, summary));
        }
        findings
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
        assert_eq!(summaries(&*check, &contract, std::slice::from_ref(&minimal)), Vec::<String>::new());
        let some = response(&contract, "call", "AC", json!({"include_fields": ["pdb"]}));
        insta::assert_snapshot!(summaries(&*check, &contract, &[some]).join("\n"), @"pdb: expected None, got list of 1");
        let mut without = minimal;
        if let Ok(prediction) = &mut without.result {
            prediction.fields.retain(|(name, _)| name != "plddt");
        }
        insta::assert_snapshot!(summaries(&*check, &contract, &[without]).join("\n"), @"plddt: expected None, got no such attribute");
    }
}
