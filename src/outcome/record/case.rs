//! What came of one case, as an outcome file holds it: every attempt, every finding, every number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PlotRecord, RecordedNumber, ResponseRecord, plain_line, plain_text};
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::check::Finding;
use crate::config::Level;
use crate::metric_value::{CheckedValue, Direction, MetricVerdict};
use crate::outcome::{CaseFacts, Outcome, Verdict};

/// How a hint begins that names a mistake which reproduces the wrong response.
const LIKELY_CAUSE: &str = "likely cause: ";

/// What came of one case.
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
    /// Place of the case in the plan of the whole run, counted from 0: shards keep it, so that they can be joined in order.
    pub(crate) position: usize,
    /// The judgement.
    pub(crate) verdict: Verdict,
    /// Who is responsible for a verdict that is neither a pass nor a skip.
    pub(crate) responsible: Option<Responsible>,
    /// What a skip says about the backend.
    pub(crate) skip_cause: Option<SkipCause>,
    /// Why it was skipped, or why its failure was expected.
    pub(crate) reason: Option<String>,
    /// What is worth knowing although nothing was wrong.
    pub(crate) notes: Vec<String>,
    /// Where the time went, over all attempts.
    pub(crate) seconds: CaseTimes,
    /// Every attempt that was judged, in order; none of a case that did not run.
    pub(crate) attempts: Vec<AttemptRecord>,
    /// What was asked.
    pub(crate) calls: Vec<CallRecord>,
    /// The checks that judged.
    pub(crate) checks: Vec<String>,
    /// The numbers behind the verdict, from the attempt that decided.
    pub(crate) metrics: Vec<MetricRecord>,
    /// What reports draw of it, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) plots: Vec<PlotRecord>,
    /// The command that runs this case again.
    pub(crate) reproduce: String,
}

/// Where the time of a case went, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseTimes {
    /// Until an instance was free, without its start.
    pub(crate) wait: f64,
    /// Until an instance that this case started was ready.
    pub(crate) start: f64,
    /// Its calls.
    pub(crate) calls: f64,
    /// Judging their responses.
    pub(crate) judge: f64,
}

/// One attempt of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttemptRecord {
    /// What it alone would have given.
    pub(crate) verdict: Verdict,
    /// What was wrong in it.
    pub(crate) findings: Vec<FindingRecord>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindingRecord {
    /// The check that found it.
    pub(crate) check: String,
    /// The call whose response it is about.
    pub(crate) call: Option<String>,
    /// Who is responsible.
    pub(crate) responsible: Responsible,
    /// One line: field, place, what was expected and what came.
    pub(crate) summary: String,
    /// Further lines.
    pub(crate) details: Vec<String>,
    /// Values of the response that differ, with numbers where they are numbers.
    pub(crate) differences: Vec<DifferenceRecord>,
    /// The one mistake that reproduces the wrong response, where one was found.
    pub(crate) likely_cause: Option<String>,
    /// What may cause it, or what to do about it.
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
    /// The element where the difference is greatest, along every dimension.
    pub(crate) index: Option<Vec<usize>>,
    /// What that element is about, such as `chain A residue 12`.
    pub(crate) residue: Option<String>,
    /// The expected element.
    pub(crate) expected: Option<RecordedNumber>,
    /// The element that came.
    pub(crate) observed: Option<RecordedNumber>,
    /// The greatest absolute difference that is allowed there.
    pub(crate) allowed: Option<RecordedNumber>,
}

/// One number by which a response is compared with the recorded one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricRecord {
    /// The check that took it.
    pub(crate) check: String,
    /// The call.
    pub(crate) call: String,
    /// The value that it is about, such as `atom_array[0]`.
    pub(crate) field: String,
    /// The key of its gate.
    pub(crate) key: String,
    /// What people call it.
    pub(crate) name: String,
    /// Its unit, or nothing.
    pub(crate) unit: String,
    /// Whether higher values are better.
    pub(crate) higher_is_better: bool,
    /// What was seen.
    pub(crate) observed: RecordedNumber,
    /// What repeats differ by at worst, where that is known.
    pub(crate) noise_floor: Option<RecordedNumber>,
    /// What is allowed at worst.
    pub(crate) allowed: RecordedNumber,
    /// How much of what is allowed is used up: 0 for a perfect match, 1 at the limit.
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
    /// What was sent.
    pub(crate) input: Value,
    /// The options of the call.
    pub(crate) options: Value,
    /// What its instance is configured with.
    pub(crate) config: Value,
    /// What is known of its response, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response: Option<ResponseRecord>,
}

impl CaseRecord {
    /// What counts of it for the run.
    pub(crate) fn facts(&self) -> CaseFacts {
        CaseFacts {
            verdict: self.verdict,
            responsible: self.responsible,
            is_flaky: self.is_flaky(),
            level: self.level,
            skip_cause: self.skip_cause,
        }
    }

    /// Whether it passed only after it had failed before.
    pub(crate) fn is_flaky(&self) -> bool {
        let once_wrong = self.attempts.iter().any(|attempt| attempt.verdict != Verdict::Pass);
        self.verdict == Verdict::Pass && once_wrong
    }

    /// Whether it deserves a reader's attention: neither a pass, nor skipped, nor wrong as expected.
    pub(crate) fn is_wrong(&self) -> bool {
        self.verdict.is_wrong()
    }

    /// The attempt that decided: the last one, or the last that went wrong where the verdict is that something did.
    pub(crate) fn deciding_attempt(&self) -> Option<usize> {
        let last = self.attempts.len().checked_sub(1)?;
        match self.verdict {
            Verdict::Pass | Verdict::Skip | Verdict::Stale | Verdict::UnexpectedPass => Some(last),
            Verdict::Fail
            | Verdict::Error
            | Verdict::ExpectedFailure
            | Verdict::KnownUpstream
            | Verdict::KnownFailure => {
                let wrong = |attempt: &AttemptRecord| !attempt.findings.is_empty();
                Some(self.attempts.iter().rposition(wrong).unwrap_or(last))
            }
        }
    }

    /// What was wrong in the attempt that decided.
    pub(crate) fn findings(&self) -> &[FindingRecord] {
        let decided = self.deciding_attempt().map(|index| &self.attempts[index]);
        decided.map_or(&[], |attempt| &attempt.findings)
    }

    /// Time of all attempts, without the start of instances, in seconds.
    pub(crate) fn elapsed(&self) -> f64 {
        self.seconds.calls + self.seconds.judge
    }

    /// Takes over what came of the case; what is known before it runs is there already.
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
            let own = outcome.responses.iter().find(|(name, _)| *name == call.name);
            call.response = own.map(|(_, response)| response.clone());
        }
    }
}

impl CaseTimes {
    /// Adds the times of one more attempt.
    pub(crate) fn add(&mut self, other: &Self) {
        self.wait += other.wait;
        self.start += other.start;
        self.calls += other.calls;
        self.judge += other.judge;
    }
}

impl AttemptRecord {
    fn of(attempt: &crate::outcome::JudgedAttempt) -> Self {
        Self { verdict: attempt.verdict, findings: attempt.findings.iter().map(FindingRecord::of).collect() }
    }
}

impl FindingRecord {
    /// A finding as data.
    pub(crate) fn of(finding: &Finding) -> Self {
        let advice = finding.hint.as_deref().map(plain_text);
        let cause = advice.as_deref().and_then(|text| text.strip_prefix(LIKELY_CAUSE));
        let (likely_cause, hint) = match cause {
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
    fn of(difference: &crate::check::FieldDifference) -> Self {
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
