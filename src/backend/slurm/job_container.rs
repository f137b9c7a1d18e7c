//! The settings of the container of Apptainer that a job's server may run in. Reads them, fills in placeholders and looks for the image
//! here; does not make the container's command.

use std::path::Path;

use crate::backend::container::{ContainerFamily, Gpu};
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::requirement::{Requirement, RequirementStatus};
use crate::backend::{BackendError, machine};
use crate::config::TableReader;

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
