//! What `hydrotest doctor` finds: one line for each thing that a backend needs. Plain data.

use super::BackendError;

/// How one thing is that a backend needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symptom {
    /// What was looked at, such as `docker engine`.
    pub subject: String,
    /// How it is.
    pub state: State,
    /// What was found, such as a version or an error in the platform's words.
    pub found: String,
    /// What to do about it; empty when all is well.
    pub advice: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As it should be.
    Well,
    /// It may do, but the reader should know.
    Doubtful,
    /// The backend's settings refer to something that is not set here: it is not meant for this machine, or not yet.
    Unset,
    /// The backend cannot run like this.
    Broken,
}

impl Symptom {
    /// Something that is as it should be.
    #[must_use]
    pub fn well(subject: impl Into<String>, found: impl Into<String>) -> Self {
        Self::of(subject, State::Well, found, "")
    }

    /// Something that may do.
    #[must_use]
    pub fn doubtful(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(subject, State::Doubtful, found, advice)
    }

    /// Something without which the backend cannot run.
    #[must_use]
    pub fn broken(subject: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::of(subject, State::Broken, found, advice)
    }

    /// Settings that cannot be filled in for this machine.
    #[must_use]
    pub fn unset(error: &BackendError) -> Self {
        let advice = "set it in your environment, or correct the backend's table";
        Self::of("settings", State::Unset, &error.message, advice)
    }

    /// Adds itself, unless that is there already: models share most of what they need.
    pub fn add_to(self, symptoms: &mut Vec<Self>) {
        if !symptoms.contains(&self) {
            symptoms.push(self);
        }
    }

    fn of(subject: impl Into<String>, state: State, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            state,
            found: found.into(),
            advice: advice.into(),
        }
    }
}
