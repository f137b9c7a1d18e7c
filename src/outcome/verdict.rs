//! The verdict of one case. Does not know how findings are made.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::backend::Responsible;
use crate::check::Finding;

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
