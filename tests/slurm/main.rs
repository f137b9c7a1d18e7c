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
#[path = "../support/project.rs"]
mod project;
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

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// The variable that names the cluster.
const ENGINE: &str = "HYDROTEST_SLURM";
/// Tests that run side by side where nothing else is asked for.
const THREADS: usize = 6;

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
    // What takes long begins first, and what has the cluster to itself comes last, so that little else waits for it.
    let first = trials::trials(&[survival::TRIALS, itself::TRIALS]);
    let contained = trials::trials(&[contained::TRIALS]);
    let rest = trials::trials(&[
        faults::TRIALS,
        told::TRIALS,
        queue::TRIALS,
        doctor::TRIALS,
        disturbances::TRIALS,
    ]);
    let mut trials = engine::with_engines(&[ENGINE], first);
    trials.extend(engine::with_engines(&[ENGINE, "HYDROTEST_APPTAINER"], contained));
    trials.extend(engine::with_engines(&[ENGINE], rest));
    let mut arguments = Arguments::from_args();
    // Most of them wait for the cluster, not for a processor.
    arguments.test_threads.get_or_insert(THREADS);
    libtest_mimic::run(&arguments, trials).exit_code()
}
