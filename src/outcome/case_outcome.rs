//! The outcomes of cases and of a whole run, as the run hands them on. Does not decide what follows from them.

use std::time::Duration;

use super::conclusion::{CaseFacts, Conclusion, Interruption, RunEvidence, VerdictCounts};
use super::record::{CaseTimes, PlotRecord, ResponseRecord};
use super::verdict::Verdict;
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::check::Finding;
use crate::config::Level;
use crate::metric_value::CheckedValue;

/// The outcome of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// `model::suite::case`.
    pub name: String,
    /// The level of the case.
    pub level: Level,
    /// The verdict.
    pub verdict: Verdict,
    /// The cause of a skip; only meaningful if the verdict is a skip.
    pub skip_cause: SkipCause,
    /// The findings of the deciding attempt.
    pub findings: Vec<Finding>,
    /// Why it was skipped, or why its failure was expected.
    pub reason: Option<String>,
    /// Remarks that are no findings, such as on a snapshot that was recorded.
    pub notes: Vec<String>,
    /// The numbers behind the verdicts of its comparisons.
    pub measurements: Vec<CheckedValue>,
    /// The number of attempts; 0 if it did not run.
    pub attempts: u32,
    /// Every attempt that was judged, in order.
    pub(crate) history: Vec<JudgedAttempt>,
    /// The times of all attempts.
    pub(crate) times: CaseTimes,
    /// Its plots for reports, if requested.
    pub(crate) plots: Vec<PlotRecord>,
    /// Facts about the responses of the last attempt, by the name of the call.
    pub(crate) responses: Vec<(String, ResponseRecord)>,
}

/// The result of one attempt of a case.
#[derive(Debug, Clone)]
pub(crate) struct JudgedAttempt {
    /// The verdict of this attempt alone.
    pub(crate) verdict: Verdict,
    pub(crate) findings: Vec<Finding>,
}

/// The outcome of a run, in plan order.
#[derive(Debug, Clone, Default)]
pub struct RunOutcome {
    /// One entry per case that was planned and selected.
    pub outcomes: Vec<Outcome>,
    /// Entries of known defects that are out of date, because none of their cases has the defect.
    pub outdated: Vec<String>,
    /// Features of served models that no judged case needed, selected or not.
    pub untested: Vec<String>,
    /// Warnings that belong to no case, such as about an instance that would not stop.
    pub notes: Vec<String>,
    /// Remarks on instances that are no faults.
    pub remarks: Vec<String>,
    /// Resources that instances left after their stop: each is a fault of the backend.
    pub leaks: Vec<String>,
    /// Leak checks that failed, so that leaks are unknown: the platform failed.
    pub unknown: Vec<String>,
    /// The signal that ended the run early.
    pub interrupted: Option<Interruption>,
    /// Wall time of the whole run.
    pub elapsed: Duration,
}

impl Outcome {
    /// The outcome of a case that did not run.
    #[must_use]
    pub fn skipped(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            level: Level::Core,
            verdict: Verdict::Skip,
            skip_cause: SkipCause::NotRun,
            findings: Vec::new(),
            reason: Some(reason.into()),
            notes: Vec::new(),
            measurements: Vec::new(),
            attempts: 0,
            history: Vec::new(),
            times: CaseTimes::default(),
            plots: Vec::new(),
            responses: Vec::new(),
        }
    }

    /// The party responsible for an outcome that is neither a pass nor a skip, whether expected or not. If several are, the one that has to
    /// act first.
    #[must_use]
    pub fn owner(&self) -> Option<Responsible> {
        let order = [
            Responsible::Backend,
            Responsible::Settings,
            Responsible::Platform,
            Responsible::Harness,
            Responsible::Reference,
        ];
        order.into_iter().find(|party| self.findings.iter().any(|finding| finding.responsible == *party))
    }

    /// The first finding of the party that is responsible for the verdict.
    pub(crate) fn deciding_finding(&self) -> Option<&Finding> {
        let owner = self.owner();
        self.findings.iter().find(|finding| Some(finding.responsible) == owner)
    }

    /// Whether its only problem is that there was nothing sound to compare with.
    #[must_use]
    pub fn is_without_reference(&self) -> bool {
        self.verdict == Verdict::Error && self.owner() == Some(Responsible::Reference)
    }

    /// The facts that decide about the run.
    pub(crate) fn facts(&self) -> CaseFacts {
        CaseFacts {
            verdict: self.verdict,
            responsible: self.owner(),
            is_flaky: self.is_flaky(),
            level: self.level,
            skip_cause: Some(self.skip_cause),
        }
    }

    /// Whether it needs attention.
    pub(crate) const fn is_wrong(&self) -> bool {
        self.verdict.is_wrong()
    }

    /// Whether it passed only after it had failed.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        self.verdict == Verdict::Pass && self.history.iter().any(|attempt| attempt.verdict != Verdict::Pass)
    }
}

