//! For anything that a server sends, the client returns a typed error in bounded time and memory.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bodies;
mod delays;
mod framing;
mod scripted;
