//! What somebody must be able to do on a platform who comes after a run: find what carries its mark, and remove it.

use std::fmt;

use crate::backend::Work;
use crate::backend::supervise::Survivor;

/// Finds and removes what a platform holds of runs. Needs nothing of the runs but their names.
pub trait Steward: Send + Sync {
    /// Everything there whose mark is one of `names` or begins with one and `-`: an instance's name, or a run's for all its
    /// instances.
    fn find<'a>(&'a self, names: &'a [String]) -> Work<'a, Vec<Leftover>>;

    /// Removes one of them and returns when it is gone. No error when it has gone by itself.
    fn remove<'a>(&'a self, leftover: &'a Leftover) -> Work<'a, ()>;
}

/// What processes are called.
pub(in crate::backend) const PROCESS: &str = "process";

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

impl Leftover {
    /// Something that says enough by what it is and how it is known.
    #[must_use]
    pub fn new(what: &'static str, id: impl Into<String>) -> Self {
        let (id, detail) = (id.into(), String::new());
        Self { what, id, detail }
    }
}

impl From<Survivor> for Leftover {
    fn from(survivor: Survivor) -> Self {
        Self {
            what: PROCESS,
            id: survivor.process.to_string(),
            detail: survivor.detail,
        }
    }
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

/// Whether a mark belongs to a run or instance of one of these names.
#[must_use]
pub fn belongs(mark: &str, names: &[String]) -> bool {
    let mut rests = names.iter().filter_map(|name| mark.strip_prefix(name.as_str()));
    rests.any(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_belongs_to_its_instance_and_its_run() {
        let belongs_to = |mark: &str, name: &str| belongs(mark, &["hydrotest-zz".to_owned(), name.to_owned()]);
        assert!(belongs_to("hydrotest-ab-1", "hydrotest-ab-1"));
        assert!(belongs_to("hydrotest-ab-1", "hydrotest-ab"));
        assert!(!belongs_to("hydrotest-ab-12", "hydrotest-ab-1"));
        assert!(!belongs_to("hydrotest-abc", "hydrotest-ab"));
    }
}
