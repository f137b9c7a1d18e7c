//! The harness itself is stopped: after SIGINT and SIGTERM it cleans up, and after SIGKILL the next run does.

use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::clean::clean;
use crate::containers::{all, engine, the_running_one};
use crate::harness::{Platform, SERVE, alone, run, table};
use crate::project::{Project, Ran};
use crate::signalled::{ended_by, nothing_kept, start};

/// A server that never becomes ready, which leaves time for the signal.
const SLEEPER: &str = "command = ['/bin/sh', '-c', 'exec sleep 1000']\ngrace = '1s'\n";
/// How often the harness is killed.
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
fn sigint_removes_the_container() {
    ended(Signal::INT, 130);
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn sigterm_removes_the_container() {
    ended(Signal::TERM, 143);
}

fn killed(on: Platform) {
    let (on, _alone) = alone(on);
    let project = Project::new(&table(on, SLEEPER));
    let mut left = 0;
    for moment in 0..KILLS {
        let mut child = start(&project);
        if moment == 0 {
            // At least once late enough that there is something to leave.
            run(async {
                the_running_one(&engine(on).await).await;
            });
        } else {
            // The delay is the point: kills fall before, during and after the creation.
            std::thread::sleep(Duration::from_millis(moment * 97 % 500));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        left += run_for(async { all(&engine(on).await).await.len() });
    }
    assert!(left > 0, "nothing was ever left, so the test proves nothing");
    // The first step of any run.
    let next = Project::new(&table(on, SERVE));
    let mut command = next.command(&["--model", "esm2", "--suite", "embed"]);
    let ran = Ran::from(command.env("HYDROTEST_STATE_DIR", project.state()).output().unwrap());
    ran.expect(0, &["0 failed"]);
    // `hydrotest clean` waits for a container that was requested just before the kill.
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
fn after_sigkill_the_next_run_removes_the_container() {
    killed(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_after_sigkill_the_next_run_removes_the_container() {
    killed(Platform::Podman);
}
