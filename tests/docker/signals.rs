//! The harness itself is ended: by SIGINT and SIGTERM it clears up, and after SIGKILL the next one does.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::clean::clean;
use crate::containers::{all, engine, the_running_one};
use crate::harness::{Platform, SERVE, alone, run, table};
use crate::project::{Project, Ran};
use crate::signalled::{ended_by, nothing_kept, start};

/// A server that never becomes ready, so that there is time to be ended.
const SLEEPER: &str = "command = ['/bin/sh', '-c', 'exec sleep 1000']\ngrace = '1s'\n";
/// How many times the harness is killed.
const KILLS: u64 = 8;

fn ended(signal: Signal, code: i32) {
    let (on, _alone) = alone(Platform::Docker);
    ended_by(&Project::new(&table(on, SLEEPER)), signal, code, || {
        run(async {
            the_running_one(&engine(on).await).await;
        });
    });
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn interrupted_it_removes_its_container() {
    ended(Signal::INT, 130);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn terminated_it_removes_its_container() {
    ended(Signal::TERM, 143);
}

fn killed(on: Platform) {
    let (on, _alone) = alone(on);
    let project = Project::new(&table(on, SLEEPER));
    let mut left = 0;
    for moment in 0..KILLS {
        let mut child = start(&project);
        if moment == 0 {
            // Once surely after there is something to leave.
            run(async {
                the_running_one(&engine(on).await).await;
            });
        } else {
            // The moment is the point: it falls before, into and after the creation.
            std::thread::sleep(Duration::from_millis(moment * 97 % 500));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        left += run_for(async { all(&engine(on).await).await.len() });
    }
    assert!(left > 0, "nothing was ever left, so nothing is shown");
    // What any run does first.
    let next = Project::new(&table(on, SERVE));
    let mut command = next.command(&["--model", "esm2", "--suite", "embed"]);
    let ran = Ran::from(command.env("HYDROTEST_STATE_DIR", project.state()).output().unwrap());
    ran.expect(0, &["0 failed"]);
    // A container that was asked for in the last moment of a run is waited for.
    let cleaned = clean(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command.arg("clean").env("HYDROTEST_STATE_DIR", project.state());
        command
    });
    assert_eq!(cleaned, Ok(()));
    nothing_kept(&project);
}

fn run_for<T>(question: impl Future<Output = T>) -> T {
    let mut response = None;
    run(async { response = Some(question.await) });
    response.unwrap()
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn killed_it_leaves_what_the_next_run_removes() {
    killed(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_killed_it_leaves_what_the_next_run_removes() {
    killed(Platform::Podman);
}
