//! The current step of a start: a queued job, a pull, a model that loads. The backend reports it and continues. It must not depend on
//! a reader.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Stage;

/// Where a backend reports the current step of its start. Cheap to clone; all clones share one value.
#[derive(Debug, Clone, Default)]
pub struct StartProgress(Arc<Mutex<Option<StartStep>>>);

/// One step of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartStep {
    /// The stage it belongs to.
    pub stage: Stage,
    /// The name, such as `pulling boileroom-esm` or `job 7 is PENDING (Priority)`. It stays the same for the whole step.
    pub(crate) step: String,
    /// How far it is, such as `1 of 3 layers`; empty if unknown.
    pub(crate) detail: String,
}

impl StartProgress {
    /// Reports that a step begins. The same step again keeps its detail.
    pub(crate) fn set(&self, stage: Stage, step: impl Into<String>) {
        let (step, mut current) = (step.into(), self.lock());
        if current.as_ref().is_none_or(|current| (current.stage, &current.step) != (stage, &step)) {
            *current = Some(StartStep { stage, step, detail: String::new() });
        }
    }

    /// Reports how far the current step is.
    pub(crate) fn set_detail(&self, detail: impl Into<String>) {
        if let Some(current) = self.lock().as_mut() {
            current.detail = detail.into();
        }
    }

    /// Reports that the start is over.
    pub(crate) fn clear(&self) {
        *self.lock() = None;
    }

    /// The current step.
    pub(crate) fn now(&self) -> Option<StartStep> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<StartStep>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for StartStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.detail.is_empty() { "" } else { ": " };
        write!(f, "{}{separator}{}", self.step, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_told_with_how_far_it_is() {
        let status = StartProgress::default();
        status.set_detail("nowhere");
        assert_eq!(status.now(), None);
        status.set(Stage::Launch, "pulling esm");
        status.set_detail("1 of 3 layers");
        status.set(Stage::Launch, "pulling esm");
        insta::assert_snapshot!(status.now().unwrap(), @"pulling esm: 1 of 3 layers");
        status.clone().set(Stage::Ready, "waiting for readiness");
        insta::assert_snapshot!(status.now().unwrap(), @"waiting for readiness");
        status.clear();
        assert_eq!(status.now(), None);
    }
}
