//! The result of one case, as stored in an outcome file: every attempt, finding and number. Does not judge cases.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CaseTimes, PlotRecord, RecordedNumber, ResponseRecord, plain_line, plain_text};
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::check::{FieldDifference, Finding};
use crate::config::Level;
use crate::metric_value::{CheckedValue, Direction, MetricVerdict};
use crate::outcome::{CaseFacts, JudgedAttempt, Outcome, Verdict};

/// The beginning of a hint that names a mistake which reproduces the wrong response.
const LIKELY_CAUSE: &str = "likely cause: ";

/// The result of one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseRecord {
    /// `model::suite::case`.
    pub(crate) name: String,
    /// The key of the model.
    pub(crate) model: String,
    /// The suite.
    pub(crate) suite: String,
    /// Whether every port must pass it.
    pub(crate) level: Level,
    /// `file:line` of the case.
    pub(crate) place: String,
    /// Index of the case in the plan of the whole run, from 0. Shards keep it, so that they can be joined in order.
    pub(crate) position: usize,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// The party responsible for a verdict that is neither a pass nor a skip.
    pub(crate) responsible: Option<Responsible>,
    /// The cause of a skip.
    pub(crate) skip_cause: Option<SkipCause>,
    /// Why it was skipped, or why its failure was expected.
    pub(crate) reason: Option<String>,
    /// Remarks that are no findings.
    pub(crate) notes: Vec<String>,
    /// The times of all attempts.
    pub(crate) seconds: CaseTimes,
    /// Every attempt that was judged, in order; empty if the case did not run.
    pub(crate) attempts: Vec<AttemptRecord>,
    /// The calls of the case.
    pub(crate) calls: Vec<CallRecord>,
    /// The checks of the case.
    pub(crate) checks: Vec<String>,
    /// The numbers behind the verdict, from the deciding attempt.
    pub(crate) metrics: Vec<MetricRecord>,
    /// Plots for reports, if requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) plots: Vec<PlotRecord>,
    /// The command that runs this case again.
    pub(crate) reproduce: String,
}

/// One attempt of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttemptRecord {
    /// The verdict of this attempt alone.
    pub(crate) verdict: Verdict,
    /// The findings of this attempt.
    pub(crate) findings: Vec<FindingRecord>,
}

/// One finding of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingRecord {
    /// The check.
    pub(crate) check: String,
    /// The call whose response it is about.
    pub(crate) call: Option<String>,
    /// The responsible party.
    pub(crate) responsible: Responsible,
    /// One line: field, place, expected and observed value.
    pub(crate) summary: String,
    /// Further lines.
    pub(crate) details: Vec<String>,
    /// Values of the response that differ.
    pub(crate) differences: Vec<DifferenceRecord>,
    /// The one mistake that reproduces the wrong response, if one was found.
    pub(crate) likely_cause: Option<String>,
    /// A possible cause, or what to do.
    #[serde(default)]
    pub(crate) hint: Option<String>,
    /// The last lines that the platform logged, oldest first.
    pub(crate) log: Vec<String>,
}

/// One value of a response that is not as expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DifferenceRecord {
    /// Its path, such as `plddt[0]`.
    pub(crate) field: String,
    /// The index of the element with the greatest difference.
    pub(crate) index: Option<Vec<usize>>,
    /// The residue of that element, such as `chain A residue 12`.
    pub(crate) residue: Option<String>,
    /// The expected element.
    pub(crate) expected: Option<RecordedNumber>,
    /// The observed element.
    pub(crate) observed: Option<RecordedNumber>,
    /// The greatest absolute difference that is allowed for that element.
    pub(crate) allowed: Option<RecordedNumber>,
}

/// One number by which a response is compared with the recorded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricRecord {
    /// The check.
    pub(crate) check: String,
    /// The call.
    pub(crate) call: String,
    /// The value that it is about, such as `atom_array[0]`.
    pub(crate) field: String,
    /// The key of its gate.
    pub(crate) key: String,
    /// The name of the metric.
    pub(crate) name: String,
    /// Its unit, or empty.
    pub(crate) unit: String,
    /// Whether higher values are better.
    pub(crate) higher_is_better: bool,
    /// The observed value.
    pub(crate) observed: RecordedNumber,
    /// The worst value among repeats, if known.
    pub(crate) noise_floor: Option<RecordedNumber>,
    /// The worst allowed value.
    pub(crate) allowed: RecordedNumber,
    /// The used part of the allowance: 0 for a perfect match, 1 at the limit.
    pub(crate) used: RecordedNumber,
    /// `indistinguishable`, `within tolerance` or `different`.
    pub(crate) verdict: MetricVerdict,
}

/// One call of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallRecord {
    /// Its name in the case.
    pub(crate) name: String,
    /// `fold` or `embed`.
    pub(crate) method: String,
    /// The input of the call.
    pub(crate) input: Value,
    /// The options of the call.
    pub(crate) options: Value,
    /// The configuration of its instance.
    pub(crate) config: Value,
    /// Facts about its response, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<ResponseRecord>,
}

