//! The kind `apptainer` on a real Apptainer: models in a container predict the same as in this process, every failure of a pull
//! or a container is reported with its cause, and the system shows that nothing is left.
//!
//! Needs `HYDROTEST_APPTAINER` and `HYDROTEST_REGISTRY` (see `.ci/engines`).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its counts"
)]

#[path = "../support/alike.rs"]
mod alike;
mod endings;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/everywhere.rs"]
mod everywhere;
#[path = "../support/failing.rs"]
mod failing;
mod foreign;
mod harness;
#[path = "../support/image.rs"]
mod image;
mod images;
#[path = "../support/installed.rs"]
mod installed;
#[path = "../support/project.rs"]
mod project;
mod pulls;
mod reported;
#[path = "../support/runtime.rs"]
mod runtime;
mod same;
#[path = "../support/signalled.rs"]
mod signalled;
mod signals;
#[path = "../support/timeless.rs"]
mod timeless;
mod traces;
#[path = "../support/until.rs"]
mod until;
#[path = "../support/whole.rs"]
mod whole;
