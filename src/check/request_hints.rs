//! Hints that follow from requests: options that seem to reach no model, and equal calls with different responses. Adds to findings
//! that exist. Finds nothing itself.

use super::case_results::{CallResult, CaseResults};
use super::finding::Finding;
use crate::backend::Responsible;
use crate::prediction::Value;

/// The option whose effect a response shows: the fields that it requests.
const INCLUDE: &str = "include_fields";

/// Adds the hints that follow from the requests to the findings about calls.
pub(super) fn hint(findings: &mut [Finding], results: &CaseResults<'_>) {
    let responses = results.responses;
    for finding in findings.iter_mut().filter(|finding| finding.responsible == Responsible::Backend) {
        let is_own = |response: &CallResult| finding.call.as_deref() == Some(response.call.as_str());
        let Some(place) = responses.iter().position(is_own) else {
            continue;
        };
        let hint = ignored(results, &responses[place], finding.check)
            .map(|options| format!("options seem to be ignored: the call has {options}"))
            .or_else(|| repeated(&responses[..place], &responses[place], finding.check));
        finding.hint = match (hint, finding.hint.take()) {
            (Some(hint), Some(other)) => Some(format!("{hint}; {other}")),
            (hint, other) => hint.or(other),
        };
    }
}

/// Two calls are the same, and their responses are not.
fn repeated(earlier: &[CallResult], response: &CallResult, check: &str) -> Option<String> {
    let is_same = |other: &&CallResult| (&other.request, &other.config) == (&response.request, &response.config);
    let same = earlier.iter().find(is_same).filter(|_| check == super::agree::NAME)?;
    Some(format!(
        "not repeatable: `{}` and `{}` are the same call, with the same configuration",
        same.call, response.call
    ))
}

/// The options that a response does not reflect: requested fields that are all absent, or options that a model must refuse.
fn ignored(results: &CaseResults<'_>, response: &CallResult, check: &str) -> Option<String> {
    let prediction = response.result.as_ref().ok()?;
    let options = &response.request.options;
    if check == super::error::NAME && !options.is_empty() {
        let names: Vec<&str> = options.keys().map(String::as_str).collect();
        return Some(format!("`{}`, which the model must refuse", names.join("`, `")));
    }
    // No response has a field that no model has.
    let requested = options.get(INCLUDE)?.as_array()?.iter().filter_map(|name| name.as_str());
    let named: Vec<&str> = requested.filter(|name| results.contract.field(name).is_some()).collect();
    let is_absent = |name: &&str| *name != "*" && prediction.field(name).is_none_or(Value::is_none);
    (!named.is_empty() && named.iter().all(is_absent))
        .then(|| format!("`{INCLUDE}`, and none of `{}` came", named.join("`, `")))
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
