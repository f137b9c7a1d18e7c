//! Whatever a server sends, the client answers with a typed error, in bounded time and memory.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bodies;
mod delays;
mod framing;
mod scripted;
