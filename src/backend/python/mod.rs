//! The kind `python`: hosts Python code in its own interpreter and calls it as boileroom does: a wrapper with any backend
//! selector, a class with the interface of boileroom's `Backend`, or a core class in the interpreter's own process.
//!
//! ```text
//! harness ──orders (JSON)──→ bridge ──→ wrapper | backend | core
//!    ↑                         │
//!    └─frames: JSON + pickle 5 ┘   (Unix socket in a directory of ours)
//!    ←──────── log ────────────── whatever is printed
//! ```
//!
//! The bridge (`bridge/`) is Python and part of this program. What it sends is read as data: nothing here runs a pickle.

mod bridge;
mod channel;
mod exception;
mod frame;
mod hosted;
mod hosting;
mod interpreter;
mod rehearsal;
mod settings;

use std::sync::Arc;

use super::kind::{Kind, Launch, Leaves, Override, Settings};
use super::{Backend, BackendError};
use crate::config::{BackendTable, Diagnostics};

use hosted::Hosted;
use settings::PythonSettings;

/// The row of this kind.
pub const KIND: Kind = Kind {
    name: "python",
    summary: "Python code in its own interpreter: a boileroom wrapper, a Backend class or a core class",
    overrides: &[Override::Tag, Override::Device, Override::Gpu],
    weights: None,
    calls_per_instance: 1,
    leaves: Leaves::Processes,
    template: r#"# The interpreter that has boileroom and your code: a program, or a program with arguments.
interpreter = ["python3"]
# Folders where your code is imported from.
# path = ["."]
# Either boileroom's wrapper of each model with this backend selector,
selector = "your_backend"
# or a class with the interface of boileroom's `Backend`, with the arguments of its constructor,
# backend_class = "your_package.backend:YourBackend"
# arguments = { core_class = "{model.core}", config = "{config}", device = "{device}" }
# or the model's core class in this interpreter's own process.
# core = true
# device = "cuda:0"
# start_timeout = "20m"
"#,
    configure,
};

fn configure(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let settings = PythonSettings::read(table, diagnostics)?;
    Some(Arc::new(Python(Arc::new(settings))))
}

struct Python(Arc<PythonSettings>);

impl Settings for Python {
    fn open(&self, launch: &Launch) -> Result<Box<dyn Backend>, BackendError> {
        let hosting = self.0.fill(launch)?;
        Ok(Box::new(Hosted::new(hosting, launch.mark.clone(), self.0.timeouts)))
    }
}
