//! The results of `hydrotest doctor`: one line for each requirement of a backend. Plain data.

use super::BackendError;

/// The state of one requirement of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What was checked, such as `docker engine`.
    pub subject: String,
    /// Whether the requirement is met.
    pub status: RequirementStatus,
    /// What was found, such as a version or an error in the platform's words.
    pub found: String,
    /// What to do about it; empty when the requirement is met.
    pub advice: String,
}

/// Whether a requirement is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequirementStatus {
    /// Met.
    Met,
    /// It may be sufficient, but the reader should know.
    Doubtful,
    /// The backend's settings refer to something that is not set on this machine, so the backend may not be meant for it.
    Unset,
    /// Not met: the backend cannot run.
    Unmet,
}

impl Requirement {
    /// A requirement that is met.
    #[must_use]
    pub fn met(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self { subject: subject.into(), status: RequirementStatus::Met, found: found.into(), advice: String::new() }
    }

    /// A requirement that may be met.
    #[must_use]
    pub fn doubtful(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: RequirementStatus::Doubtful, advice: advice.into(), ..Self::met(subject, found) }
    }

    /// A requirement without which the backend cannot run.
    #[must_use]
    pub fn unmet(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { status: RequirementStatus::Unmet, ..Self::doubtful(subject, found, advice) }
    }

    /// Settings that cannot be filled in on this machine.
    #[must_use]
    pub fn unset(error: &BackendError) -> Self {
        let advice = "set it in your environment, or correct the backend's table";
        Self { status: RequirementStatus::Unset, ..Self::doubtful("settings", &error.message, advice) }
    }

    /// Adds this requirement unless it is listed already: models share most requirements.
    pub fn add_to(self, requirements: &mut Vec<Self>) {
        if !requirements.contains(&self) {
            requirements.push(self);
        }
    }
}