impl CaseRecord {
    /// The facts that decide about the run.
    pub(crate) fn facts(&self) -> CaseFacts {
        CaseFacts {
            verdict: self.verdict,
            responsible: self.responsible,
            is_flaky: self.is_flaky(),
            level: self.level,
            skip_cause: self.skip_cause,
        }
    }

    /// Whether it passed only after it had failed.
    pub(crate) fn is_flaky(&self) -> bool {
        self.verdict == Verdict::Pass && self.attempts.iter().any(|attempt| attempt.verdict != Verdict::Pass)
    }

    /// Whether it needs attention: it is neither a pass nor a skip nor wrong as expected.
    pub(crate) fn is_wrong(&self) -> bool {
        self.verdict.is_wrong()
    }

    /// The index of the deciding attempt: the last one, or the last with a finding of the responsible party if the verdict is a failure.
    pub(crate) fn deciding_attempt(&self) -> Option<usize> {
        let last = self.attempts.len().checked_sub(1)?;
        if !matches!(self.verdict, Verdict::Fail | Verdict::Error) && !self.verdict.is_expected() {
            return Some(last);
        }
        // After a failure of the backend, an attempt that ends in an error of another party decides nothing.
        let is_of_party = |finding: &FindingRecord| Some(finding.responsible) == self.responsible;
        Some(self.attempts.iter().rposition(|attempt| attempt.findings.iter().any(is_of_party)).unwrap_or(last))
    }

    /// The findings of the deciding attempt.
    pub(crate) fn findings(&self) -> &[FindingRecord] {
        self.deciding_attempt().map_or(&[], |index| &self.attempts[index].findings)
    }

    /// Seconds of all attempts, without waiting and starting instances.
    pub(crate) fn elapsed(&self) -> f64 {
        self.seconds.calls + self.seconds.judge
    }

    /// Takes over the outcome of the case. The other fields are known before it runs.
    pub(super) fn settle(&mut self, outcome: &Outcome) {
        self.verdict = outcome.verdict;
        self.responsible = outcome.owner();
        self.skip_cause = (outcome.verdict == Verdict::Skip).then_some(outcome.skip_cause);
        self.reason = outcome.reason.as_deref().map(plain_text);
        self.notes = outcome.notes.iter().map(|note| plain_text(note)).collect();
        self.seconds = outcome.times;
        self.attempts = outcome.history.iter().map(AttemptRecord::of).collect();
        self.metrics = outcome.measurements.iter().map(MetricRecord::of).collect();
        self.plots.clone_from(&outcome.plots);
        for call in &mut self.calls {
            let mut responses = outcome.responses.iter();
            call.response = responses.find(|(name, _)| *name == call.name).map(|(_, response)| response.clone());
        }
    }
}

impl CaseTimes {
    /// Adds the times of another attempt.
    pub(crate) fn add(&mut self, other: &Self) {
        self.wait += other.wait;
        self.start += other.start;
        self.calls += other.calls;
        self.judge += other.judge;
    }
}

impl AttemptRecord {
    fn of(attempt: &JudgedAttempt) -> Self {
        Self { verdict: attempt.verdict, findings: attempt.findings.iter().map(FindingRecord::of).collect() }
    }
}

impl FindingRecord {
    /// A finding as data.
    pub(crate) fn of(finding: &Finding) -> Self {
        let advice = finding.hint.as_deref().map(plain_text);
        let (likely_cause, hint) = match advice.as_deref().and_then(|text| text.strip_prefix(LIKELY_CAUSE)) {
            Some(cause) => (Some(cause.to_owned()), None),
            None => (None, advice),
        };
        Self {
            check: finding.check.to_owned(),
            call: finding.call.as_deref().map(plain_line),
            responsible: finding.responsible,
            summary: plain_line(&finding.summary),
            details: finding.details.iter().map(|line| plain_line(line)).collect(),
            differences: finding.differing_values().iter().map(DifferenceRecord::of).collect(),
            likely_cause,
            hint,
            log: finding.log_tail.iter().map(|line| plain_line(line)).collect(),
        }
    }
}

impl DifferenceRecord {
    fn of(difference: &FieldDifference) -> Self {
        Self {
            field: plain_line(&difference.field),
            index: difference.index.clone(),
            residue: difference.residue.as_deref().map(plain_line),
            expected: difference.expected.map(RecordedNumber::from),
            observed: difference.observed.map(RecordedNumber::from),
            allowed: difference.allowed.map(RecordedNumber::from),
        }
    }
}

impl MetricRecord {
    fn of(checked: &CheckedValue) -> Self {
        let measure = &checked.measure;
        Self {
            check: checked.check.to_owned(),
            call: checked.call.clone(),
            field: plain_line(&checked.path),
            key: measure.key.to_owned(),
            name: measure.name.to_owned(),
            unit: measure.unit.trim().to_owned(),
            higher_is_better: measure.better == Direction::Higher,
            observed: measure.observed.into(),
            noise_floor: measure.floor.map(|floor| floor.worst.into()),
            allowed: measure.allowed.into(),
            used: measure.used().into(),
            verdict: measure.verdict(),
        }
    }
}
