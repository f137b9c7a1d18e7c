//! The settings of the container that a job runs its server in. Reads and fills them in; makes no container.

use std::path::{Path, PathBuf};

use crate::backend::container::{ContainerFamily, Gpu};
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::backend::{BackendError, machine};
use crate::config::TableReader;

/// What paths of a container may refer to: what all kinds know.
const PLACEHOLDERS: Placeholders = Placeholders(&[]);

/// The settings of the table `apptainer`.
#[derive(Debug)]
pub(super) struct ContainerSettings {
    image: String,
    tool: String,
    family: ContainerFamily,
    gpu: Option<Gpu>,
    source: Option<String>,
    model_directory: Option<String>,
    binds: Vec<String>,
    options: Vec<String>,
}

/// The same with all placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JobContainer {
    pub(super) image: PathBuf,
    pub(super) tool: String,
    pub(super) family: ContainerFamily,
    pub(super) gpu: Option<Gpu>,
    pub(super) source: Option<PathBuf>,
    pub(super) model_directory: Option<PathBuf>,
    pub(super) binds: Vec<String>,
    pub(super) options: Vec<String>,
}

impl ContainerSettings {
    /// Reads the table and reports everything wrong with it.
    pub(super) fn read(reader: &mut TableReader<'_>) -> Option<Self> {
        let image = PLACEHOLDERS.text(reader.require("image"), "image");
        let tool = reader.text("tool").unwrap_or_else(|| "apptainer".to_owned());
        let gpus = [("none", Gpu::None), ("nvidia", Gpu::Nvidia), ("rocm", Gpu::Rocm)];
        let families = [("apptainer", ContainerFamily::Apptainer), ("singularity", ContainerFamily::Singularity)];
        let words =
            |words: Option<crate::backend::placeholders::Words>| words.map_or_else(Vec::new, |words| words.words);
        Some(Self {
            family: reader.choice("family", &families).unwrap_or(ContainerFamily::Apptainer),
            gpu: reader.choice("gpu", &gpus),
            source: PLACEHOLDERS.text(reader, "source"),
            model_directory: PLACEHOLDERS.text(reader, "model_dir"),
            binds: words(PLACEHOLDERS.words(reader, "binds")),
            options: words(PLACEHOLDERS.words(reader, "options")),
            tool,
            image: image?,
        })
    }

    pub(super) fn fill(&self, values: &PlaceholderValues) -> Result<JobContainer, BackendError> {
        let path = |text: &Option<String>| -> Result<Option<PathBuf>, BackendError> {
            Ok(text.as_deref().map(|text| values.fill(text)).transpose()?.map(PathBuf::from))
        };
        Ok(JobContainer {
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

impl JobContainer {
    /// What of it is not on this machine. It is the nodes that need it, and they may have more than this one.
    pub(super) fn look_here(&self, shared: Option<&Path>) -> Vec<Requirement> {
        const ADVICE: &str = "only the nodes need it; see that they have it under the same path";
        let mut requirements = Vec::new();
        let tool = machine::program("apptainer", &self.tool, None, None);
        requirements.push(match tool.status {
            RequirementStatus::Met => tool,
            _ => Requirement::doubtful(tool.subject, format!("{} here", tool.found), ADVICE),
        });
        let image = self.image.display();
        requirements.push(if self.image.is_file() {
            Requirement::met("image", image.to_string())
        } else if shared.is_some_and(|shared| self.image.starts_with(shared)) {
            let advice = "build it there, or correct `apptainer.image`";
            Requirement::unmet("image", format!("there is no {image} in the shared directory"), advice)
        } else {
            Requirement::doubtful("image", format!("there is no {image} here"), ADVICE)
        });
        requirements
    }
}
