//! Checks: what a suite may demand of a model's responses, one file per check. A check only looks at responses. It never calls a
//! backend and never prints.

mod absent;
mod agree;
mod b_factor;
mod bounds;
mod candidates;
mod case_results;
mod compile;
pub(crate) mod complex;
mod components;
mod contract;
mod differ;
mod ensemble;
mod equals;
mod error;
mod expected;
mod field_path;
mod finding;
mod finite;
#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod judged;
mod kept;
mod number;
mod numbers;
mod pair;
mod parser;
mod physical;
mod places;
mod positions;
mod present;
mod range;
mod request_hints;
mod reviewed;
mod seeded;
mod sequence;
mod shape;
mod snapshot;
mod structure_field;
mod structure_text;
mod text;
mod zeros;

use std::sync::Arc;

use crate::prediction::{Contract, Prediction};
use crate::snapshot::Recording;

use case_results::AnsweredCall;
pub use case_results::{CallResult, Calls, CaseResults, MetricValues, RecordedResults};
pub use compile::{KINDS, compile_case};
pub(crate) use ensemble::{Sample, test as test_samples};
pub(crate) use expected::Expected;
pub(crate) use finding::FieldDifference;
pub use finding::Finding;
pub(crate) use reviewed::breaches;

/// The inputs, besides that of its case, for which a check can judge responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputScope {
    /// Every input, because the demand follows from the request.
    Every,
    /// Every input, as long as all calls of the check have the same one and keep their options.
    Common,
}

/// The findings about one call, or the finding that ends its judging.
pub(crate) type CallFindings = Result<Vec<Finding>, Box<Finding>>;

/// What a check of one kind demands.
pub(crate) trait CheckRule: Send + Sync + std::fmt::Debug {
    /// Returns `None` if another input would break the demand through no fault of the backend.
    fn other_inputs(&self) -> Option<InputScope> {
        None
    }

    /// The paths at which two responses to one call differ by more than the check tolerates, noise floors aside.
    fn beyond(&self, _contract: &Contract, _one: &Prediction, _other: &Prediction) -> Vec<String> {
        Vec::new()
    }

    /// Judges the response to one call, for checks that look at each response on its own.
    fn judge_one(&self, _answered: &AnsweredCall<'_>) -> CallFindings {
        Ok(Vec::new())
    }

    /// Judges the responses to `calls`. By default, one after the other.
    fn judge(&self, calls: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        let judged = calls.answered(results).map(|answered| self.judge_one(&answered));
        judged.flat_map(|judged| judged.unwrap_or_else(|finding| vec![*finding])).collect()
    }
}

/// One demand of a case, ready to judge.
#[derive(Debug, Clone)]
pub struct Check {
    /// The kind of the check.
    pub(crate) name: &'static str,
    /// The calls that it looks at.
    pub(crate) calls: Calls,
    /// Its demand.
    pub(crate) rule: Arc<dyn CheckRule>,
}

impl Check {
    /// The check `contract` for every call.
    #[must_use]
    pub fn contract() -> Self {
        Self { name: contract::NAME, calls: Calls::All, rule: Arc::new(contract::ContractRule) }
    }

    /// Whether the check demands that a call fails.
    pub(crate) fn expects_error(&self, call: &str) -> bool {
        self.name == error::NAME && self.calls.includes(call)
    }

    /// Whether the check compares the response to a call with a recorded result.
    #[must_use]
    pub fn records(&self, call: &str) -> bool {
        needs_reference(self.name) && self.calls.includes(call)
    }

    /// The name of the check and the other inputs that it can judge. Returns `None` if it can judge none.
    pub(crate) fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        Some((self.name, self.rule.other_inputs()?))
    }

    /// The paths at which two responses to one call differ by more than the check allows between a recorded result and the
    /// next one, noise floors aside. Empty for a check that records nothing.
    pub(crate) fn beyond(&self, contract: &Contract, one: &Prediction, other: &Prediction) -> Vec<String> {
        self.rule.beyond(contract, one, other)
    }

    /// Everything that is wrong by this check.
    #[must_use]
    pub fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        if needs_reference(self.name) && results.recorded.is_none() {
            return vec![Finding::unjudged(self.name, "no snapshots are at hand")];
        }
        self.rule.judge(&self.calls, results)
    }
}

/// Whether the findings of the check of this name rest on a recorded result.
pub(crate) fn needs_reference(check: &str) -> bool {
    [snapshot::NAME, positions::NAME, ensemble::NAME].contains(&check)
}

/// The checks that can judge their calls with another input than that of their case.
pub(crate) fn for_other_inputs(checks: &[Check]) -> Arc<[Check]> {
    checks.iter().filter(|check| check.other_inputs().is_some()).cloned().collect()
}

