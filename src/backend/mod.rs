//! Backends: platforms that run models. One trait, one life cycle for all kinds, one table of kinds.
//!
//! A kind says how its platform starts a model, calls it and stops it; [`Instance`] adds the guarantees that every kind
//! shares; [`registry`] knows the kinds. Nothing here prints or judges a prediction.

mod apptainer;
mod container;
mod device;
mod docker;
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
mod traceback;
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

/// Something that is waited for and cannot fail.
pub type Watch<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One model on one platform, as a kind implements it. [`Instance`] calls these; a kind need not be idempotent.
///
/// Work may be dropped half-way (a deadline, Ctrl-C): after that, `shutdown` must still find everything there is to stop.
pub trait Backend: Send + Sync {
    /// Starts the model and returns once it can be called. After an error, `shutdown` is called.
    fn startup(&mut self) -> Work<'_, ()>;

    /// Stops whatever is there, also after a `startup` that failed or was dropped. Bounded in time.
    fn shutdown(&mut self) -> Work<'_, ()>;

    /// Answers one call. Several may be under way at once.
    fn predict<'a>(&'a self, request: &'a Request) -> Work<'a, Prediction>;

    /// Starts a program that hosts the objects which this kind wraps, where they have a life cycle of their own. `None` where
    /// [`Instance`] gives all guarantees there are.
    fn objects(&self) -> Option<Work<'_, Box<dyn ObjectHost>>> {
        None
    }

    /// A client of the server that answers its calls, with the bounds of a request; `None` where there is no server, or none yet.
    fn client(&self, request: &Request) -> Option<ModelClient> {
        let _ = request;
        None
    }

    /// The last lines that the platform logged, oldest first; empty where there is no log.
    fn log_tail(&self) -> Vec<String> {
        Vec::new()
    }
}
