//! No job outlives the harness: neither if the harness is stopped by a signal nor, after the next run, if it was killed.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::clean::clean;
use crate::cluster::{self, in_peace};
use crate::harness::table;
use crate::project::Project;
use crate::signalled::{ended_by, nothing_kept, start};
use crate::until::until;
use crate::witness::LONG;

const SERVE: &str = "command = ['{hydrotest}', 'serve', '--host', '{host}', '--port', '{port}']\n";

/// A harness of its own, with a directory that jobs share.
struct Lab {
    project: Project,
    shared: TempDir,
}

impl Lab {
    fn new() -> Self {
        let shared = tempfile::tempdir().unwrap();
        let settings = format!("{SERVE}shared_dir = '{}'", shared.path().display());
        let project = Project::new(&table(&settings));
        Self { project, shared }
    }

    /// The name of its run, once it is known.
    fn run_name(&self) -> String {
        until("a run begins", 3 * LONG, || {
            let mut runs = std::fs::read_dir(self.project.state().join("runs")).ok()?;
            Some(runs.next()?.unwrap().file_name().into_string().unwrap())
        })
    }

    #[track_caller]
    fn nothing_is_left(&self, run: &str) {
        assert_eq!(cluster::jobs(run), []);
        nothing_kept(&self.project);
        let shared: Vec<_> = self.shared.path().read_dir().unwrap().collect();
        assert!(shared.is_empty(), "{shared:?}");
    }
}

fn ended(signal: Signal, code: i32) {
    let _peace = in_peace();
    let lab = Lab::new();
    let mut run = String::new();
    ended_by(&lab.project, signal, code, || {
        run = lab.run_name();
        cluster::until("a job is submitted", || !cluster::jobs(&run).is_empty());
    });
    lab.nothing_is_left(&run);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn sigint_leaves_no_job() {
    ended(Signal::INT, 130);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn sigterm_leaves_no_job() {
    ended(Signal::TERM, 143);
}

/// Kills a run after this many milliseconds.
fn killed_after(wait: u64) {
    let _peace = in_peace();
    let lab = Lab::new();
    let mut harness = start(&lab.project);
    let run = lab.run_name();
    // The delay is the point: kills fall before, during and after the submission.
    std::thread::sleep(Duration::from_millis(wait));
    harness.kill().unwrap();
    harness.wait().unwrap();
    // The next run removes everything that exists by now, and leaves nothing itself.
    lab.project.run(&["--model", "esmc"]).expect(0, &[]);
    // `hydrotest clean` waits for a job that was submitted just before the kill.
    let cleaned = clean(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command.arg("clean").env("HYDROTEST_STATE_DIR", lab.project.state());
        command
    });
    assert_eq!(cleaned, Ok(()));
    lab.nothing_is_left(&run);
    cluster::until("its processes are gone", || !processes_of(&run));
}

/// Whether a process of this machine carries the label of a run.
fn processes_of(run: &str) -> bool {
    let label = format!("HYDROTEST_INSTANCE={run}");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read(entry.path().join("environ")).ok())
        .any(|environment| environment.windows(label.len()).any(|window| window == label.as_bytes()))
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_run_killed_at_once_is_cleaned_up_by_the_next_run() {
    killed_after(0);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_run_killed_after_40_ms_is_cleaned_up_by_the_next_run() {
    killed_after(40);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_run_killed_after_150_ms_is_cleaned_up_by_the_next_run() {
    killed_after(150);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_run_killed_after_400_ms_is_cleaned_up_by_the_next_run() {
    killed_after(400);
}

#[test]
#[ignore = "needs HYDROTEST_SLURM"]
fn a_run_killed_after_900_ms_is_cleaned_up_by_the_next_run() {
    killed_after(900);
}
