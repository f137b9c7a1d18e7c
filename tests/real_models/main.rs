//! The released boileroom with its real server, cores and model code on random weights: its responses are recorded once and
//! must pass when they are compared again, through every kind of backend. Only known defects of boileroom may be reported.
//!
//! Needs `HYDROTEST_BOILEROOM`, a Python with boileroom 0.4.1, torch and transformers, and `HYDROTEST_BOILEROOM_MODELS`, a
//! directory of checkpoints (see `.ci/engines/boileroom`). The tests with containers also need `HYDROTEST_APPTAINER` and the
//! variables set by `.ci/engines/boileroom-image`: `HYDROTEST_BOILEROOM_IMAGE` and `HYDROTEST_BOILEROOM_BINDS`.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and prints the end of a run")]

mod contained;
#[path = "../support/engine.rs"]
mod engine;
mod rig;
#[path = "../support/turns.rs"]
#[expect(dead_code, reason = "these tests share no engine")]
mod turns;
mod ways;

/// The interpreter that has boileroom.
const PYTHON: &str = "HYDROTEST_BOILEROOM";
/// The checkpoints.
const MODELS: &str = "HYDROTEST_BOILEROOM_MODELS";
/// The program that runs containers.
const APPTAINER: &str = "HYDROTEST_APPTAINER";
/// An image around the interpreter.
const IMAGE: &str = "HYDROTEST_BOILEROOM_IMAGE";
/// The binds of that image.
const BINDS: &str = "HYDROTEST_BOILEROOM_BINDS";
