//! What came of every case, and what that says about the backend. Plain data: nothing here runs, prints or writes.

mod conclusion;
mod counts;
pub(crate) mod evidence;
mod explain;
pub(crate) mod record;
mod shrunk;

pub(crate) use conclusion::{CaseFacts, RunEvidence};
pub use counts::VerdictCounts;
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

/// What came of one case.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// `model::suite::case`.
    pub name: String,
    /// How much the case counts for its model.
    pub level: Level,
    /// The judgement.
    pub verdict: Verdict,
    /// What a skip says about the backend; only meant where the verdict is a skip.
    pub skip_cause: SkipCause,
    /// What was wrong, in the attempt that decided.
    pub findings: Vec<Finding>,
    /// Why it was skipped, or why its failure was expected.
    pub reason: Option<String>,
    /// What is worth knowing although nothing was wrong, such as a snapshot that was recorded.
    pub notes: Vec<String>,
    /// The numbers behind the verdicts of its comparisons.
    pub measurements: Vec<CheckedValue>,
    /// How many times it was tried; 0 when it did not run.
    pub attempts: u32,
    /// Every attempt that was judged, in order.
    pub(crate) history: Vec<JudgedAttempt>,
    /// Where the time of all attempts went.
    pub(crate) times: CaseTimes,
    /// What reports draw of it, where that was asked for.
    pub(crate) plots: Vec<PlotRecord>,
    /// What is known of the responses to its calls, by the name of the call, in the last attempt.
    pub(crate) responses: Vec<(String, ResponseRecord)>,
}

/// What one attempt of a case gave.
#[derive(Debug, Clone)]
pub(crate) struct JudgedAttempt {
    /// What it alone would have given.
    pub(crate) verdict: Verdict,
    /// What was wrong in it.
    pub(crate) findings: Vec<Finding>,
}

/// The judgement of one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// The backend is wrong.
    Fail,
    /// The configuration is wrong, the platform or hydrotest itself failed, or there was nothing to compare with: nothing can be
    /// said about the backend.
    Error,
    /// Not run, for the reason given.
    Skip,
    /// Wrong, as the suite expects.
    #[serde(rename = "xfail")]
    ExpectedFailure,
    /// Wrong, as the model's own code is known to be on every platform.
    KnownUpstream,
    /// Wrong, as the backend's own file of known failures lists it.
    KnownFailure,
    /// Right, although the model's own code is known to be wrong: the entry is out of date.
    Stale,
    /// Right, although the suite expects a failure: the expectation is out of date.
    #[serde(rename = "xpass")]
    UnexpectedPass,
}

/// All that came of a run, in plan order.
#[derive(Debug, Clone, Default)]
pub struct RunOutcome {
    /// One entry per case that was planned and selected.
    pub outcomes: Vec<Outcome>,
    /// Entries of known defects for several cases, none of which has the defect any more.
    pub outdated: Vec<String>,
    /// Features of served models that no judged case needed, selected or not.
    pub untested: Vec<String>,
    /// Warnings that are no case's verdict, such as of an instance that would not stop.
    pub notes: Vec<String>,
    /// What is worth knowing of instances and no fault.
    pub remarks: Vec<String>,
    /// Resources that instances left after their stop: each is a fault of the backend.
    pub leaks: Vec<String>,
    /// Leak checks that failed, so that it is not known whether resources were left: the platform failed.
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

/// What a run says as a whole, with the exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything that ran came out as expected.
    Conforms,
    /// Everything that ran came out as expected, but some of it is wrong, as is known of the backend.
    KnownFailures,
    /// At least one case, or a leak, shows that the backend is wrong.
    Fails,
    /// No case failed, but some passed that are expected to fail: what expects it is out of date.
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
    /// An outcome of a case that did not run.
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

    /// Who is responsible for an outcome that is neither a pass nor a skip, whether expected or not. What needs a person's hand
    /// first comes first where several are.
    #[must_use]
    pub fn owner(&self) -> Option<Responsible> {
        let found = |responsible: &Responsible| self.findings.iter().any(|finding| finding.responsible == *responsible);
        let order = [
            Responsible::Backend,
            Responsible::Settings,
            Responsible::Platform,
            Responsible::Harness,
            Responsible::Reference,
        ];
        order.into_iter().find(found)
    }

    /// The first finding of the party that is responsible for the verdict.
    pub(crate) fn deciding_finding(&self) -> Option<&Finding> {
        let owner = self.owner();
        let decides = |finding: &&Finding| Some(finding.responsible) == owner;
        self.findings.iter().find(decides).or_else(|| self.findings.first())
    }

    /// Whether its verdict is an error, and this the owner of it.
    fn is_error_of(&self, owner: Responsible) -> bool {
        self.verdict == Verdict::Error && self.owner() == Some(owner)
    }

    /// Whether all that is wrong with it is that there was nothing sound to compare with.
    #[must_use]
    pub fn is_without_reference(&self) -> bool {
        self.is_error_of(Responsible::Reference)
    }

    /// What counts of it for the run.
    pub(crate) fn facts(&self) -> CaseFacts {
        CaseFacts {
            verdict: self.verdict,
            responsible: self.owner(),
            is_flaky: self.is_flaky(),
            level: self.level,
            skip_cause: Some(self.skip_cause),
        }
    }

    /// Whether it deserves a reader's attention.
    pub(crate) const fn is_wrong(&self) -> bool {
        self.verdict.is_wrong()
    }

    /// Whether it passed only after it had failed before.
    #[must_use]
    pub fn is_flaky(&self) -> bool {
        let once_wrong = self.history.iter().any(|attempt| attempt.verdict != Verdict::Pass);
        self.verdict == Verdict::Pass && once_wrong
    }
}

impl Verdict {
    /// Whether it deserves a reader's attention: neither a pass, nor skipped, nor wrong as expected.
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

    /// What the run says as a whole.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        self.evidence().conclusion()
    }

    /// What decides about it.
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
