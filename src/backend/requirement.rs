//! What `hydrotest doctor` checks: one line for each requirement of a backend. Plain data.

use super::BackendError;

/// How one thing is that a backend needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What was looked at, such as `docker engine`.
    pub subject: String,
    /// How it is.
    pub status: RequirementStatus,
    /// What was found, such as a version or an error in the platform's words.
    pub found: String,
    /// What to do about it; empty when all is well.
    pub advice: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequirementStatus {
    /// As it should be.
    Met,
    /// It may do, but the reader should know.
    Doubtful,
    /// The backend's settings refer to something that is not set here: it is not meant for this machine, or not yet.
    Unset,
    /// The backend cannot run like this.
    Unmet,
}

impl Requirement {
    /// Something that is as it should be.
    #[must_use]
    pub fn met(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(subject, RequirementStatus::Met, found, "")
    }

    /// Something that may do.
    #[must_use]
    pub fn doubtful(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(subject, RequirementStatus::Doubtful, found, advice)
    }

    /// Something without which the backend cannot run.
    #[must_use]
    pub fn unmet(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(subject, RequirementStatus::Unmet, found, advice)
    }

    /// Settings that cannot be filled in for this machine.
    #[must_use]
    pub fn unset(error: &BackendError) -> Self {
        let advice = "set it in your environment, or correct the backend's table";
        Self::of("settings", RequirementStatus::Unset, &error.message, advice)
    }

    /// Adds itself, unless that is there already: models share most of what they need.
    pub fn add_to(self, requirements: &mut Vec<Self>) {
        if !requirements.contains(&self) {
            requirements.push(self);
        }
    }

    fn of(
        subject: impl Into<String>,
        status: RequirementStatus,
        found: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { subject: subject.into(), status, found: found.into(), advice: advice.into() }
    }
}
