//! The kind `docker` on real engines: the models in a container answer as they do in this process, every failure of an engine
//! or of a container is told with its cause, and nothing is left on the engine, which is asked itself.
//!
//! Needs `HYDROTEST_DOCKER` and `HYDROTEST_REGISTRY` (see `.ci/engines`); some tests also `HYDROTEST_PODMAN`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says when it is ignored"
)]

#[path = "../support/alike.rs"]
mod alike;
#[path = "../support/apart.rs"]
mod apart;
#[path = "../support/clean.rs"]
mod clean;
mod containers;
mod endings;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/failing.rs"]
mod failing;
mod gone;
mod harness;
#[path = "../support/image.rs"]
mod image;
mod images;
#[path = "../support/project.rs"]
mod project;
#[path = "../support/runtime.rs"]
mod runtime;
mod same;
mod signals;
#[path = "../support/timeless.rs"]
mod timeless;
mod told;
#[path = "../support/whole.rs"]
mod whole;

use std::fs::File;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use harness::Platform;

const DOCKER: [&str; 2] = ["HYDROTEST_DOCKER", "HYDROTEST_REGISTRY"];
const PODMAN: [&str; 2] = ["HYDROTEST_PODMAN", "HYDROTEST_REGISTRY"];
/// Says in the environment of a process which engine's tests it has.
const ONLY: &str = "HYDROTEST_TESTS_ENGINE";
/// Variables of the user's that say which engine and which images are used.
const OF_THE_USER: &[&str] = &[
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "BOILEROOM_IMAGE_TAG",
    "BOILEROOM_DOCKER_REPOSITORY",
    "BOILEROOM_SOURCE",
    "MODEL_DIR",
];

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hydrotest::backend::supervise::run_if_asked(&words) {
        return ExitCode::from(code);
    }
    if !apart::is_apart() {
        return both_engines();
    }
    let mut trials = Vec::new();
    let only = std::env::var(ONLY).unwrap_or_default();
    let engines = [(DOCKER, Platform::Docker), (PODMAN, Platform::Podman)];
    for (variables, engine) in engines.into_iter().filter(|(_, engine)| format!("{engine:?}") == only) {
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

/// The tests of each engine in a process of their own, both at once: they share nothing, and mostly wait. What the second one says
/// is shown at its end.
fn both_engines() -> ExitCode {
    let told = tempfile::NamedTempFile::new().unwrap();
    let run = |engine: Platform, redirect: bool| {
        apart::again(OF_THE_USER, |command, home| {
            command
                .env("DOCKER_CONFIG", home.join("docker"))
                .env(ONLY, format!("{engine:?}"));
            if redirect {
                let file = || File::options().append(true).open(told.path()).unwrap();
                command.stdout(file()).stderr(file());
            }
        })
    };
    let codes = std::thread::scope(|scope| {
        let podman = scope.spawn(|| run(Platform::Podman, true));
        [run(Platform::Docker, false), podman.join().unwrap()]
    });
    print!("{}", std::fs::read_to_string(told.path()).unwrap());
    let [docker, podman] = codes;
    if docker == ExitCode::SUCCESS { podman } else { docker }
}
