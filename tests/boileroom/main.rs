//! The released boileroom can read the responses of `hydrotest serve`, and rejects those that hydrotest says it cannot read.
//!
//! Needs a Python with boileroom 0.4.1, named by `HYDROTEST_BOILEROOM`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/describe.rs"]
mod describe;
#[path = "../support/engine.rs"]
mod engine;
mod readable;
mod responses;

use std::path::Path;
use std::process::{Command, Stdio};

use hydrotest::wire::Secret;

/// Runs boileroom's client in one of its modes with some input. Returns what it prints, one JSON value per line.
fn client(secret: &Secret, mode: &str, input: &str) -> Vec<serde_json::Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/boileroom_client.py");
    let mut running = Command::new(engine::engine("HYDROTEST_BOILEROOM"))
        .arg(script)
        .arg(mode)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env(Secret::VARIABLE, secret.expose())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut running.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
