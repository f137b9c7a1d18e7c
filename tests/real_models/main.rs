//! The released boileroom, with its real server, cores and model code on random weights: what it answers is recorded once and must be
//! green when it is compared again, whatever way leads to it. Only what boileroom itself is known to do wrong may be told, as such.
//!
//! Needs `HYDROTEST_BOILEROOM`, a Python with boileroom 0.4.1, torch and transformers, and `HYDROTEST_BOILEROOM_MODELS`, a directory of
//! checkpoints (see `.ci/engines/boileroom`). The ways through containers need `HYDROTEST_APPTAINER` as well, and what
//! `.ci/engines/boileroom-image` names: `HYDROTEST_BOILEROOM_IMAGE` and `HYDROTEST_BOILEROOM_BINDS`.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking, and shows the end of a run")]

mod contained;
#[path = "../support/engine.rs"]
mod engine;
mod rig;
#[path = "../support/turns.rs"]
#[expect(dead_code, reason = "nothing is shared here")]
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
/// What is bound into it.
const BINDS: &str = "HYDROTEST_BOILEROOM_BINDS";
