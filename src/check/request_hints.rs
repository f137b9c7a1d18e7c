//! What requests tell about findings: options that seem to reach no model, and calls that are the same and answered otherwise.
//! Looks at findings that are there already; finds nothing by itself.

use super::case_results::{CallResult, CaseResults};
use super::finding::Finding;
use crate::backend::Responsible;
use crate::prediction::Value;

/// The options that are named by a response which is as it would be without them.
const INCLUDE: &str = "include_fields";

/// Adds to the findings about calls what their requests tell.
pub(super) fn hint(findings: &mut [Finding], results: &CaseResults<'_>) {
    let responses = results.responses;
    for finding in findings.iter_mut().filter(|finding| finding.responsible == Responsible::Backend) {
        let of_finding = |response: &CallResult| finding.call.as_deref() == Some(response.call.as_str());
        let Some(place) = responses.iter().position(of_finding) else {
            continue;
        };
        let hint = ignored(results, &responses[place], finding.check)
            .map(|options| format!("options seem to be ignored: the call has {options}"))
            .or_else(|| repeated(&responses[..place], &responses[place], finding.check));
        if let Some(hint) = hint {
            finding.hint = Some(match finding.hint.take() {
                Some(other) => format!("{hint}; {other}"),
                None => hint,
            });
        }
    }
}

/// That two calls are the same, and their responses are not.
fn repeated(earlier: &[CallResult], response: &CallResult, check: &str) -> Option<String> {
    let is_same = |other: &&CallResult| (&other.request, &other.config) == (&response.request, &response.config);
    let same = earlier.iter().find(is_same).filter(|_| check == super::agree::NAME)?;
    Some(format!(
        "not repeatable: `{}` and `{}` are the same call, with the same configuration",
        same.call, response.call
    ))
}

/// The options that a response shows nothing of: fields asked for of which none came, or options that a model must refuse.
fn ignored(results: &CaseResults<'_>, response: &CallResult, check: &str) -> Option<String> {
    let prediction = response.result.as_ref().ok()?;
    let options = &response.request.options;
    if check == super::error::NAME && !options.is_empty() {
        let names: Vec<&str> = options.keys().map(String::as_str).collect();
        return Some(format!("`{}`, which the model must refuse", names.join("`, `")));
    }
    let asked = options.get(INCLUDE)?.as_array()?;
    // A name that no model has is never answered.
    let is_known = |name: &&str| results.contract.field(name).is_some();
    let named: Vec<&str> = asked.iter().filter_map(|name| name.as_str()).filter(is_known).collect();
    let is_absent = |name: &&str| prediction.field(name).is_none_or(|value| matches!(value, Value::None));
    let optional: Vec<&str> = named.iter().copied().filter(|name| *name != "*").filter(is_absent).collect();
    let all_absent = !named.is_empty() && optional.len() == named.len();
    all_absent.then(|| format!("`{INCLUDE}`, and none of `{}` came", optional.join("`, `")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{compiled, folder, response};
    use super::super::{MetricValues, judge};
    use super::*;

    fn hints(table: &str, options: serde_json::Value, fields: &serde_json::Value) -> Vec<Option<String>> {
        let contract = folder();
        let mut answered = response(&contract, "call", "AC", fields.clone());
        if let serde_json::Value::Object(options) = options {
            answered.request.options = options;
        }
        let responses = [answered];
        let results = CaseResults {
            contract: &contract,
            responses: &responses,
            recorded: None,
            measured: &MetricValues::default(),
        };
        let checks = [compiled(&contract, table)];
        judge(&checks, &results).into_iter().map(|finding| finding.hint).collect()
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
        let found = hints("check = 'range'\nfield = 'plddt'\nmax = 0", asked, &json!({ "include_fields": ["plddt"] }));
        insta::assert_snapshot!(format!("{found:?}"), @"[None]");
    }

    #[test]
    fn an_option_that_must_be_refused_and_is_not_tells_the_same() {
        let found = hints("check = 'error'", json!({ "device": "cpu" }), &json!({}));
        insta::assert_snapshot!(found[0].as_ref().unwrap(), @"options seem to be ignored: the call has `device`, which the model must refuse");
        assert_eq!(hints("check = 'error'", json!({}), &json!({})), [None]);
    }
}
