//! Whatever a model server's process does, the right fault is reported with the log's last lines, and nothing of it is left.
//!
//! The test program is its own misbehaving server and its own harness to be killed, so it has a `main` of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail, and its misbehaving servers write where servers write"
)]

#[path = "../support/alike.rs"]
mod alike;
mod faults;
mod harness;
mod itself;
mod misbehaviour;
#[path = "../support/runtime.rs"]
mod runtime;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
#[path = "../support/trials.rs"]
mod trials;
mod witness;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&arguments) {
        return ExitCode::from(code);
    }
    if arguments.get(1).is_some_and(|word| word == "serve") {
        return ExitCode::from(hydrotest::cli::main(arguments));
    }
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some(misbehaviour::MISBEHAVE) => {
            misbehaviour::misbehave(&words[2..]);
            ExitCode::SUCCESS
        }
        Some(survival::BE_KILLED) => survival::be_killed(&words[2]),
        _ => {
            let trials = trials::trials(&[faults::TRIALS, survival::TRIALS, itself::TRIALS]);
            libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
        }
    }
}