impl RunOutcome {
    /// Counts the verdicts.
    #[must_use]
    pub fn tally(&self) -> VerdictCounts {
        self.evidence().counts
    }

    /// The conclusion of the run.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        self.evidence().conclusion()
    }

    /// The facts that decide about the run.
    pub(crate) fn evidence(&self) -> RunEvidence {
        let mut evidence = RunEvidence {
            has_leaks: !self.leaks.is_empty(),
            has_failed_leak_checks: !self.unknown.is_empty(),
            has_outdated_entries: !self.outdated.is_empty(),
            interrupted: self.interrupted,
            ..RunEvidence::default()
        };
        for outcome in &self.outcomes {
            evidence.add(outcome.facts());
        }
        evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{BackendError, Fault, Stage};

    fn report(verdicts: &[Verdict]) -> RunOutcome {
        let outcomes = verdicts.iter().map(|&verdict| Outcome { verdict, ..Outcome::skipped("case", "") });
        RunOutcome { outcomes: outcomes.collect(), ..RunOutcome::default() }
    }

    #[test]
    fn a_run_without_evidence_is_never_a_success() {
        assert_eq!(report(&[]).conclusion(), Conclusion::NothingRan);
        assert_eq!(report(&[Verdict::Skip]).conclusion(), Conclusion::NothingRan);
        assert_eq!(report(&[Verdict::Skip, Verdict::Pass]).conclusion(), Conclusion::Conforms);
        assert_eq!(report(&[Verdict::ExpectedFailure]).conclusion(), Conclusion::Conforms);
        assert_eq!(report(&[Verdict::KnownUpstream]).conclusion(), Conclusion::Conforms);
        assert_eq!(report(&[Verdict::Stale]).conclusion(), Conclusion::Outdated);
        let known = report(&[Verdict::KnownFailure, Verdict::Pass]);
        assert_eq!(known.conclusion(), Conclusion::KnownFailures, "it works as listed and does not conform");
        let mut unneeded = report(&[Verdict::Pass]);
        unneeded.outdated.push("`batch::*` is out of date".into());
        assert_eq!(unneeded.conclusion(), Conclusion::Outdated);
    }

    #[test]
    fn a_wrong_response_outweighs_a_broken_platform_and_a_signal_outweighs_both() {
        let mut mixed = report(&[Verdict::Error, Verdict::Fail, Verdict::Pass]);
        assert_eq!(mixed.conclusion().exit_code(), 1);
        assert_eq!(report(&[Verdict::Error, Verdict::Pass]).conclusion().exit_code(), 3);
        assert_eq!(report(&[Verdict::UnexpectedPass]).conclusion(), Conclusion::Outdated);
        assert_eq!(report(&[Verdict::UnexpectedPass]).conclusion().exit_code(), 1);
        let mut leaky = report(&[Verdict::Pass]);
        leaky.leaks.push("process 17".into());
        assert_eq!(leaky.conclusion(), Conclusion::Fails);
        let mut unseen = report(&[Verdict::Pass]);
        unseen.unknown.push("no response".into());
        assert_eq!(unseen.conclusion(), Conclusion::PlatformFailed);
        unseen.leaks.push("process 17".into());
        assert_eq!(unseen.conclusion(), Conclusion::Fails);
        mixed.interrupted = Some(Interruption::Terminate);
        assert_eq!(mixed.conclusion().exit_code(), 143);
    }

    #[test]
    fn wrong_settings_are_told_from_a_broken_platform() {
        let mut report = report(&[Verdict::Error, Verdict::Error, Verdict::Pass]);
        let error = BackendError::new(Stage::Configure, Fault::Misconfigured, "there is no such tag");
        report.outcomes[0].findings = vec![Finding::failed("response", "call", &error)];
        assert_eq!(report.conclusion(), Conclusion::Misconfigured);
        assert_eq!(report.conclusion().exit_code(), 2);
        let error = BackendError::new(Stage::Launch, Fault::Misconfigured, "no such program on the node");
        report.outcomes[0].findings = vec![Finding::failed("response", "call", &error)];
        assert_eq!(report.conclusion(), Conclusion::PlatformFailed);
    }

    #[test]
    fn a_missing_reference_is_not_called_a_broken_platform_unless_that_broke_too() {
        let mut report = report(&[Verdict::Error, Verdict::Pass]);
        report.outcomes[0].findings = vec![Finding::without_reference("snapshot", "call", "no recorded result")];
        assert_eq!(report.conclusion(), Conclusion::NothingToCompare);
        assert_eq!(report.conclusion().exit_code(), 3);
        let broken = Finding::unjudged("snapshot", "the disk is full");
        report.outcomes[0].findings.push(broken);
        assert_eq!(report.conclusion(), Conclusion::HarnessFailed);
        let error = BackendError::new(Stage::Call, Fault::Unreachable, "no route to host");
        report.outcomes[0].findings.push(Finding::failed("response", "call", &error));
        assert_eq!(report.conclusion(), Conclusion::PlatformFailed);
    }
}
