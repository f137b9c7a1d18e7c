//! Why a case is not run, and whether that says anything about the backend. Data only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a case that is not run says anything about the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipCause {
    /// The backend lacks the subject of the case, such as a start for a kind that starts nothing.
    Inapplicable,
    /// The case applies but was not run or not judged, so its result is unknown.
    NotRun,
}

/// Why a case is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Whether the case applies to the backend.
    pub cause: SkipCause,
    /// The reason for a reader.
    pub reason: String,
}

impl Skip {
    /// The backend lacks the subject of the case.
    #[must_use]
    pub fn inapplicable(reason: impl Into<String>) -> Self {
        Self { cause: SkipCause::Inapplicable, reason: reason.into() }
    }

    /// The case applies and could not be run.
    #[must_use]
    pub fn not_run(reason: impl Into<String>) -> Self {
        Self { cause: SkipCause::NotRun, reason: reason.into() }
    }
}
