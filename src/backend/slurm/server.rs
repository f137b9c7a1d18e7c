//! The server on a node, run directly or in a container of Apptainer: its command and its variables. Separates
//! private variables from those that may stand in the script; runs nothing.

use std::ffi::OsString;
use std::path::Path;

use super::settings::JobSpec;
use crate::backend::BackendError;
use crate::backend::container::{self, Container, Gpu};
use crate::backend::kind::LaunchSpec;
use crate::wire::Secret;

/// A server as the script runs it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) command: Vec<String>,
    /// Variables that may stand in the script; `None` removes one.
    pub(super) public: Vec<(String, Option<String>)>,
    /// Variables that only the owner of the job may read, including the secret.
    pub(super) private: Vec<(String, String)>,
}

impl Server {
    /// The server of a launch.
    ///
    /// # Errors
    /// If a directory cannot be bound into the container.
    pub(super) fn new(filled: &JobSpec, launch: &LaunchSpec, secret: &Secret) -> Result<Self, BackendError> {
        let Some(settings) = &filled.container else {
            let own = launch.variables(secret).into_iter().filter(|(name, _)| *name != Secret::VARIABLE);
            let mut private = filled.environment.clone();
            private.push((Secret::VARIABLE.to_owned(), secret.expose().to_owned()));
            return Ok(Self {
                command: filled.command.clone(),
                public: own.map(|(name, value)| (name.to_owned(), value)).collect(),
                private,
            });
        };
        let container = Container {
            tool: &settings.tool,
            family: settings.family,
            gpu: settings.gpu.unwrap_or_else(|| launch.overrides.device.as_deref().map_or(Gpu::None, Gpu::of)),
            sif: Path::new(&settings.image),
            source: settings.source.as_deref().map(Path::new),
            model_directory: settings.model_directory.as_deref().map(Path::new),
            binds: &settings.binds,
            options: &settings.options,
            command: &filled.command,
            environment: &filled.environment,
        };
        let program = container::program(&container, launch, secret)?;
        let text = |word: OsString| word.to_string_lossy().into_owned();
        let inner = |name: &str| text(settings.family.inner_variable(name));
        let own = launch.variables(secret).map(|(name, _)| inner(name));
        let hidden: Vec<String> = filled.environment.iter().map(|(name, _)| inner(name)).collect();
        let mut public: Vec<(String, Option<String>)> = Vec::new();
        let mut private: Vec<(String, String)> = Vec::new();
        for (name, value) in program.environment {
            let (name, value) = (text(name), value.map(text));
            // Of several values for one name the last counts.
            public.retain(|(earlier, _)| *earlier != name);
            private.retain(|(earlier, _)| *earlier != name);
            let is_private = name == inner(Secret::VARIABLE) || (hidden.contains(&name) && !own.contains(&name));
            match value {
                Some(value) if is_private => private.push((name, value)),
                value => public.push((name, value)),
            }
        }
        Ok(Self { command: program.command.into_iter().map(text).collect(), public, private })
    }
}
