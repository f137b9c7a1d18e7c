//! The released boileroom, with its real server, cores and model code on random weights: what it answers is recorded once and must be
//! green when it is compared again, whatever way leads to it. Only what boileroom itself is known to do wrong may be told, as such.
//!
//! Needs `HYDROTEST_BOILEROOM`, a Python with boileroom 0.4.1, torch and transformers, and `HYDROTEST_BOILEROOM_MODELS`, a directory of
//! checkpoints (see `.ci/engines/boileroom`). The ways through containers need `HYDROTEST_APPTAINER` as well, and what
//! `.ci/engines/boileroom-image` names: `HYDROTEST_BOILEROOM_IMAGE` and `HYDROTEST_BOILEROOM_BINDS`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it lacks"
)]

#[path = "../support/apart.rs"]
mod apart;
mod contained;
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
/// The program that runs containers, an image around the interpreter, and what is bound into it.
const CONTAINERS: [&str; 3] = [APPTAINER, IMAGE, BINDS];
const APPTAINER: &str = "HYDROTEST_APPTAINER";
const IMAGE: &str = "HYDROTEST_BOILEROOM_IMAGE";
const BINDS: &str = "HYDROTEST_BOILEROOM_BINDS";
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
    let mut trials = engine::with_engines(&[PYTHON, MODELS], trials::trials(&[ways::TRIALS]));
    let engines = [&[PYTHON, MODELS], &CONTAINERS[..]].concat();
    trials.extend(engine::with_engines(&engines, trials::trials(&[contained::TRIALS])));
    let arguments = Arguments {
        // Two cores are not enough for two of these models.
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}
