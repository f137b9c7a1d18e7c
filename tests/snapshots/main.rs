//! Recorded results: a response is recorded, matches, and fails with numbers if any digit changes; review, acceptance and
//! pruning keep snapshots and arrays consistent; damaged files are errors that name the file.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper of a test fails by panicking")]

mod compare;
mod damage;
mod place;
mod record;
mod review;
