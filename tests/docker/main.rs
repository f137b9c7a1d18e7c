//! The kind `docker` on real engines: models in a container predict the same as in this process, every failure of an engine or
//! a container is reported with its cause, and the engine itself shows that nothing is left.
//!
//! Needs `HYDROTEST_DOCKER` and `HYDROTEST_REGISTRY` (see `.ci/engines`); tests on Podman `HYDROTEST_PODMAN`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its counts"
)]

#[path = "../support/alike.rs"]
mod alike;
#[path = "../support/clean.rs"]
mod clean;
mod containers;
mod endings;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/everywhere.rs"]
mod everywhere;
#[path = "../support/executable.rs"]
mod executable;
#[path = "../support/failing.rs"]
mod failing;
mod gone;
mod harness;
#[path = "../support/image.rs"]
mod image;
mod images;
#[path = "../support/installed.rs"]
mod installed;
#[path = "../support/project.rs"]
mod project;
mod reported;
#[path = "../support/runtime.rs"]
mod runtime;
mod same;
#[path = "../support/signalled.rs"]
mod signalled;
mod signals;
#[path = "../support/timeless.rs"]
mod timeless;
#[path = "../support/turns.rs"]
#[expect(dead_code, reason = "these tests share no engine")]
mod turns;
#[path = "../support/until.rs"]
mod until;
#[path = "../support/whole.rs"]
mod whole;