/// Everything that is wrong with the responses of a case: calls that failed although no check expects it, then the findings
/// of the checks. A check whose call failed has nothing to look at; the failure itself is the finding.
///
/// Checks propose what to record, and a case is recorded only if nothing is wrong with it: one wrong response among the
/// reference results would make every right backend wrong.
#[must_use]
pub fn judge(checks: &[Check], results: &CaseResults<'_>) -> Vec<Finding> {
    let is_expected = |response: &&CallResult| checks.iter().any(|check| check.expects_error(&response.call));
    let failed = results
        .responses
        .iter()
        .filter(|response| !is_expected(response))
        .filter_map(|response| Some(Finding::failed("response", &response.call, response.result.as_ref().err()?)));
    let mut findings: Vec<Finding> = failed.collect();
    // The findings of each check that compares with recorded results, or of each that does not.
    let judge = |recording: bool, results: &CaseResults<'_>| -> Vec<Vec<Finding>> {
        let records = |check: &Check| results.responses.iter().any(|response| check.records(&response.call));
        checks.iter().map(|check| if records(check) == recording { check.judge(results) } else { Vec::new() }).collect()
    };
    let found = judge(false, results);
    let is_sound = findings.is_empty() && found.iter().all(Vec::is_empty);
    let compared = match results.recorded {
        None => judge(true, results),
        Some(recorded) => compare_recorded(recorded, results, is_sound, |results| judge(true, results)),
    };
    findings.extend(found.into_iter().zip(compared).flat_map(|(one, other)| one.into_iter().chain(other)));
    request_hints::hint(&mut findings, results);
    findings
}

/// Compares responses with recorded ones, and records the missing ones if nothing else is wrong.
fn compare_recorded(
    recorded: &RecordedResults<'_>,
    results: &CaseResults<'_>,
    is_sound: bool,
    judge: impl Fn(&CaseResults<'_>) -> Vec<Vec<Finding>>,
) -> Vec<Vec<Finding>> {
    let (recording, command) = match (is_sound, recorded.store.recording()) {
        (false, _) => (Recording::Never, None),
        (true, Recording::Missing) => (Recording::Proposed, recorded.command),
        (true, other) => (other, recorded.command),
    };
    let store = recorded.store.with(recording);
    let careful = RecordedResults { store: &store, command, ..*recorded };
    let found = judge(&CaseResults { recorded: Some(&careful), ..*results });
    if recording != Recording::Proposed || found.iter().any(|findings| !findings.is_empty()) {
        return found;
    }
    // The metrics were kept by the first pass.
    judge(&CaseResults { recorded: Some(recorded), measured: &MetricValues::default(), ..*results })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fixture::{compiled, failed, folder, response};
    use super::*;
    use crate::backend::{BackendError, Fault, Responsible, Stage};

    #[test]
    fn a_call_that_fails_is_a_finding_unless_a_check_expects_it() {
        let contract = folder();
        let error = BackendError::new(Stage::Call, Fault::Timeout, "no response within 5 s");
        let responses = [failed(&contract, "call", "A", error)];
        let results = CaseResults {
            contract: &contract,
            responses: &responses,
            recorded: None,
            measured: &MetricValues::default(),
        };
        let contract_check = [compiled(&contract, "check = 'contract'")];
        let findings = judge(&contract_check, &results);
        assert_eq!(
            (findings.len(), findings[0].check, findings[0].responsible),
            (1, "response", Responsible::Platform)
        );
        let expected = [compiled(&contract, "check = 'error'\nfault = 'timeout'")];
        assert_eq!(judge(&expected, &results), []);
    }

    #[test]
    fn all_findings_of_all_checks_come_in_order() {
        let contract = folder();
        let checks = [
            compiled(&contract, "check = 'absent'\nfields = ['plddt']"),
            compiled(&contract, "check = 'range'\nfield = 'plddt'\nmax = 0"),
        ];
        let responses = [response(&contract, "call", "AC", json!({"include_fields": ["plddt"]}))];
        let results = CaseResults {
            contract: &contract,
            responses: &responses,
            recorded: None,
            measured: &MetricValues::default(),
        };
        let names: Vec<_> = judge(&checks, &results).into_iter().map(|finding| finding.check).collect();
        assert_eq!(names, ["absent", "range"]);
    }

    #[test]
    fn only_what_follows_from_the_request_judges_other_inputs() {
        let every = [
            "check = 'contract'",
            "check = 'sequence'",
            "check = 'finite'\nfields = ['plddt']",
            "check = 'shape'\nfield = 'plddt'\nshape = ['N']",
            "check = 'shape'\nfield = 'plddt'\ndtype = 'float32'",
        ];
        let stated = [
            "check = 'finite'\nfields = ['plddt[0]']",
            "check = 'shape'\nfield = 'plddt'\nshape = [4]",
            "check = 'shape'\nfield = 'plddt'\nitems = 1",
            "check = 'range'\nfield = 'plddt'\nmin = 0.9",
            "check = 'present'\nfields = ['plddt']",
            "check = 'absent'\nfields = ['plddt']",
            "check = 'equals'\nfield = 'metadata.sequence_lengths'\nvalue = [4]",
            "check = 'error'\nmessage = 'no'",
            "check = 'snapshot'",
        ];
        let checks: Vec<Check> =
            [&every[..], &stated[..]].concat().iter().map(|table| compiled(&folder(), table)).collect();
        let lent = for_other_inputs(&checks);
        let names: Vec<_> = lent.iter().filter_map(Check::other_inputs).collect();
        let expected = ["contract", "sequence", "finite", "shape", "shape"].map(|name| (name, InputScope::Every));
        assert_eq!(names, expected);
    }
}
