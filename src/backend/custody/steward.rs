//! What somebody must be able to do on a platform who comes after a run: find what carries its mark, and remove it.

use std::fmt;

use crate::backend::Work;

/// Finds and removes what a platform holds of runs. Needs nothing of the run but its name.
pub trait Steward: Send + Sync {
    /// Everything there whose mark is `name` or begins with `name-`: an instance's name, or a run's for all its instances.
    fn find<'a>(&'a self, name: &'a str) -> Work<'a, Vec<Leftover>>;

    /// Removes one of them and returns when it is gone. No error when it has gone by itself.
    fn remove<'a>(&'a self, leftover: &'a Leftover) -> Work<'a, ()>;
}

/// Something of a run that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What it is: `process`, `container`, `job`, …
    pub what: &'static str,
    /// By what its platform knows it: a number, an identifier.
    pub id: String,
    /// What a reader recognises it by: the command line, the image, the ports it listens on.
    pub detail: String,
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.id)?;
        if self.detail.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.detail)
    }
}

/// Whether a mark belongs to the run or instance of this name.
#[must_use]
pub fn belongs(mark: &str, name: &str) -> bool {
    mark.strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_belongs_to_its_instance_and_its_run() {
        assert!(belongs("hydrotest-ab-1", "hydrotest-ab-1"));
        assert!(belongs("hydrotest-ab-1", "hydrotest-ab"));
        assert!(!belongs("hydrotest-ab-12", "hydrotest-ab-1"));
        assert!(!belongs("hydrotest-abc", "hydrotest-ab"));
    }
}
