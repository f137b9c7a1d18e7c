//! What a node runs, and with which variables: the command as it is, or in a container of Apptainer from an image that the
//! node has. Tells the variables that nobody else may read from those that may stand in the script.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::settings::Filled;
use crate::backend::container::{self, Container, Family, Gpu};
use crate::backend::examination::{State, Symptom};
use crate::backend::launcher::Job;
use crate::backend::placeholders::{Known, Values};
use crate::backend::{BackendError, machine};
use crate::config::Reader;
use crate::wire::Secret;

/// What paths of a container may refer to: what all kinds know.
const PLACEHOLDERS: Known = Known(&[]);

/// The settings of the table `apptainer`.
#[derive(Debug)]
pub(super) struct ContainerSettings {
    image: String,
    tool: String,
    family: Family,
    gpu: Option<Gpu>,
    source: Option<String>,
    model_directory: Option<String>,
    binds: Vec<String>,
    options: Vec<String>,
}

/// The same with all placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FilledContainer {
    image: PathBuf,
    tool: String,
    family: Family,
    gpu: Option<Gpu>,
    source: Option<PathBuf>,
    model_directory: Option<PathBuf>,
    binds: Vec<String>,
    options: Vec<String>,
}

/// A server as the script runs it.
#[derive(Debug)]
pub(super) struct Server {
    /// The command.
    pub(super) command: Vec<String>,
    /// Variables that may stand in the script; `None` takes one away.
    pub(super) public: Vec<(String, Option<String>)>,
    /// Variables that only the owner of the job may read, the secret among them.
    pub(super) private: Vec<(String, String)>,
}

impl ContainerSettings {
    /// Reads the table and reports everything wrong with it.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let image = PLACEHOLDERS.text(reader.require("image"), "image");
        let tool = reader.text("tool").unwrap_or_else(|| "apptainer".to_owned());
        let gpus = [("none", Gpu::None), ("nvidia", Gpu::Nvidia), ("rocm", Gpu::Rocm)];
        let families = [("apptainer", Family::Apptainer), ("singularity", Family::Singularity)];
        let words =
            |words: Option<crate::backend::placeholders::Words>| words.map_or_else(Vec::new, |words| words.words);
        Some(Self {
            family: reader.choice("family", &families).unwrap_or(Family::Apptainer),
            gpu: reader.choice("gpu", &gpus),
            source: PLACEHOLDERS.text(reader, "source"),
            model_directory: PLACEHOLDERS.text(reader, "model_dir"),
            binds: words(PLACEHOLDERS.words(reader, "binds")),
            options: words(PLACEHOLDERS.words(reader, "options")),
            tool,
            image: image?,
        })
    }

    pub(super) fn fill(&self, values: &Values) -> Result<FilledContainer, BackendError> {
        let path = |text: &Option<String>| -> Result<Option<PathBuf>, BackendError> {
            Ok(text
                .as_deref()
                .map(|text| values.fill(text))
                .transpose()?
                .map(PathBuf::from))
        };
        Ok(FilledContainer {
            image: values.fill(&self.image)?.into(),
            tool: self.tool.clone(),
            family: self.family,
            gpu: self.gpu,
            source: path(&self.source)?,
            model_directory: path(&self.model_directory)?,
            binds: values.fill_all(&self.binds)?,
            options: values.fill_all(&self.options)?,
        })
    }
}

impl FilledContainer {
    /// What of it is not on this machine. It is the nodes that need it, and they may have more than this one.
    pub(super) fn look_here(&self, shared: Option<&Path>) -> Vec<Symptom> {
        const ADVICE: &str = "only the nodes need it; see that they have it under the same path";
        let mut symptoms = Vec::new();
        let tool = machine::program("apptainer", &self.tool, None, None);
        symptoms.push(match tool.state {
            State::Well => tool,
            _ => Symptom::doubtful(tool.subject, format!("{} here", tool.found), ADVICE),
        });
        let image = self.image.display();
        symptoms.push(if self.image.is_file() {
            Symptom::well("image", image.to_string())
        } else if shared.is_some_and(|shared| self.image.starts_with(shared)) {
            let advice = "build it there, or correct `apptainer.image`";
            Symptom::broken("image", format!("there is no {image} in the shared directory"), advice)
        } else {
            Symptom::doubtful("image", format!("there is no {image} here"), ADVICE)
        });
        symptoms
    }
}

impl Server {
    /// The server of a job.
    ///
    /// # Errors
    /// When a directory cannot be bound into the container.
    pub(super) fn new(filled: &Filled, job: &Job, secret: &Secret) -> Result<Self, BackendError> {
        let Some(settings) = &filled.container else {
            let own = job.variables(secret).into_iter();
            let own = own.filter(|(name, _)| *name != Secret::VARIABLE);
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
            gpu: settings
                .gpu
                .unwrap_or_else(|| job.device.as_deref().map_or(Gpu::None, Gpu::of)),
            sif: &settings.image,
            source: settings.source.as_deref(),
            model_directory: settings.model_directory.as_deref(),
            binds: &settings.binds,
            options: &settings.options,
            command: &filled.command,
            environment: &filled.environment,
        };
        let program = container::program(&container, job, secret)?;
        let text = |word: OsString| word.to_string_lossy().into_owned();
        let inner = |name: &str| text(settings.family.inner_variable(name));
        let own = job.variables(secret).map(|(name, _)| inner(name));
        let hidden: Vec<String> = filled.environment.iter().map(|(name, _)| inner(name)).collect();
        let mut public: Vec<(String, Option<String>)> = Vec::new();
        let mut private: Vec<(String, String)> = Vec::new();
        for (name, value) in program.environment {
            let (name, value) = (text(name), value.map(text));
            // The last one of a name counts.
            public.retain(|(earlier, _)| *earlier != name);
            private.retain(|(earlier, _)| *earlier != name);
            let is_private = name == inner(Secret::VARIABLE) || (hidden.contains(&name) && !own.contains(&name));
            match value {
                Some(value) if is_private => private.push((name, value)),
                value => public.push((name, value)),
            }
        }
        Ok(Self {
            command: program.command.into_iter().map(text).collect(),
            public,
            private,
        })
    }
}
