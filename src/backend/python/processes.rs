//! Finds the processes of this machine that hosted code has started. Ends none.

use crate::backend::resources::{InstanceId, PROCESS, Resource, processes_of};
use crate::os::{describe, is_alive, with_descendants};

/// Helpers of Python's standard library that live as long as the program does.
const HELPERS: [&str; 2] = ["multiprocessing.resource_tracker", "multiprocessing.forkserver"];

/// The processes under a supervisor or with the label of an instance, but the interpreter and the programs that started it, such as
/// uv. Empty where the system cannot find them: the leak check of the instance says so.
pub(super) fn started_by(interpreter: i32, supervisor: u32, instance: &InstanceId) -> Vec<Resource> {
    let mut found = with_descendants(i32::try_from(supervisor).unwrap_or(i32::MAX)).unwrap_or_default();
    found.extend(processes_of(&instance.label()).unwrap_or_default());
    found.sort_unstable();
    found.dedup();
    let holds = |process: i32| with_descendants(process).is_ok_and(|family| family.contains(&interpreter));
    found.retain(|&process| is_alive(process) && !holds(process));
    let named =
        found.into_iter().map(|process| Resource { kind: PROCESS, id: process.to_string(), detail: describe(process) });
    named.filter(|process| !HELPERS.iter().any(|helper| process.detail.contains(helper))).collect()
}
