//! What decides what a run says as a whole. Sees counts and responsible parties alone, so that a run that ends and one that is read
//! from files are judged by the same rules.

use super::{Conclusion, Interruption, Verdict, VerdictCounts};
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;
use crate::config::Level;

/// What counts of a case for its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CaseFacts {
    /// Its verdict.
    pub(crate) verdict: Verdict,
    /// Who is responsible for a verdict that is neither a pass nor a skip.
    pub(crate) responsible: Option<Responsible>,
    /// Whether it passed only after it had failed.
    pub(crate) is_flaky: bool,
    /// Whether every port must pass it.
    pub(crate) level: Level,
    /// What it says about the backend that it was skipped, where it was.
    pub(crate) skip_cause: Option<SkipCause>,
}

/// All that decides about a run.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about a run")]
pub(crate) struct RunEvidence {
    /// The verdicts of its cases.
    pub(crate) counts: VerdictCounts,
    /// Those of its core cases.
    pub(crate) core: VerdictCounts,
    /// Those of its extended cases.
    pub(crate) extended: VerdictCounts,
    /// Whether a case has no verdict because the configuration is wrong.
    pub(super) is_misconfigured: bool,
    /// Whether a case has no verdict because the platform failed.
    pub(super) has_platform_failed: bool,
    /// Whether a resource leaked.
    pub(crate) has_leaks: bool,
    /// Whether a leak check failed.
    pub(crate) has_failed_leak_checks: bool,
    /// Whether an entry of known failures is needed by no case any more.
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

    /// How many core cases apply and were not run or not judged.
    pub(crate) const fn missing(&self) -> usize {
        self.core.skipped - self.core.inapplicable
    }

    /// What the run says as a whole.
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
