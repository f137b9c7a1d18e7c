//! A real Slurm cluster: the server in a job predicts what `reference` does, every failure of the platform has its fault and
//! its words, and nothing is left of a job, whoever ends.
//!
//! Needs `HYDROTEST_SLURM`, as `.ci/engines/slurm` sets it, for a cluster whose node is this machine, and for containers in
//! jobs `HYDROTEST_APPTAINER`. The test program is its
//! own misbehaving server, so it has a `main` of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test may fail, and its misbehaving servers write where servers write"
)]

#[path = "../support/alike.rs"]
mod alike;
mod cluster;
mod contained;
mod disturbances;
mod doctor;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a platform cannot fail in every way")]
mod failing;
mod faults;
mod harness;
mod itself;
#[path = "../process_faults/misbehaviour.rs"]
mod misbehaviour;
mod queue;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../process_faults/witness.rs"]
#[expect(dead_code, reason = "no harness of this test program is there to be killed")]
mod witness;
#[path = "../support/world.rs"]
mod world;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

/// The variable that names the cluster.
const ENGINE: &str = "HYDROTEST_SLURM";
/// The variable that moves the harness's state: what these tests kill is for these tests to clear up.
const STATE: &str = "HYDROTEST_STATE_DIR";
/// Says that this process has its state where it belongs.
const MOVED: &str = "HYDROTEST_TEST_STATE_MOVED";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&arguments) {
        return ExitCode::from(code);
    }
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("serve") => ExitCode::from(hydrotest::cli::main(arguments)),
        Some(misbehaviour::MISBEHAVE) => {
            misbehaviour::misbehave(&words[2..]);
            ExitCode::SUCCESS
        }
        _ if std::env::var_os(MOVED).is_none() => elsewhere(&words[1..]),
        _ => test(),
    }
}

/// Runs the tests in a process whose state lies in a directory of its own.
fn elsewhere(arguments: &[String]) -> ExitCode {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let ended = command
        .args(arguments)
        .env(STATE, state.path())
        .env(MOVED, "yes")
        .status();
    let code = ended.unwrap().code().unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn test() -> ExitCode {
    let all = [
        itself::TRIALS,
        told::TRIALS,
        faults::TRIALS,
        queue::TRIALS,
        disturbances::TRIALS,
        doctor::TRIALS,
        survival::TRIALS,
    ];
    let mut trials = engine::with_engines(&[ENGINE], all.into_iter().flat_map(trials_of).collect());
    let contained = trials_of(contained::TRIALS);
    trials.extend(engine::with_engines(
        &[ENGINE, "HYDROTEST_APPTAINER"],
        contained.collect(),
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trials_of(trials: &'static [(&'static str, fn())]) -> impl Iterator<Item = Trial> {
    trials.iter().map(|(name, run)| {
        Trial::test(*name, move || {
            run();
            Ok::<(), Failed>(())
        })
    })
}
