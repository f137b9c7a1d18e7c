//! Stops the harness with a signal while it has something to clean up. Needs the module `project`.

use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{Project, Ran};

/// A run that starts servers.
pub fn start(project: &Project) -> Child {
    let mut command = project.command(&["--model", "esm2", "--suite", "embed"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Sends a signal to a run after `begun` has returned. Checks its exit code, and that it keeps nothing for a later run.
#[track_caller]
pub fn ended_by(project: &Project, signal: Signal, code: i32, begun: impl FnOnce()) {
    let child = start(project);
    begun();
    kill_process(Pid::from_child(&child), signal).unwrap();
    Ran::from(child.wait_with_output().unwrap()).expect(code, &[]);
    nothing_kept(project);
}

/// Checks that no run is kept for a later clean-up.
#[track_caller]
pub fn nothing_kept(project: &Project) {
    let runs = std::fs::read_dir(project.state().join("runs"));
    let runs = runs.map(Iterator::count).unwrap_or_default();
    assert_eq!(runs, 0, "a run's directory is still there");
}
