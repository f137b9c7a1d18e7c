//! The released boileroom, with its real server, cores and model code on random weights: what it answers is recorded once and must be
//! green when it is compared again, whatever way leads to it. Only what boileroom itself is known to do wrong may be told, as such.
//!
//! Needs `HYDROTEST_BOILEROOM`, a Python with boileroom 0.4.1, torch and transformers, and `HYDROTEST_BOILEROOM_MODELS`, a directory of
//! checkpoints (see `.ci/engines/boileroom`).

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it lacks"
)]

#[path = "../support/apart.rs"]
mod apart;
#[path = "../support/engine.rs"]
mod engine;
mod rig;
#[path = "../support/trials.rs"]
mod trials;
mod ways;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// The interpreter that has boileroom.
const PYTHON: &str = "HYDROTEST_BOILEROOM";
/// The checkpoints.
const MODELS: &str = "HYDROTEST_BOILEROOM_MODELS";
/// All servers are on loopback.
const PROXIES: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

fn main() -> ExitCode {
    if !apart::is_apart() {
        return apart::again(PROXIES, |_, _| {});
    }
    let trials = engine::with_engines(&[PYTHON, MODELS], trials::trials(&[ways::TRIALS]));
    let arguments = Arguments {
        // Two cores are not enough for two of these models.
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
