//! The model-server protocol: a signed envelope around a pickle, which is read as data and never run. Does not judge predictions.
//!
//! Input is treated as hostile: [`ResponseLimits`] bounds every size, and every failure is a typed error.

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
