//! The kind `docker` on real engines: the models in a container answer as they do in this process, every failure of an engine
//! or of a container is told with its cause, and nothing is left on the engine, which is asked itself.
//!
//! Needs `HYDROTEST_DOCKER` and `HYDROTEST_REGISTRY` (see `.ci/engines`); some tests also `HYDROTEST_PODMAN`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says when it is ignored"
)]

#[path = "../support/alike.rs"]
mod alike;
mod containers;
mod endings;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a platform cannot fail in every way")]
mod failing;
mod gone;
mod harness;
#[path = "../support/image.rs"]
mod image;
mod images;
mod same;
mod signals;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/world.rs"]
mod world;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

use harness::Platform;

const DOCKER: [&str; 2] = ["HYDROTEST_DOCKER", "HYDROTEST_REGISTRY"];
const PODMAN: [&str; 2] = ["HYDROTEST_PODMAN", "HYDROTEST_REGISTRY"];

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&words) {
        return ExitCode::from(code);
    }
    // A state directory of its own, and nothing of the user's: this process again, with the variables changed.
    if std::env::var_os("HYDROTEST_STATE_DIR").is_none() {
        return again(&words);
    }
    let mut trials = Vec::new();
    for (variables, engine) in [(DOCKER, Platform::Docker), (PODMAN, Platform::Podman)] {
        let all = same::TRIALS
            .iter()
            .chain(told::TRIALS)
            .chain(endings::TRIALS)
            .chain(signals::TRIALS)
            .chain(images::TRIALS)
            .chain(gone::TRIALS);
        let some = all.filter(|trial| trial.on.contains(&engine));
        let some = some.map(|trial| {
            let run = trial.run;
            Trial::test(format!("{engine:?}::{}", trial.name).to_lowercase(), move || {
                containers::none_left(engine, "before the test");
                run(engine);
                containers::none_left(engine, "after the test");
                Ok::<(), Failed>(())
            })
        });
        trials.extend(engine::with_engines(&variables, some.collect()));
    }
    let mut arguments = Arguments::from_args();
    // What is left on an engine is counted after each test, so that they have it to themselves.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn again(words: &[std::ffi::OsString]) -> ExitCode {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .env("HYDROTEST_STATE_DIR", home.path().join("state"));
    command.env("DOCKER_CONFIG", home.path().join("docker"));
    for variable in [
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_TLS_VERIFY",
        "BOILEROOM_IMAGE_TAG",
        "BOILEROOM_DOCKER_REPOSITORY",
        "BOILEROOM_SOURCE",
        "MODEL_DIR",
    ] {
        command.env_remove(variable);
    }
    let status = command.status().unwrap();
    status
        .code()
        .map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8))
}
