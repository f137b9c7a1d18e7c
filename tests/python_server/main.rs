//! A real Python on either end of the wire: what it sends arrives with the right type, shape and bits, and it reads what we
//! send as its own classes.
//!
//! Needs a Python with fastapi, uvicorn, `NumPy` and biotite: `HYDROTEST_PYTHON` names one, and then must serve; without it
//! `python3` is tried, and the tests are ignored when it has not all of them. Servers are processes under our supervisor, so
//! this has a `main` of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test may fail, and says what it lacks"
)]

#[path = "../support/describe.rs"]
mod describe;
#[path = "../support/description.rs"]
mod description;
#[path = "../support/fixtures.rs"]
mod fixtures;
mod receives;
#[path = "../support/runtime.rs"]
mod runtime;
mod sends;
#[path = "../support/trials.rs"]
mod trials;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use libtest_mimic::Arguments;

const VARIABLE: &str = "HYDROTEST_PYTHON";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&arguments) {
        return ExitCode::from(code);
    }
    if arguments.get(1).is_some_and(|word| word == "serve") {
        return ExitCode::from(hydrotest::cli::main(arguments));
    }
    let is_there = std::env::var_os(VARIABLE).is_some() || imports_all();
    if !is_there {
        eprintln!("ignored: set {VARIABLE} to a Python with fastapi, uvicorn, numpy and biotite");
    }
    let trials = trials::trials(&[receives::TRIALS, sends::TRIALS]);
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(!is_there));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// The interpreter to use.
fn python() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| "python3".into())
}

fn imports_all() -> bool {
    let output = Command::new(python())
        .args(["-c", "import fastapi, uvicorn, numpy, biotite.structure"])
        .output();
    output.is_ok_and(|output| output.status.success())
}

/// A script beside these tests.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

/// Runs a test in a runtime of its own, and not for ever.
fn run(test: impl Future<Output = ()>) {
    runtime::run_within(Duration::from_secs(300), test);
}
