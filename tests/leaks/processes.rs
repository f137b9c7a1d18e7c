//! What a server or hosted code leaves on this machine: processes, in any session and with any environment, the ports they
//! listen on, and temporary files.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::project::{Project, Ran};
use crate::{ONE, Refusing, scripted};

/// Of a complete run and of a partial one.
const SUCCESS: &str = "(exit code 0)";

#[test]
fn leaks_of_a_server_are_named_and_fail_the_run() {
    // One keeps the label, one has cleared its environment and listens. Both have left the server's session.
    let script = "setsid sleep 7731 & \
                  setsid env -i MODEL_CLASS=$MODEL_CLASS $SERVE 0 2>&1 & \
                  mktemp -p $TMPDIR forgotten.XXXXXX; exec $SERVE $0";
    let ran = Project::new(&scripted(script, "")).run(ONE);
    ran.expect(
        1,
        &[
            "leaked: esm2 on lab: process ",
            "(sleep 7731) was still there after the stop; removed now",
            "serve --port 0, listening on port ",
            "note: esm2 on lab: temporary file forgotten.",
            "does not conform: the backend is wrong (exit code 1)",
        ],
    );
    assert_eq!(ran.reported.matches("leaked:").count(), 2, "{}", ran.reported);
}

#[test]
fn tokens_reach_only_servers_that_request_them_and_logs_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let script =
        "[ -z \"$GITHUB_TOKEN$AWS_SESSION_TOKEN\" ] && [ \"$AWS_REGION$GH_TOKEN\" = eu1 ] || exit 9; exec $SERVE $0";
    let project = Project::new(&scripted(script, "pass_env = ['AWS_REGION']\nlog_dir = 'logs'"));
    let home = project.state().parent().unwrap().to_owned();
    let table = fs::read_to_string(home.join("backends.toml")).unwrap();
    // Variables named in the table are meant for the server.
    let table = table.replace("env = { ", "env = { GH_TOKEN = '1', ");
    fs::write(home.join("backends.toml"), table).unwrap();
    let mut command = project.command(ONE);
    for name in ["GITHUB_TOKEN", "AWS_SESSION_TOKEN", "GH_TOKEN"] {
        command.env(name, "secret");
    }
    Ran::from(command.env("AWS_REGION", "eu").output().unwrap()).expect(0, &[SUCCESS]);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let logs = home.join("logs");
    let log = fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    assert_eq!((mode(&logs), mode(&log), mode(&project.state().join("runs"))), (0o700, 0o600, 0o700));
}

#[test]
fn processes_that_end_with_the_server_or_soon_after_are_not_leaks() {
    // A worker in the server's own session, and one that notices the server's exit with a delay.
    let script = "sleep 600 & setsid sh -c 'while kill -0 $1 2>/dev/null; do sleep 0.3; done' x $$ & \
                  f=$(mktemp); rm $f; exec $SERVE $0";
    let ran = Project::new(&scripted(script, "")).run(ONE);
    ran.expect(0, &[SUCCESS]);
    assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
}

#[test]
fn a_server_that_has_to_be_killed_is_reported_and_its_processes_are_not_leaks() {
    let script = "trap '' TERM; setsid sleep 600 & mktemp; $SERVE $0; sleep 600";
    let ran = Project::new(&scripted(script, "grace = '300ms'")).run(ONE);
    ran.expect(0, &["warning: esm2 on lab: shutdown failed: the server did not end within 0.3 s", SUCCESS]);
    assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
}

#[test]
fn a_server_that_crashes_or_never_starts_is_not_a_leak() {
    for script in ["setsid sleep 600 & mktemp; kill -SEGV $$", "setsid sleep 600 & mktemp; exit 3"] {
        let ran = Project::new(&scripted(script, "")).run(ONE);
        ran.expect(3, &["the platform failed (exit code 3)"]);
        assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
    }
}

const HOSTED: &str = "
import os, subprocess, tempfile
class Clean:
    def start(self): pass
    def stop(self): pass
    def get_model(self): return self
    def embed(self, sequences, options=None): raise ValueError('Invalid residue x at position 0')
