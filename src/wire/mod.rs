//! The model-server protocol: a signed envelope around a pickle that is read as data, never run.
//!
//! Everything that comes in is hostile until proven otherwise. Nothing here judges a prediction.

pub mod client;
mod secret;
pub mod server;
mod standin;

pub use secret::Secret;
