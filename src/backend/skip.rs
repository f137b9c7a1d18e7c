//! Why a case is not run: whether the backend has nothing that the case is about, or the case was passed over. Data only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a case that is not run says anything about the backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipCause {
    /// The backend has nothing that the case is about, as a kind that starts nothing has no start.
    Inapplicable,
    /// It applies and was not run or not judged: what it would show is not known.
    NotRun,
}

/// Why a case is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// What it says about the backend.
    pub cause: SkipCause,
    /// The same for a person.
    pub reason: String,
}

impl Skip {
    /// The backend has nothing that the case is about.
    #[must_use]
    pub fn inapplicable(reason: impl Into<String>) -> Self {
        Self { cause: SkipCause::Inapplicable, reason: reason.into() }
    }

    /// The case applies, and could not be run.
    #[must_use]
    pub fn not_run(reason: impl Into<String>) -> Self {
        Self { cause: SkipCause::NotRun, reason: reason.into() }
    }
}
