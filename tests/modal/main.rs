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

mod cloud;
#[path = "../support/engine.rs"]
mod engine;
mod leaving;
mod refusals;
#[path = "../support/timeless.rs"]
mod timeless;
mod whole;
mod world;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

const VARIABLE: &str = "HYDROTEST_MODAL";
/// Set for the tests themselves, which have a state directory of their own.
const INSIDE: &str = "HYDROTEST_MODAL_TESTS";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&arguments) {
        return ExitCode::from(code);
    }
    if std::env::var_os(INSIDE).is_none() {
        return inside(&arguments[1..]);
    }
    let tables = [whole::TRIALS, refusals::TRIALS, leaving::TRIALS];
    let trials = tables.into_iter().flatten().map(|(name, run)| {
        let run = *run;
        Trial::test(*name, move || {
            run();
            Ok::<(), Failed>(())
        })
    });
    let trials = engine::with_engines(&[VARIABLE], trials.collect());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Runs the tests with a state directory of their own and without the proxies of this machine.
fn inside(arguments: &[OsString]) -> ExitCode {
    let state = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments);
    for proxy in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ] {
        command.env_remove(proxy);
    }
    let status = command
        .env(INSIDE, "1")
        .env("HYDROTEST_STATE_DIR", state.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status()
        .unwrap();
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// The interpreter that has Modal's client.
fn python() -> String {
    engine::engine(VARIABLE).unwrap_or_default()
}
