//! What was found after the stop of an instance, told apart by whom it blames. Lines for people; finds nothing itself.

use super::remark::Remark;

/// What there is to say after a stop, one line for each thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// What the instance left behind: each is a fault of the backend.
    pub left: Vec<String>,
    /// Where it could not be found out whether anything was left: the platform failed.
    pub unknown: Vec<String>,
    /// What is worth knowing and no fault.
    pub remarks: Vec<Remark>,
}

/// What was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// An instance that ran.
    Running,
    /// What there was of a start that failed or was given up: nobody can expect it to have cleared up in the middle.
    HalfStarted,
}

impl Aftermath {
    /// Adds what was found after a stop of the instance that `label` names.
    pub fn add(&mut self, label: &str, found: Self) {
        let labelled = |line: String| format!("{label}: {line}");
        self.left.extend(found.left.into_iter().map(labelled));
        self.unknown.extend(found.unknown.into_iter().map(labelled));
        self.remarks.extend(found.remarks);
    }
}
