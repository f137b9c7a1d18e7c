//! Python code as a backend: a small package with boileroom's interface predicts exactly what `reference` predicts, whatever
//! hosted code does ends in the right fault with nothing left, and every flaw of a life cycle is found.
//!
//! Needs a Python with `NumPy` and biotite: `HYDROTEST_PYTHON` names one, and then must do; without it `python3` is tried,
//! and the tests are ignored when it has not both. The package is served by this program, so this has a `main` of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test may fail, and says what it lacks"
)]

mod doctor;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a platform cannot fail in every way")]
mod failing;
mod faults;
mod hosted;
mod package;
mod scenes;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/world.rs"]
mod world;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

const VARIABLE: &str = "HYDROTEST_PYTHON";
/// Says where the harness keeps its runs; everything here has a place of its own.
const STATE: &str = "HYDROTEST_STATE_DIR";
/// Set for the tests themselves, in the environment that they need.
const INSIDE: &str = "HYDROTEST_PYTHON_BACKEND_TESTS";
/// First argument that makes this program clear up after killed runs.
const SWEEP: &str = "sweep";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&arguments) {
        return ExitCode::from(code);
    }
    if arguments.get(1).is_some_and(|word| word == "serve") {
        return ExitCode::from(hydrotest::cli::main(arguments));
    }
    if arguments.get(1).is_some_and(|word| word == SWEEP) {
        return survival::sweep_up();
    }
    if std::env::var_os(INSIDE).is_none() {
        return inside(&arguments[1..]);
    }
    let is_there = std::env::var_os(VARIABLE).is_some() || imports_all();
    if !is_there {
        eprintln!("ignored: set {VARIABLE} to a Python with numpy and biotite");
    }
    let tables = [
        package::TRIALS,
        told::TRIALS,
        doctor::TRIALS,
        faults::TRIALS,
        scenes::TRIALS,
        survival::TRIALS,
    ];
    let trials = tables.into_iter().flatten().map(|(name, run)| {
        let run = *run;
        let trial = Trial::test(*name, move || {
            run();
            Ok::<(), Failed>(())
        });
        trial.with_ignored_flag(!is_there)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Runs the tests with a state directory of their own, which must be empty of runs afterwards.
fn inside(arguments: &[std::ffi::OsString]) -> ExitCode {
    let state = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(arguments)
        .env(INSIDE, "1")
        .env(STATE, state.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .unwrap();
    let left: Vec<_> = std::fs::read_dir(state.path().join("runs"))
        .into_iter()
        .flatten()
        .collect();
    if !left.is_empty() {
        eprintln!("runs are left in the state directory: {left:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// The interpreter to use.
fn python() -> String {
    std::env::var(VARIABLE).unwrap_or_else(|_| "python3".into())
}

fn imports_all() -> bool {
    let output = Command::new(python())
        .args(["-c", "import numpy, biotite.structure"])
        .output();
    output.is_ok_and(|output| output.status.success())
}
