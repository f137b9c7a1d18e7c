//! A real Slurm cluster: the server in a job predicts the same as `reference`, every failure of the platform is reported with
//! the right fault and message, and no job is left, however a run ends.
//!
//! Needs `HYDROTEST_SLURM`, as set by `.ci/engines/slurm`, for a cluster whose node is this machine, and `HYDROTEST_APPTAINER`
//! for containers in jobs. Most tests wait for the cluster and not for a processor: `--test-threads 6` is faster.

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
mod cluster;
mod contained;
mod disturbances;
mod doctor;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/everywhere.rs"]
mod everywhere;
#[path = "../support/failing.rs"]
mod failing;
mod faults;
#[path = "../support/foreign_server.rs"]
mod foreign_server;
mod harness;
#[path = "../support/installed.rs"]
mod installed;
mod itself;
#[path = "../support/project.rs"]
mod project;
mod queue;
mod reported;
#[path = "../support/runtime.rs"]
mod runtime;
#[path = "../support/signalled.rs"]
mod signalled;
mod spread;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
#[path = "../support/turns.rs"]
mod turns;
#[path = "../support/until.rs"]
mod until;
#[path = "../support/whole.rs"]
mod whole;
#[path = "../support/witness.rs"]
mod witness;
