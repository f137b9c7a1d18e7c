//! Nothing that the harness hosts is left after any exit of the harness. The hosted processes show it: they hold a pipe open.

use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::net::UnixListener;

use crate::hosted::{declaration, run};

/// Stops the harness during a call. Without an expected code it has no chance to shut down.
fn ended(signal: Signal, code: Option<i32>) {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let suites = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
        std::os::unix::fs::symlink(suites, folder.path().join("suites")).unwrap();
        let state = folder.path().join("state");
        let witness = UnixListener::bind(folder.path().join("witness")).unwrap();
        let program = env!("CARGO_BIN_EXE_hydrotest");
        let config = folder.path().join("backends.toml");
        let text = declaration(program, "backend_class = 'witnessed:Backend'");
        let text = format!("{text}WITNESS = '{}'\n", folder.path().join("witness").display());
        std::fs::write(&config, text).unwrap();
        let mut harness = Command::new(program);
        harness
            .args(["--model", "esm2", "--config"])
            .arg(&config)
            .env("HYDROTEST_STATE_DIR", &state)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut harness = tokio::process::Command::from(harness).spawn().unwrap();
        // The interpreter and a process that it started, both during the call.
        let (mut one, mut other) = (witness.accept().await.unwrap().0, witness.accept().await.unwrap().0);
        let process = Pid::from_raw(harness.id().unwrap() as i32).unwrap();
        kill_process(process, signal).unwrap();
        let status = harness.wait().await.unwrap();
        assert_eq!(status.code(), code);
        let (mut output, mut nothing) = (String::new(), String::new());
        one.read_to_string(&mut output).await.unwrap();
        other.read_to_string(&mut nothing).await.unwrap();
        let output = output + &nothing;
        if code.is_some() {
            assert_eq!(output, "stopped");
        } else {
            // The bridge may notice that the harness is gone, and stop its backend, before the supervisor kills it.
            assert!(["", "stopped"].contains(&output.as_str()), "{output}");
            sweep(&state);
        }
        let left: Vec<_> = std::fs::read_dir(state.join("runs")).into_iter().flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

/// Does the first step of the next run that starts something.
fn sweep(state: &std::path::Path) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.env("HYDROTEST_FORMAT", "pretty");
    let swept = command.arg("clean").env("HYDROTEST_STATE_DIR", state).output().unwrap();
    let reported = String::from_utf8_lossy(&swept.stdout);
    assert!(swept.status.success() && reported.contains("1 killed run cleaned up"), "{reported}");
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn an_interrupted_run_stops_hosted_code_and_leaves_nothing() {
    ended(Signal::INT, Some(130));
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_terminated_run_stops_hosted_code_and_leaves_nothing() {
    ended(Signal::TERM, Some(143));
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_killed_run_leaves_no_process_and_the_next_one_removes_its_files() {
    ended(Signal::KILL, None);
}
