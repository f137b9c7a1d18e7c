//! The outcomes of cases and the conclusion about the backend, as plain data. Does not run cases, print or write files.

mod conclusion;
pub(crate) mod evidence;
mod explain;
pub(crate) mod record;
mod shrunk;

pub use conclusion::VerdictCounts;
pub(crate) use conclusion::{CaseFacts, RunEvidence};
pub(crate) use explain::quote;
pub(crate) use shrunk::{Shrinking, ShrunkCase};

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::check::Finding;
use crate::config::Level;
use crate::metric_value::CheckedValue;
use record::{CaseTimes, PlotRecord, ResponseRecord};

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

/// The verdict of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// The backend is wrong.
    Fail,
    /// The configuration is wrong, the platform or hydrotest itself failed, or there was nothing to compare with, so that nothing is known
    /// about the backend.
    Error,
    /// Not run, for the reason given.
    Skip,
    /// Wrong, as the suite expects.
    #[serde(rename = "xfail")]
    ExpectedFailure,
    /// Wrong, as the model's own code is known to be on every platform.
    KnownUpstream,
    /// Wrong, as listed in the backend's own file of known failures.
    KnownFailure,
    /// Right, although the model's own code is known to be wrong: the entry is out of date.
    Stale,
    /// Right, although the suite expects a failure: the expectation is out of date.
    #[serde(rename = "xpass")]
    UnexpectedPass,
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

/// A signal that asks a run to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// SIGINT, as Ctrl-C sends.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal was closed, or the connection to it was lost.
    Hangup,
}

/// The conclusion of a run, which decides the exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything that ran came out as expected.
    Conforms,
    /// Everything that ran came out as expected, but some of it is a known failure of the backend.
    KnownFailures,
    /// At least one case, or a leak, shows that the backend is wrong.
    Fails,
    /// No case failed, but some passed although a failure is expected: the expectation is out of date.
    Outdated,
    /// Nothing shows that the backend is wrong, but it cannot be tested as the configuration says.
    Misconfigured,
    /// Nothing shows that the backend is wrong, but the platform failed.
    PlatformFailed,
    /// Nothing shows that the backend is wrong, but hydrotest itself failed or could not judge.
    HarnessFailed,
    /// No case failed and nothing broke, but there was nothing to compare with.
    NothingToCompare,
    /// Not one case ran.
    NothingRan,
    /// A signal ended the run early.
    Interrupted(Interruption),
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

impl Verdict {
    /// Whether it needs attention: it is neither a pass nor a skip nor wrong as expected.
    pub(crate) const fn is_wrong(self) -> bool {
        matches!(self, Self::Fail | Self::Error | Self::Stale | Self::UnexpectedPass)
    }

    /// Whether it is wrong as expected.
    pub(crate) const fn is_expected(self) -> bool {
        matches!(self, Self::ExpectedFailure | Self::KnownUpstream | Self::KnownFailure)
    }

    /// The verdict of findings: a response known to be wrong outweighs a broken platform.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        if findings.iter().any(|finding| finding.responsible == Responsible::Backend) {
            Self::Fail
        } else if findings.is_empty() {
            Self::Pass
        } else {
            Self::Error
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skip => "skip",
            Self::ExpectedFailure => "xfail",
            Self::KnownUpstream => "known upstream",
            Self::KnownFailure => "known failure",
            Self::Stale => "stale",
            Self::UnexpectedPass => "xpass",
        })
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

impl Conclusion {
    /// The exit code of the program.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Conforms | Self::KnownFailures => 0,
            Self::Fails | Self::Outdated => 1,
            Self::Misconfigured => 2,
            Self::PlatformFailed | Self::HarnessFailed | Self::NothingToCompare => 3,
            Self::NothingRan => 4,
            Self::Interrupted(Interruption::Interrupt) => 130,
            Self::Interrupted(Interruption::Terminate) => 143,
            Self::Interrupted(Interruption::Hangup) => 129,
        }
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
