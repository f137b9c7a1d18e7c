//! What requests tell about findings: options that seem to reach no model, and calls that are the same and answered otherwise.
//! Looks at findings that are there already; finds nothing by itself.

use super::evidence::{Answer, Evidence};
use super::finding::Finding;
use crate::backend::Blame;
use crate::prediction::Value;

/// The options that are named by an answer which is as it would be without them.
const INCLUDE: &str = "include_fields";

/// Adds to the findings about calls what their requests tell.
pub(super) fn hint(findings: &mut [Finding], evidence: &Evidence<'_>) {
    let answers = evidence.answers;
    for finding in findings.iter_mut().filter(|finding| finding.blame == Blame::Backend) {
        let of_finding = |answer: &Answer| finding.call.as_deref() == Some(answer.call.as_str());
        let Some(place) = answers.iter().position(of_finding) else {
            continue;
        };
        let hint = ignored(evidence, &answers[place], finding.check)
            .map(|options| format!("options seem to be ignored: the call has {options}"))
            .or_else(|| repeated(&answers[..place], &answers[place], finding.check));
        if let Some(hint) = hint {
            finding.hint = Some(match finding.hint.take() {
                Some(other) => format!("{hint}; {other}"),
                None => hint,
            });
        }
    }
}

/// That two calls are the same, and their answers are not.
fn repeated(earlier: &[Answer], answer: &Answer, check: &str) -> Option<String> {
    let is_same = |other: &&Answer| (&other.request, &other.config) == (&answer.request, &answer.config);
    let same = earlier.iter().find(is_same).filter(|_| check == super::agree::NAME)?;
    Some(format!(
        "not repeatable: `{}` and `{}` are the same call, with the same configuration",
        same.call, answer.call
    ))
}

/// The options that an answer shows nothing of: fields asked for of which none came, or options that a model must refuse.
fn ignored(evidence: &Evidence<'_>, answer: &Answer, check: &str) -> Option<String> {
    let prediction = answer.result.as_ref().ok()?;
    let options = &answer.request.options;
    if check == super::error::NAME && !options.is_empty() {
        let names: Vec<&str> = options.keys().map(String::as_str).collect();
        return Some(format!("`{}`, which the model must refuse", names.join("`, `")));
    }
    let asked = options.get(INCLUDE)?.as_array()?;
    // A name that no model has is never answered.
    let is_known = |name: &&str| evidence.contract.field(name).is_some();
    let named: Vec<&str> = asked.iter().filter_map(|name| name.as_str()).filter(is_known).collect();
    let is_absent = |name: &&str| prediction.field(name).is_none_or(|value| matches!(value, Value::None));
    let optional: Vec<&str> = named
        .iter()
        .copied()
        .filter(|name| *name != "*")
        .filter(is_absent)
        .collect();
    let all_absent = !named.is_empty() && optional.len() == named.len();
    all_absent.then(|| format!("`{INCLUDE}`, and none of `{}` came", optional.join("`, `")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{answer, compiled, folder};
    use super::super::{Measured, judge};
    use super::*;

    fn hints(table: &str, options: serde_json::Value, fields: &serde_json::Value) -> Vec<Option<String>> {
        let contract = folder();
        let mut given = answer(&contract, "call", "AC", fields.clone());
        if let serde_json::Value::Object(options) = options {
            given.request.options = options;
        }
        let answers = [given];
        let evidence = Evidence {
            suite: "suite",
            case: "case",
            contract: &contract,
            answers: &answers,
            recorded: None,
            measured: &Measured::default(),
        };
        let checks = [compiled(&contract, table)];
        judge(&checks, &evidence)
            .into_iter()
            .map(|finding| finding.hint)
            .collect()
    }

    #[test]
    fn fields_that_were_asked_for_in_vain_tell_of_options_that_are_ignored() {
        let asked = json!({ "include_fields": ["plddt"] });
        let found = hints("check = 'present'\nfields = ['plddt']", asked.clone(), &json!({}));
        insta::assert_snapshot!(found[0].as_ref().unwrap(), @"options seem to be ignored: the call has `include_fields`, and none of `plddt` came");
        let came = hints("check = 'range'\nfield = 'plddt'\nmax = 0", asked.clone(), &asked);
        insta::assert_snapshot!(format!("{came:?}"), @"[None]");
    }

    #[test]
    fn a_field_that_no_model_has_tells_nothing() {
        let asked = json!({ "include_fields": ["no_such_field"] });
        let found = hints(
            "check = 'range'\nfield = 'plddt'\nmax = 0",
            asked,
            &json!({ "include_fields": ["plddt"] }),
        );
        insta::assert_snapshot!(format!("{found:?}"), @"[None]");
    }

    #[test]
    fn an_option_that_must_be_refused_and_is_not_tells_the_same() {
        let found = hints("check = 'error'", json!({ "device": "cpu" }), &json!({}));
        insta::assert_snapshot!(found[0].as_ref().unwrap(), @"options seem to be ignored: the call has `device`, which the model must refuse");
        assert_eq!(hints("check = 'error'", json!({}), &json!({})), [None]);
    }
}
