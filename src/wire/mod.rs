//! The model-server protocol: a signed envelope around a pickle that is read as data, never run.
//!
//! Everything that comes in is hostile until proven otherwise: every size is bounded by [`ResponseLimits`], every failure is a
//! typed error. Nothing here judges a prediction.

mod budget;
pub mod client;
pub mod envelope;
mod limits;
pub mod pickle;
mod proxy;
pub mod readable;
pub mod responses;
mod secret;
pub mod server;

pub(crate) use budget::Budget;
pub use limits::ResponseLimits;
pub(crate) use proxy::FaultProxy;
pub use proxy::WireFault;
pub use secret::Secret;
