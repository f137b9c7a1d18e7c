//! A start prints a line for each step that takes long, and its error names what it was waiting for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
mod plain;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use plain::plain;
use tempfile::TempDir;

const SUITE: &str = "about = 'one call'\n[[case]]\nname = 'one'\nmodels = ['esm2']\nsequences = 'short'\nchecks = [{ check = \
                     'contract' }]\n";
/// A server that never listens.
const DEAF: &str = "kind = 'process'\ncommand = ['sh', '-c', 'exec sleep 600 # {port}']\nstart_timeout = '6s'\n";

fn home(backend: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    std::fs::create_dir(home.path().join("suites")).unwrap();
    write("backends.toml", &format!("default = 'lab'\n[backends.lab]\nweights = 'synthetic'\n{backend}"));
    write("suites/small.toml", SUITE);
    write("suites/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n");
    home
}

/// What the program prints on its two streams. The run must end without a verdict.
#[track_caller]
fn broken(home: &Path, arguments: &[&str]) -> [String; 2] {
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .env("HYDROTEST_FORMAT", "pretty")
        .current_dir(home)
        .args(arguments)
        .env("HYDROTEST_STATE_DIR", home.join("state"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let reported = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(3), "{reported:?}");
    reported
}

/// The lines about what an instance waits for.
fn wait_lines(stderr: &str) -> Vec<&str> {
    stderr.lines().filter(|line| line.starts_with("esm2 on lab: ")).collect()
}

#[test]
fn a_slow_step_is_a_line_on_standard_error() {
    let home = home(DEAF);
    let [stdout, stderr] = broken(home.path(), &[]);
    let reported = wait_lines(&stderr);
    assert_eq!(reported.len(), 1, "{stderr}");
    insta::assert_snapshot!(plain(reported[0], &[]), @"esm2 on lab: waiting for the server at http://127.0.0.1:PORT to be ready: no connection to http://127.0.0.1:PORT/: Connection refused (os error 111)");
    assert!(wait_lines(&stdout).is_empty(), "{stdout}");
}

#[test]
fn progress_is_separate_from_json_and_hidden_with_quiet() {
    let home = home(DEAF);
    let [stdout, stderr] = broken(home.path(), &["--format", "json"]);
    assert_eq!(wait_lines(&stderr).len(), 1, "{stderr}");
    for line in stdout.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    let [_, stderr] = broken(home.path(), &["--quiet"]);
    assert!(wait_lines(&stderr).is_empty(), "{stderr}");
}

#[test]
fn a_timeout_names_a_silent_engine() {
    let place = tempfile::tempdir().unwrap();
    let socket = place.path().join("engine.sock");
    // The system accepts connections for it, and nothing ever responds.
    let _engine = UnixListener::bind(&socket).unwrap();
    let home = home(&format!(
        "kind = 'docker'\nhost = 'unix://{}'\nimage = 'lab/esm:1'\ncommand = ['serve', '{{port}}']\nstart_timeout = '6s'\n",
        socket.display()
    ));
    let [stdout, stderr] = broken(home.path(), &[]);
    let socket = socket.display().to_string();
    insta::assert_snapshot!(plain::failures(&stdout, &[(&socket, "SOCKET")]), @"
    ---- esm2::small::one ----
    error: inconclusive, the platform failed

    response [call]: launch failed: esm2 on lab was not ready within 6 s; at last: waiting for the engine at unix://SOCKET
      fault: timeout

    inconclusive: the backend could not be tested, the platform failed (exit code 3)
    ");
    insta::assert_snapshot!(plain(&wait_lines(&stderr).join("\n"), &[(&socket, "SOCKET")]), @"esm2 on lab: waiting for the engine at unix://SOCKET");
}
