//! The cluster through Slurm's own commands: what the tests query and do without the harness.

use std::process::{Command, Output};

use crate::turns::{self, Turn, together};
use crate::witness::LONG;

/// Keeps other tests from disturbing the cluster.
pub fn in_peace() -> Turn {
    together("slurm")
}

/// Waits until the cluster is unused, and reserves it: tests that disturb it run alone.
pub fn alone() -> Turn {
    turns::alone("slurm")
}

/// Its `slurm.conf`.
pub fn conf() -> String {
    crate::engine::engine("HYDROTEST_SLURM")
}

/// Runs one of Slurm's commands, whether it succeeds or not.
pub fn tried(tool: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(tool);
    command.args(arguments).env("SLURM_CONF", conf());
    command.output().unwrap_or_else(|error| panic!("{tool}: {error}"))
}

/// Runs one of Slurm's commands and returns its output.
#[track_caller]
pub fn slurm(tool: &str, arguments: &[&str]) -> String {
    let output = tried(tool, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// The unfinished jobs that carry the label of a harness, with their names.
pub fn jobs(of: &str) -> Vec<(String, String)> {
    let output = slurm("squeue", &["--noheader", "--format=%i %j"]);
    let lines = output.lines().filter_map(|line| line.trim().split_once(' '));
    lines.filter(|(_, name)| name.starts_with(of)).map(|(id, name)| (id.to_owned(), name.to_owned())).collect()
}

/// The id of the job with this comment.
pub fn commented(comment: &str) -> Option<String> {
    let output = slurm("squeue", &["--noheader", "--format=%i %k"]);
    let mut lines = output.lines().filter_map(|line| line.trim().split_once(' '));
    lines.find(|(_, own)| *own == comment).map(|(id, _)| id.to_owned())
}

/// The id of the job that a process of this machine belongs to.
pub fn job_of(process: i32) -> String {
    variable(process, "SLURM_JOB_ID").expect("it is not in a job")
}

/// The label of a process.
pub fn label_of(process: i32) -> String {
    variable(process, "HYDROTEST_INSTANCE").expect("it has no label")
}

fn variable(process: i32, name: &str) -> Option<String> {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let mut variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    variables.find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

/// Runs something that blocks while the rest of a test continues.
pub async fn meanwhile(work: impl FnOnce() + Send + 'static) {
    tokio::task::spawn_blocking(work).await.unwrap();
}

/// Waits for a condition.
#[track_caller]
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    crate::until::until(what, 3 * LONG, || so().then_some(()));
}

/// The value of a key in the running configuration.
pub fn setting(key: &str) -> String {
    let output = std::fs::read_to_string(conf()).unwrap();
    let value = output.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("{key} is not set")).to_owned()
}

/// Whether the node can run jobs.
pub fn node_is_up() -> bool {
    let state = slurm("sinfo", &["--noheader", "--partition=debug", "--format=%T"]);
    ["idle", "mixed", "allocated"].contains(&state.trim())
}

/// The node of the cluster.
pub fn node() -> String {
    slurm("sinfo", &["--noheader", "--partition=debug", "--format=%n"]).trim().to_owned()
}
