//! The app is left however a run ends, and an unreachable service is reported.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::cloud::Cloud;
use crate::project::Project;

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn the_app_is_left_after_a_failed_check() {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, "{ check = 'error' }");
    Project::expect(&mut project.command(&[]), 1);
    let events = cloud.end();
    assert_eq!((events.apps(), events.count("called")), (1, 3));
}

fn interrupted(signal: Signal, code: i32) {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, "{ check = 'contract' }");
    let mut command = project.command(&[]);
    let mut harness = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Its container has not started yet, so the signal arrives during the call.
    cloud.wait_for("called");
    kill_process(Pid::from_child(&harness), signal).unwrap();
    assert_eq!(harness.wait().unwrap().code(), Some(code));
    assert_eq!(cloud.end().apps(), 1);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn a_service_that_stops_during_a_call_is_a_platform_failure() {
    let cloud = Cloud::start();
    let project = Project::new(&cloud.address, "{ check = 'contract' }");
    let mut command = project.command(&[]);
    let harness = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    cloud.wait_for("called");
    drop(cloud);
    let output = harness.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(shown.contains("fault: unreachable"), "{shown}");
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn the_app_is_left_after_an_interrupt() {
    interrupted(Signal::INT, 130);
}

#[test]
#[ignore = "needs HYDROTEST_MODAL"]
fn the_app_is_left_after_a_termination() {
    interrupted(Signal::TERM, 143);
}
