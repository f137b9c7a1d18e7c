//! What a backend is doing while it starts: a job in a queue, a pull, a model that loads. The backend
//! reports it and goes on; it must not depend on a reader.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Stage;

/// Where a backend reports what it is doing. Cheap to clone; all clones share one value.
#[derive(Debug, Clone, Default)]
pub struct StartProgress(Arc<Mutex<Option<StartStep>>>);

/// Something that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartStep {
    /// The stage it belongs to.
    pub stage: Stage,
    /// What it is, such as `pulling boileroom-esm` or `job 7 is PENDING (Priority)`. The same for as long as it is the same step.
    pub(crate) step: String,
    /// How far it is, such as `1 of 3 layers`; empty where that is not known.
    pub(crate) detail: String,
}

impl StartProgress {
    /// Reports the step that begins now.
    pub(crate) fn set(&self, stage: Stage, step: impl Into<String>) {
        let step = step.into();
        self.change(|doing| {
            // The same step again keeps its detail.
            if doing.as_ref().is_none_or(|doing| (doing.stage, &doing.step) != (stage, &step)) {
                let detail = String::new();
                *doing = Some(StartStep { stage, step, detail });
            }
        });
    }

    /// Reports how far the current step is.
    pub(crate) fn set_detail(&self, detail: impl Into<String>) {
        self.change(|doing| {
            if let Some(doing) = doing {
                doing.detail = detail.into();
            }
        });
    }

    /// Nothing is under way any more.
    pub(crate) fn clear(&self) {
        self.change(|doing| *doing = None);
    }

    /// What is under way now.
    pub(crate) fn now(&self) -> Option<StartStep> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Option<StartStep>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Display for StartStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.step)?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.detail)
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
