//! The kind `apptainer` on a real Apptainer: the models in a container answer as they do in this process, every failure of a
//! pull or of a container is told with its cause, and nothing is left of either, as the system itself says.
//!
//! Needs `HYDROTEST_APPTAINER` and `HYDROTEST_REGISTRY` (see `.ci/engines`).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says which engine is missing"
)]

#[path = "../support/alike.rs"]
mod alike;
mod endings;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a platform cannot fail in every way")]
mod failing;
mod foreign;
mod harness;
#[path = "../support/image.rs"]
mod image;
mod images;
mod pulls;
mod same;
mod signals;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
mod traces;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/world.rs"]
mod world;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&words) {
        return ExitCode::from(code);
    }
    // A state directory of its own, and nothing of the user's: this process again, with the variables changed.
    if std::env::var_os("HYDROTEST_STATE_DIR").is_none() {
        return again(&words);
    }
    let trials = same::TRIALS
        .iter()
        .chain(images::TRIALS)
        .chain(pulls::TRIALS)
        .chain(told::TRIALS)
        .chain(endings::TRIALS)
        .chain(signals::TRIALS);
    let trials = trials.map(|(name, run)| {
        let run = *run;
        let trial = Trial::test(*name, move || {
            run();
            Ok::<(), Failed>(())
        });
        trial.with_ignored_flag(*name == pulls::FULL && !rustix::process::geteuid().is_root())
    });
    let trials = engine::with_engines(&["HYDROTEST_APPTAINER", "HYDROTEST_REGISTRY"], trials.collect());
    let mut arguments = Arguments::from_args();
    // Two processors are enough for two containers, and no test waits for long.
    arguments.test_threads.get_or_insert(2);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn again(words: &[std::ffi::OsString]) -> ExitCode {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env("HYDROTEST_STATE_DIR", home.path().join("state"));
    for variable in [
        "APPTAINER_TMPDIR",
        "BOILEROOM_IMAGE_TAG",
        "BOILEROOM_DOCKER_REPOSITORY",
        "MODEL_DIR",
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env_remove(variable);
    }
    let status = command.status().unwrap();
    status
        .code()
        .map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8))
}
