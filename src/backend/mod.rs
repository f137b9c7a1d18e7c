//! Backends: platforms that run models. There is one trait, one life cycle and one table for all kinds.
//!
//! A kind implements how its platform starts, calls and stops a model. [`Instance`] adds the guarantees that all kinds share, and
//! [`registry`] lists the kinds. Nothing here prints, or judges a prediction.

mod apptainer;
mod container;
mod device;
mod docker;
#[cfg(test)]
mod dropped;
mod error;
mod exposure;
pub(crate) mod facts;
mod http;
pub(crate) mod image;
pub mod installation;
mod instance;
pub mod kind;
pub(crate) mod launcher;
pub(crate) mod local;
pub(crate) mod machine;
mod placeholders;
mod private;
mod process;
mod python;
pub(crate) mod recorder;
mod reference;
pub mod registry;
pub(crate) mod remark;
mod replay;
pub mod requirement;
pub mod resources;
mod scenario;
pub(crate) mod served;
pub mod server_platform;
pub mod skip;
mod slurm;
pub(crate) mod start_progress;
pub(crate) mod supervise;
pub(crate) mod time_limit;
pub(crate) mod withheld;

use std::pin::Pin;

use crate::prediction::{Prediction, Request};
use crate::wire::client::ModelClient;

pub use error::{BackendError, Fault, Responsible, Stage};
pub(crate) use installation::state_directory;
pub use instance::Instance;
pub(crate) use scenario::MANY;
pub use scenario::{ExitedProgram, MustGive, ObjectAct, ObjectHost, ObjectState, ProgramExit, Scenario, ScenarioStep};

/// Work in progress on a backend.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

/// A future that cannot fail.
pub type Watch<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One model on one platform, as a kind implements it. [`Instance`] calls these methods. They need not be idempotent.
///
/// Futures may be dropped half-way, by a deadline or Ctrl-C. `shutdown` must still stop everything afterwards.
pub trait Backend: Send + Sync {
    /// Starts the model and returns once it can be called. After an error, `shutdown` is called.
    fn startup(&mut self) -> Work<'_, ()>;

    /// Stops everything, also after a `startup` that failed or was dropped. Bounded in time.
    fn shutdown(&mut self) -> Work<'_, ()>;

    /// Answers one call. Several calls may run at once.
    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction>;

    /// Starts a program that hosts the objects of this kind, if they have a life cycle of their own. Returns `None` if [`Instance`]
    /// gives all the guarantees.
    fn objects(&self) -> Option<Work<'_, Box<dyn ObjectHost>>> {
        None
    }

    /// A client of its server, with the limits of a request. Returns `None` if there is no server, or none yet.
    fn client(&self, _request: &Request) -> Option<ModelClient> {
        None
    }

    /// The last lines of the platform's log, oldest first; empty if there is no log.
    fn log_tail(&self) -> Vec<String> {
        Vec::new()
    }
}
