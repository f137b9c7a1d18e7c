//! For any behaviour of a model server's process, the right fault is reported with the log's last lines, and nothing is left.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../support/alike.rs"]
mod alike;
#[path = "../support/everywhere.rs"]
mod everywhere;
#[path = "../support/failing.rs"]
#[expect(dead_code, reason = "a process cannot fail in every way")]
mod failing;
mod faults;
#[path = "../support/foreign_server.rs"]
mod foreign_server;
mod harness;
#[path = "../support/installed.rs"]
mod installed;
mod itself;
#[path = "../support/project.rs"]
#[expect(dead_code, reason = "the expected output is in rows")]
mod project;
mod reported;
#[path = "../support/runtime.rs"]
mod runtime;
mod survival;
#[path = "../support/timeless.rs"]
mod timeless;
#[path = "../support/until.rs"]
mod until;
#[path = "../support/witness.rs"]
mod witness;
