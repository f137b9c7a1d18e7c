//! Modal through its own client: the whole path from the harness to a model in Modal's own container runtime and back, and its
//! failures. The service is a stand-in on loopback (`tests/python/modal_standin`); `docs/modal.md` lists what this does not
//! prove.
//!
//! Needs a Python with `modal`, `NumPy` and biotite, named by `HYDROTEST_MODAL`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloud;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/installed.rs"]
mod installed;
mod leaving;
mod project;
mod refusals;
#[path = "../support/timeless.rs"]
mod timeless;
mod whole;

/// The interpreter that has Modal's client.
fn python() -> String {
    engine::engine("HYDROTEST_MODAL")
}
