//! Modal through its own client: the whole path from the harness to a model in Modal's own container runtime and back, and
//! what goes wrong on it. The service is a stand-in on loopback (`tests/python/modal_standin`); `docs/modal.md` says what
//! that leaves unproven.
//!
//! Needs a Python with `modal`, `NumPy` and biotite, which `HYDROTEST_MODAL` names.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may fail, and says what it lacks"
)]

#[path = "../support/apart.rs"]
mod apart;
mod cloud;
#[path = "../support/engine.rs"]
mod engine;
mod leaving;
mod project;
mod refusals;
#[path = "../support/timeless.rs"]
mod timeless;
#[path = "../support/trials.rs"]
mod trials;
mod whole;

use std::process::ExitCode;

use libtest_mimic::Arguments;

const VARIABLE: &str = "HYDROTEST_MODAL";
/// The service is on loopback.
const PROXIES: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&arguments) {
        return ExitCode::from(code);
    }
    if !apart::is_apart() {
        return apart::again(PROXIES, |_, _| {});
    }
    let trials = trials::trials(&[whole::TRIALS, refusals::TRIALS, leaving::TRIALS]);
    let trials = engine::with_engines(&[VARIABLE], trials);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The interpreter that has Modal's client.
fn python() -> String {
    engine::engine(VARIABLE).unwrap_or_default()
}
