//! What recorded results promise: a response is recorded, matches, and fails with numbers when a digit changes anywhere;
//! review, acceptance and pruning keep snapshots and arrays together; damaged files are errors with a name.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails by panicking")]

mod compare;
mod damage;
mod place;
mod record;
mod review;
