//! The server on a node, run directly or in a container of Apptainer: its command, its variables, and the settings of
//! the container. Separates private variables from those that may stand in the script; runs nothing.

use std::ffi::OsString;
use std::path::Path;

use super::settings::JobSpec;
use crate::backend::container::{self, Container, ContainerFamily, Gpu};
use crate::backend::kind::LaunchSpec;
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::backend::{BackendError, machine};
use crate::config::TableReader;
use crate::wire::Secret;

/// Only the common placeholders.
const PLACEHOLDERS: Placeholders = Placeholders(&[]);

/// The settings of the table `apptainer`, as written or with all placeholders filled in.
#[derive(Debug, Clone)]
pub(super) struct JobContainer {
    pub(super) image: String,
    pub(super) tool: String,
    pub(super) family: ContainerFamily,
    pub(super) gpu: Option<Gpu>,
    pub(super) source: Option<String>,
    pub(super) model_directory: Option<String>,
    pub(super) binds: Vec<String>,
    pub(super) options: Vec<String>,
}

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

impl JobContainer {
    /// Reads the table and reports everything wrong with it.
    pub(super) fn read(reader: &mut TableReader<'_>) -> Option<Self> {
        let image = PLACEHOLDERS.text(reader.require("image"), "image");
        let families = [("apptainer", ContainerFamily::Apptainer), ("singularity", ContainerFamily::Singularity)];
        Some(Self {
            tool: reader.text("tool").unwrap_or_else(|| "apptainer".to_owned()),
            family: reader.choice("family", &families).unwrap_or(ContainerFamily::Apptainer),
            gpu: reader.choice("gpu", &[("none", Gpu::None), ("nvidia", Gpu::Nvidia), ("rocm", Gpu::Rocm)]),
            source: PLACEHOLDERS.text(reader, "source"),
            model_directory: PLACEHOLDERS.text(reader, "model_dir"),
            binds: PLACEHOLDERS.words(reader, "binds").unwrap_or_default().words,
            options: PLACEHOLDERS.words(reader, "options").unwrap_or_default().words,
            image: image?,
        })
    }

    /// The same with all placeholders filled in.
    pub(super) fn fill(&self, values: &PlaceholderValues) -> Result<Self, BackendError> {
        let path = |text: &Option<String>| text.as_deref().map(|text| values.fill(text)).transpose();
        Ok(Self {
            image: values.fill(&self.image)?,
            source: path(&self.source)?,
            model_directory: path(&self.model_directory)?,
            binds: values.fill_all(&self.binds)?,
            options: values.fill_all(&self.options)?,
            ..self.clone()
        })
    }

    /// Looks for the tool and the image on this machine. Only the nodes need them, and they may have more than this
    /// machine.
    pub(super) fn look_here(&self, shared: Option<&Path>) -> Vec<Requirement> {
        const ADVICE: &str = "only the nodes need it; see that they have it under the same path";
        let tool = machine::program("apptainer", &self.tool, None, None);
        let tool = match tool.status {
            RequirementStatus::Met => tool,
            _ => Requirement::doubtful(tool.subject, format!("{} here", tool.found), ADVICE),
        };
        let image = &self.image;
        let image = if Path::new(image).is_file() {
            Requirement::met("image", image)
        } else if shared.is_some_and(|shared| Path::new(image).starts_with(shared)) {
            let advice = "build it there, or correct `apptainer.image`";
            Requirement::unmet("image", format!("there is no {image} in the shared directory"), advice)
        } else {
            Requirement::doubtful("image", format!("there is no {image} here"), ADVICE)
        };
        vec![tool, image]
    }
}
