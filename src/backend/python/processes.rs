//! Finds the processes of this machine that hosted code has started. Ends none.

use crate::backend::custody::{Leftover, Mark, PROCESS, processes_of};
use crate::backend::supervise::{describe, family, is_alive};

/// Helpers of Python's standard library that live as long as the program does.
const HELPERS: [&str; 2] = ["multiprocessing.resource_tracker", "multiprocessing.forkserver"];

/// What runs under a supervisor or carries a mark, but the interpreter and the programs that it was started by, such as uv.
pub(super) fn started_by(interpreter: i32, supervisor: u32, mark: &Mark) -> Vec<Leftover> {
    let mut found = family(i32::try_from(supervisor).unwrap_or(i32::MAX));
    found.extend(processes_of(&mark.name()));
    found.sort_unstable();
    found.dedup();
    found.retain(|&process| is_alive(process) && !family(process).contains(&interpreter));
    let named = found.into_iter().map(|process| Leftover {
        what: PROCESS,
        id: process.to_string(),
        detail: describe(process),
    });
    named
        .filter(|process| !HELPERS.iter().any(|helper| process.detail.contains(helper)))
        .collect()
}
