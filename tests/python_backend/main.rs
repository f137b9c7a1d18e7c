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

#[path = "../support/apart.rs"]
mod apart;
mod doctor;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a platform cannot fail in every way")]
mod failing;
mod faults;
mod hosted;
mod package;
#[path = "../support/project.rs"]
mod project;
#[path = "../support/runtime.rs"]
mod runtime;
mod scenes;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
#[path = "../support/trials.rs"]
mod trials;
#[path = "../support/whole.rs"]
mod whole;

use std::process::{Command, ExitCode};

use libtest_mimic::Arguments;

const VARIABLE: &str = "HYDROTEST_PYTHON";
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
    if !apart::is_apart() {
        return apart::again(&[], |_, _| {});
    }
    let is_there = std::env::var_os(VARIABLE).is_some() || imports_all();
    if !is_there {
        eprintln!("ignored: set {VARIABLE} to a Python with numpy and biotite");
    }
    let trials = trials::trials(&[
        package::TRIALS,
        told::TRIALS,
        doctor::TRIALS,
        faults::TRIALS,
        scenes::TRIALS,
        survival::TRIALS,
    ]);
    let trials = trials.into_iter().map(|trial| trial.with_ignored_flag(!is_there));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
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
