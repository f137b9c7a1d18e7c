//! What a supervisor needs of the kernel: a program dies with its parent, and orphans become the supervisor's children. Signals
//! the calling process's own descendants and nothing else.

use std::io;

use rustix::process::{set_child_subreaper, set_parent_process_death_signal};

use super::processes::{is_alive, parents, with_descendants};
use crate::os::{Pid, Signal, getpid, kill_process};

/// Has this process killed when the thread that started it dies.
///
/// # Errors
/// When the system refuses.
pub(crate) fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Makes this process the parent of every descendant whose own parent dies.
///
/// # Errors
/// When the system refuses.
pub(crate) fn adopt_descendants() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// What still runs of all that `program`, a child of this process, started.
pub(crate) fn remaining(_program: Pid) -> Vec<i32> {
    let own = getpid().as_raw_pid();
    let all = with_descendants(own).into_iter().flatten();
    all.filter(|&process| process != own && is_alive(process)).collect()
}

/// Kills what remains of `program`, as far as it can be seen. Those of a killed child become ours, so that this has to be
/// repeated. Says whether there may be some that are not children of this process.
pub(crate) fn kill_remaining(_program: Pid) -> bool {
    let own = getpid().as_raw_pid();
    for (child, _) in parents().into_iter().filter(|(_, parent)| *parent == own) {
        // A child keeps its number until it has been waited for, so that no other process can be hit.
        let _ = Pid::from_raw(child).map(|child| kill_process(child, Signal::KILL));
    }
    false
}
