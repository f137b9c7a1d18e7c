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
#[path = "../support/apart.rs"]
mod apart;
#[path = "../support/clean.rs"]
mod clean;
mod cluster;
mod contained;
mod disturbances;
mod doctor;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/failing.rs"]
mod failing;
mod faults;
mod harness;
mod itself;
#[path = "../process_faults/misbehaviour.rs"]
mod misbehaviour;
mod queue;
#[path = "../support/runtime.rs"]
mod runtime;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
#[path = "../support/trials.rs"]
mod trials;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../process_faults/witness.rs"]
#[expect(dead_code, reason = "no harness of this test program is there to be killed")]
mod witness;
#[path = "../support/world.rs"]
mod world;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// The variable that names the cluster.
const ENGINE: &str = "HYDROTEST_SLURM";

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
        _ if !apart::is_apart() => apart::again(&[], |_, _| {}),
        _ => test(),
    }
}

fn test() -> ExitCode {
    let all = trials::trials(&[
        itself::TRIALS,
        told::TRIALS,
        faults::TRIALS,
        queue::TRIALS,
        disturbances::TRIALS,
        doctor::TRIALS,
        survival::TRIALS,
    ]);
    let mut trials = engine::with_engines(&[ENGINE], all);
    let contained = trials::trials(&[contained::TRIALS]);
    trials.extend(engine::with_engines(&[ENGINE, "HYDROTEST_APPTAINER"], contained));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
