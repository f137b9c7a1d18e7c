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
#[path = "../support/apart.rs"]
mod apart;
mod endings;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/failing.rs"]
mod failing;
mod foreign;
mod harness;
#[path = "../support/image.rs"]
mod image;
mod images;
#[path = "../support/project.rs"]
mod project;
mod pulls;
#[path = "../support/runtime.rs"]
mod runtime;
mod same;
mod signals;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
mod traces;
#[path = "../support/trials.rs"]
mod trials;
#[path = "../support/whole.rs"]
mod whole;

use std::process::ExitCode;

use libtest_mimic::Arguments;

/// Variables of the user's that say how Apptainer works and what is asked of it.
const OF_THE_USER: &[&str] = &[
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
];

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&words) {
        return ExitCode::from(code);
    }
    if !apart::is_apart() {
        return apart::again(OF_THE_USER, |_, _| {});
    }
    let trials = trials::trials(&[
        same::TRIALS,
        images::TRIALS,
        pulls::TRIALS,
        told::TRIALS,
        endings::TRIALS,
        signals::TRIALS,
    ]);
    let is_root = rustix::process::geteuid().is_root();
    let trials = trials.into_iter().map(|trial| {
        let is_for_root = trial.name() == pulls::FULL;
        trial.with_ignored_flag(is_for_root && !is_root)
    });
    let trials = engine::with_engines(&["HYDROTEST_APPTAINER", "HYDROTEST_REGISTRY"], trials.collect());
    let mut arguments = Arguments::from_args();
    // Two processors are enough for two containers, and no test waits for long.
    arguments.test_threads.get_or_insert(2);
    libtest_mimic::run(&arguments, trials).exit_code()
}
