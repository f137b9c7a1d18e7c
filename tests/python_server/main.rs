//! A real Python on either end of the wire: its responses arrive with the right type, shape and bits, and it reads our
//! responses as its own classes.
//!
//! Needs a Python with fastapi, uvicorn, `NumPy` and biotite: the one named by `HYDROTEST_PYTHON`, else `python3`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/describe.rs"]
mod describe;
#[path = "../support/description.rs"]
mod description;
#[path = "../support/fixtures.rs"]
mod fixtures;
#[path = "../support/installed.rs"]
mod installed;
mod receives;
#[path = "../support/runtime.rs"]
mod runtime;
mod sends;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The interpreter to use.
fn python() -> String {
    std::env::var("HYDROTEST_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// A script in `tests/python`.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

/// Runs a test in a runtime of its own, with a time limit.
fn run(test: impl Future<Output = ()>) {
    runtime::run_within(Duration::from_secs(300), test);
}