class Leaves(Clean):
    def start(self):
        subprocess.Popen(['sleep', '7711'], start_new_session=True)
class Hidden(Clean):
    def start(self):
        subprocess.Popen(['sleep', '7712'], start_new_session=True, env={})
class Listens(Clean):
    def start(self):
        code = 'import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); time.sleep(600)'
        subprocess.Popen(['python3', '-c', code], start_new_session=True, env={'PATH': os.environ['PATH']})
class Forgets(Clean):
    def start(self): tempfile.mkdtemp(prefix='forgotten')
";

/// A backend of the kind `python` with this class.
fn hosted(class: &str) -> Ran {
    let home = Refusing::new(&format!(
        "default = 'lab'\n[backends.lab]\nkind = 'python'\nweights = 'synthetic'\npath = ['.']\nbackend_class = 'hosted:{class}'\n"
    ));
    fs::write(home.path().join("hosted.py"), HOSTED).unwrap();
    home.run(&[])
}

#[test]
#[ignore = "needs a python3"]
fn leaks_of_hosted_code_are_named_and_fail_the_run() {
    for (class, leak) in [
        ("Leaves", "(sleep 7711) was still there after the stop"),
        ("Hidden", "(sleep 7712) was still there after the stop"),
        ("Listens", "listening on port "),
    ] {
        let ran = hosted(class);
        ran.expect(1, &["1 passed, 0 failed", "leaked: esm2 on lab: ", leak, "(exit code 1)"]);
        assert_eq!(ran.reported.matches("leaked:").count(), 1, "{}", ran.reported);
    }
}

#[test]
#[ignore = "needs a python3"]
fn temporary_files_are_a_note_or_if_large_a_warning() {
    let ran = hosted("Forgets");
    ran.expect(0, &["note: esm2 on lab: temporary directory forgotten", SUCCESS]);
    // A sparse file counts with its apparent size.
    let script = "truncate -s 101M $TMPDIR/weights; exec $SERVE $0";
    let ran = Project::new(&scripted(script, "")).run(ONE);
    let advice = "files that are meant to stay, such as a cache, need another place";
    ran.expect(0, &["warning: esm2 on lab: temporary file weights (101 MiB)", advice, SUCCESS]);
    assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
}

#[test]
#[ignore = "needs a python3"]
fn hosted_code_that_cleans_up_leaves_nothing() {
    let ran = hosted("Clean");
    ran.expect(0, &[SUCCESS]);
    assert!(!ran.reported.contains("leaked:"), "{}", ran.reported);
}

#[test]
fn a_second_signal_kills_what_the_first_waits_for() {
    let script = "trap '' TERM; setsid sleep 600 & echo $$ >&2; $SERVE 0 & sleep 600";
    let project = Project::new(&scripted(script, "grace = '20s'"));
    let mut child = project.command(ONE).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let process = Pid::from_child(&child);
    let runs = project.state().join("runs");
    // The server prints its pid once its trap and its process are in place.
    let logs = || {
        let runs = fs::read_dir(&runs).into_iter().flatten().flatten();
        let log = runs.filter_map(|run| fs::read_dir(run.path().join("1")).ok()).flatten().flatten().next();
        log.is_some_and(|log| fs::metadata(log.path()).is_ok_and(|log| log.len() > 0))
    };
    while !logs() {
        assert!(child.try_wait().unwrap().is_none(), "the run is over before its server prints anything");
        std::thread::yield_now();
    }
    kill_process(process, Signal::INT).unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let announcement = "stopping what was started; Ctrl-C again kills it";
    assert!(lines.any(|line| line.unwrap() == announcement), "the announcement is missing");
    let begun = std::time::Instant::now();
    kill_process(process, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(begun.elapsed().as_secs() < 15, "it waited for the grace period");
    assert_eq!(fs::read_dir(runs).unwrap().count(), 0, "nothing is left to clean up");
}
