//! Checks: what a suite may demand of a model's responses. One file per check; all of them only look, never call a backend
//! and never print.

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
mod other_inputs;
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
mod tally;
mod text;
mod weights;
mod zeros;

use crate::prediction::{Contract, Prediction};
use crate::snapshot::Recording;

pub(crate) use case_results::AnsweredCall;
pub use case_results::{CallResult, Calls, CaseResults, MetricValues, RecordedResults};
pub use compile::{KINDS, compile_case};
pub use contract::ContractCheck;
pub(crate) use ensemble::{Sample, test as test_samples};
pub(crate) use finding::FieldDifference;
pub use finding::Finding;
pub(crate) use other_inputs::for_other_inputs;
pub(crate) use reviewed::breaches;

/// For which other inputs than those of its case the demand of a check holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputScope {
    /// For every input: what it demands follows from the request.
    Every,
    /// For every input, as long as all its calls have the same one and keep their options.
    Common,
}

/// One demand of a case, ready to judge.
pub trait Check: Send + Sync + std::fmt::Debug {
    /// The calls it looks at.
    fn calls(&self) -> &Calls;

    /// Whether it wants a call to be refused.
    fn expects_error(&self, _call: &str) -> bool {
        false
    }

    /// Whether it compares the response to a call with a recorded one, so that a recording exists for that call.
    fn records(&self, _call: &str) -> bool {
        false
    }

    /// Its name and the inputs that it can judge besides the one that its case states; `None` where another input would break
    /// its demand for no fault of the backend.
    fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        None
    }

    /// The paths at which two responses to one call differ by more than it allows a recorded one and the next, floors aside;
    /// empty for a check that records nothing.
    fn beyond(&self, _contract: &Contract, _one: &Prediction, _other: &Prediction) -> Vec<String> {
        Vec::new()
    }

    /// What is wrong with the response to one call, for checks that look at each by itself.
    fn judge_one(&self, _given: &AnsweredCall<'_>) -> Vec<Finding> {
        Vec::new()
    }

    /// Everything that is wrong by it; empty when the responses are as they should be. Unless a check says otherwise, that is
    /// what is wrong with each of its calls.
    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let judged = self.calls().answered(results);
        judged.flat_map(|answered| self.judge_one(&answered)).collect()
    }
}

/// Whether the findings of a check of this name rest on a recorded result.
pub(crate) fn needs_reference(check: &str) -> bool {
    [snapshot::NAME, positions::NAME, ensemble::NAME].contains(&check)
}

/// All that is wrong with the responses of a case: calls that failed though no check wants them to, then what the checks
/// find. A check whose call failed has nothing to look at; the failure itself is the finding.
///
/// Checks propose what to record, and only a case of which nothing is wrong is recorded: one wrong response among the
/// reference results would make every right backend wrong.
#[must_use]
pub fn judge(checks: &[Box<dyn Check>], results: &CaseResults<'_>) -> Vec<Finding> {
    let failed = results.responses.iter().filter_map(|response| {
        let error = response.result.as_ref().err()?;
        let expected = checks.iter().any(|check| check.expects_error(&response.call));
        (!expected).then(|| Finding::failed("response", &response.call, error))
    });
    let failed: Vec<Finding> = failed.collect();
    let records = |check: &dyn Check| results.responses.iter().any(|response| check.records(&response.call));
    let judged = checks.iter().map(|check| if records(&**check) { Vec::new() } else { check.judge(results) });
    let mut found: Vec<Vec<Finding>> = judged.collect();
    let is_sound = failed.is_empty() && found.iter().all(Vec::is_empty);
    let recording = |results: &CaseResults<'_>| -> Vec<Vec<Finding>> {
        let judged = checks.iter().map(|check| if records(&**check) { check.judge(results) } else { Vec::new() });
        judged.collect()
    };
    let compared = match results.recorded {
        None => recording(results),
        Some(recorded) => compare_recorded(recorded, results, is_sound, recording),
    };
    for (own, more) in found.iter_mut().zip(compared) {
        own.extend(more);
    }
    let mut findings: Vec<Finding> = failed.into_iter().chain(found.into_iter().flatten()).collect();
    request_hints::hint(&mut findings, results);
    findings
}

/// Compares responses with recorded ones, and records what is missing where all else is well.
fn compare_recorded(
    recorded: &RecordedResults<'_>,
    results: &CaseResults<'_>,
    is_sound: bool,
    judge: impl Fn(&CaseResults<'_>) -> Vec<Vec<Finding>>,
) -> Vec<Vec<Finding>> {
    let wanted = recorded.store.recording();
    let (recording, command) = match (is_sound, wanted) {
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
    // The numbers are taken already.
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
}
