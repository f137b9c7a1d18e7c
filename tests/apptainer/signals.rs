//! The harness itself is stopped: after SIGINT and SIGTERM it cleans up, and after SIGKILL the next run does.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Bench, wait_for};
use crate::project::{Project, Ran};
use crate::signalled::{ended_by, nothing_kept, start};
use crate::traces;

/// A server that never becomes ready, which leaves time for the signal.
const SLEEPER: &str = "command = ['/bin/sh', '-c', 'exec sleep 1000', '{port}']\n";
/// How often the harness is killed.
const KILLS: u64 = 10;

fn ended(bench: &Bench, signal: Signal, code: i32, begun: impl Fn() -> bool) {
    ended_by(&Project::new(&bench.table(SLEEPER)), signal, code, || {
        wait_for("what is to be ended", || begun().then_some(()));
    });
    bench.nothing_left();
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn sigint_stops_the_container() {
    let bench = Bench::stocked();
    ended(&bench, Signal::INT, 130, || traces::contained(&bench.token).is_some());
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn sigterm_stops_the_container() {
    let bench = Bench::stocked();
    ended(&bench, Signal::TERM, 143, || traces::contained(&bench.token).is_some());
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn sigterm_during_a_pull_leaves_nothing_of_the_pull() {
    let bench = Bench::empty();
    ended(&bench, Signal::TERM, 143, || {
        bench.images().iter().any(|name| name.starts_with(".pull-")) && !traces::of(&bench.token).is_empty()
    });
    assert!(!bench.sif().exists());
}

#[test]
#[ignore = "needs HYDROTEST_APPTAINER and HYDROTEST_REGISTRY"]
fn after_sigkill_at_any_moment_the_next_run_removes_everything() {
    let bench = Bench::stocked();
    let project = Project::new(&bench.table(SLEEPER));
    for moment in 0..KILLS {
        if moment % 2 == 1 {
            // This one has to pull.
            let _ = fs::remove_file(bench.sif());
        }
        let mut child = start(&project);
        if moment == 0 {
            // At least once late enough that there is something to leave.
            wait_for("the container", || traces::contained(&bench.token));
        } else {
            // The delay is the point: kills fall before, during and after the pull.
            std::thread::sleep(Duration::from_millis(moment * 397 % 2000));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // The first step of any run.
    let next = Project::new(&bench.table(""));
    let mut command = next.command(&["--model", "esm2", "--suite", "embed"]);
    let ran = Ran::from(command.env("HYDROTEST_STATE_DIR", project.state()).output().unwrap());
    ran.expect(0, &["0 failed"]);
    bench.nothing_left();
    nothing_kept(&project);
}
