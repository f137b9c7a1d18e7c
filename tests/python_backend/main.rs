//! Python code as a backend: a small package with boileroom's interface predicts exactly the same as `reference`, every mistake
//! of hosted code is the right fault with nothing left, and every flaw of a life cycle is detected.
//!
//! Needs a Python with `NumPy` and biotite: the one named by `HYDROTEST_PYTHON`, else `python3`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its counts"
)]

mod doctor;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a platform cannot fail in every way")]
mod failing;
mod faults;
mod hosted;
#[path = "../support/installed.rs"]
mod installed;
mod package;
#[path = "../support/project.rs"]
mod project;
mod reported;
#[path = "../support/runtime.rs"]
mod runtime;
mod scenarios;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
#[path = "../support/until.rs"]
mod until;
#[path = "../support/whole.rs"]
mod whole;

/// The interpreter to use.
fn python() -> String {
    std::env::var("HYDROTEST_PYTHON").unwrap_or_else(|_| "python3".into())
}
