//! How many cases came to each verdict. Counts; concludes nothing.

use super::{CaseFacts, Verdict};
use crate::backend::Responsible;
use crate::backend::skip::SkipCause;

/// How many cases came to each verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VerdictCounts {
    /// Cases that passed, flaky ones included.
    pub passed: usize,
    /// Cases that passed only when tried again.
    pub flaky: usize,
    /// Cases that the backend failed.
    pub failed: usize,
    /// Cases without a verdict, because of the platform, the configuration or hydrotest itself.
    pub errors: usize,
    /// Cases without a sound recorded result to compare with.
    pub without_reference: usize,
    /// Cases that were not run.
    pub skipped: usize,
    /// Those of them that are about something that the backend does not have.
    pub inapplicable: usize,
    /// Cases that failed as expected.
    pub expected_failures: usize,
    /// Cases that went wrong as the model's own code is known to.
    pub known_upstream: usize,
    /// Cases that went wrong as is known of the backend.
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
        let is_inapplicable = case.verdict == Verdict::Skip && case.skip_cause == Some(SkipCause::Inapplicable);
        self.inapplicable += usize::from(is_inapplicable);
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
