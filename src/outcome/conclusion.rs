//! The counts of verdicts and the conclusion that follows from them. Sees no findings, so that a run that ends and one that is read from a
//! file are judged by the same rules.

use super::verdict::Verdict;
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::config::Level;

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

/// The facts about a case that decide about its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CaseFacts {
    pub(crate) verdict: Verdict,
    /// The party responsible for a verdict that is neither a pass nor a skip.
    pub(crate) responsible: Option<Responsible>,
    /// Whether it passed only after it had failed.
    pub(crate) is_flaky: bool,
    pub(crate) level: Level,
    /// Why it was skipped, if it was.
    pub(crate) skip_cause: Option<SkipCause>,
}

/// The number of cases with each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// Cases that passed, flaky ones included.
    pub passed: usize,
    /// Cases that passed only when tried again.
    pub flaky: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Cases without a verdict, because of the platform, the configuration or hydrotest itself.
    pub errors: usize,
    /// Cases without a sound recorded result to compare with.
    pub without_reference: usize,
    /// Cases that were not run.
    pub skipped: usize,
    /// Skipped cases about something that the backend does not have.
    pub inapplicable: usize,
    /// Cases that failed as expected.
    pub expected_failures: usize,
    /// Cases that went wrong because of a known defect of the model's own code.
    pub known_upstream: usize,
    /// Cases that went wrong because of a known failure of the backend.
    pub known_failures: usize,
    /// Cases that passed although a failure is expected.
    pub unexpected_passes: usize,
}

impl VerdictCounts {
    /// Counts one case.
    pub(crate) fn add(&mut self, case: CaseFacts) {
        match case.verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail => self.failed += 1,
            Verdict::UnexpectedPass | Verdict::Stale => self.unexpected_passes += 1,
            Verdict::KnownUpstream => self.known_upstream += 1,
            Verdict::KnownFailure => self.known_failures += 1,
            Verdict::Error if case.responsible == Some(Responsible::Reference) => self.without_reference += 1,
            Verdict::Error => self.errors += 1,
            Verdict::Skip => self.skipped += 1,
            Verdict::ExpectedFailure => self.expected_failures += 1,
        }
        if case.verdict == Verdict::Skip && case.skip_cause == Some(SkipCause::Inapplicable) {
            self.inapplicable += 1;
        }
        self.flaky += usize::from(case.is_flaky);
    }

    /// How many cases there are.
    #[must_use]
    pub const fn cases(&self) -> usize {
        self.ran() + self.skipped
    }

    /// How many cases were run.
    #[must_use]
    pub const fn ran(&self) -> usize {
        self.passed
            + self.failed
            + self.errors
            + self.without_reference
            + self.expected_failures
            + self.known_upstream
            + self.known_failures
            + self.unexpected_passes
    }
}

/// The facts that decide about a run.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the facts are independent of each other")]
pub(crate) struct RunEvidence {
    /// The verdicts of all cases.
    pub(crate) counts: VerdictCounts,
    /// The verdicts of core cases.
    pub(crate) core: VerdictCounts,
    /// The verdicts of extended cases.
    pub(crate) extended: VerdictCounts,
    /// Whether a case has no verdict because the configuration is wrong.
    pub(super) is_misconfigured: bool,
    /// Whether a case has no verdict because the platform failed.
    pub(super) has_platform_failed: bool,
    /// Whether a resource leaked.
    pub(crate) has_leaks: bool,
    /// Whether a leak check failed.
    pub(crate) has_failed_leak_checks: bool,
    /// Whether an entry of known failures is out of date.
    pub(crate) has_outdated_entries: bool,
    /// The signal that ended the run early.
    pub(crate) interrupted: Option<Interruption>,
}

impl RunEvidence {
    /// Adds a case.
    pub(crate) fn add(&mut self, case: CaseFacts) {
        let is_error_of = |owner| case.verdict == Verdict::Error && case.responsible == Some(owner);
        self.counts.add(case);
        match case.level {
            Level::Core => self.core.add(case),
            Level::Extended => self.extended.add(case),
        }
        self.is_misconfigured |= is_error_of(Responsible::Settings);
        self.has_platform_failed |= is_error_of(Responsible::Platform);
    }

    /// The number of core cases that apply but were not run or judged.
    pub(crate) const fn missing(&self) -> usize {
        self.core.skipped - self.core.inapplicable
    }

    /// The conclusion of the run.
    pub(crate) const fn conclusion(&self) -> Conclusion {
        let counts = &self.counts;
        match self.interrupted {
            Some(signal) => Conclusion::Interrupted(signal),
            None if counts.failed > 0 || self.has_leaks => Conclusion::Fails,
            None if self.is_misconfigured => Conclusion::Misconfigured,
            None if counts.unexpected_passes > 0 || self.has_outdated_entries => Conclusion::Outdated,
            None if self.has_platform_failed || self.has_failed_leak_checks => Conclusion::PlatformFailed,
            None if counts.errors > 0 => Conclusion::HarnessFailed,
            None if counts.without_reference > 0 => Conclusion::NothingToCompare,
            None if counts.known_failures > 0 => Conclusion::KnownFailures,
            None if counts.passed + counts.expected_failures + counts.known_upstream == 0 => Conclusion::NothingRan,
            None => Conclusion::Conforms,
        }
    }
}
