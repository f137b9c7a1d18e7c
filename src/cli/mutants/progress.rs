//! How far a measurement of mutants is, for a person who waits. Prints to a terminal only.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::complain;

/// Says to a person at a terminal how far it is: two minutes of silence look like a hang.
pub(super) struct MutantProgress {
    mutants: usize,
    done: AtomicUsize,
    is_shown: bool,
}

impl MutantProgress {
    pub(super) fn of(mutants: usize) -> Self {
        Self { mutants, done: AtomicUsize::new(0), is_shown: std::io::stderr().is_terminal() }
    }

    pub(super) fn one_more(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // Ten lines in all.
        let tenth = |done: usize| done * 10 / self.mutants.max(1);
        if self.is_shown && tenth(done) > tenth(done - 1) {
            complain(&format!("{done} of {} mutants", self.mutants));
        }
    }
}
