//! What a backend is doing while it starts, for whoever waits: a job in a queue, a pull, a model that loads. A backend states
//! it and goes on; who reads it, and whether anybody does, is no concern of the backend's.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::Stage;

/// Where a backend states what it is doing. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Status(Arc<Mutex<Option<Doing>>>);

/// Something that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doing {
    /// The stage it belongs to.
    pub stage: Stage,
    /// What it is, such as `pulling boileroom-esm` or `job 7 is PENDING (Priority)`. The same for as long as it is the same step.
    pub what: String,
    /// How far it is, such as `1 of 3 layers`; empty where that is not known.
    pub how_far: String,
}

impl Status {
    /// States what is under way from now on.
    pub fn set(&self, stage: Stage, what: impl Into<String>) {
        let what = what.into();
        self.change(|doing| {
            // Whoever states the same again has nothing new to say about how far it is.
            if doing
                .as_ref()
                .is_none_or(|doing| (doing.stage, &doing.what) != (stage, &what))
            {
                let how_far = String::new();
                *doing = Some(Doing { stage, what, how_far });
            }
        });
    }

    /// States how far it is with what is under way.
    pub fn progress(&self, how_far: impl Into<String>) {
        self.change(|doing| {
            if let Some(doing) = doing {
                doing.how_far = how_far.into();
            }
        });
    }

    /// Nothing is under way any more.
    pub fn clear(&self) {
        self.change(|doing| *doing = None);
    }

    /// What is under way now.
    #[must_use]
    pub fn now(&self) -> Option<Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Option<Doing>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if self.how_far.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.how_far)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_told_with_how_far_it_is() {
        let status = Status::default();
        status.progress("nowhere");
        assert_eq!(status.now(), None);
        status.set(Stage::Launch, "pulling esm");
        status.progress("1 of 3 layers");
        status.set(Stage::Launch, "pulling esm");
        insta::assert_snapshot!(status.now().unwrap(), @"pulling esm: 1 of 3 layers");
        status.clone().set(Stage::Ready, "waiting for readiness");
        insta::assert_snapshot!(status.now().unwrap(), @"waiting for readiness");
        status.clear();
        assert_eq!(status.now(), None);
    }
}
