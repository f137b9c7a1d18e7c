//! The settings of the kind `apptainer`: the image, the cache, and how a container is started. Reads them, fills in
//! placeholders and builds the command; does not run it.

use std::path::{Path, PathBuf};

use super::tool::Tool;
use crate::backend::container::{self, Container, Gpu};
use crate::backend::image::ImageSettings;
use crate::backend::kind::LaunchSpec;
use crate::backend::local::{self, LocalSettings};
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::served::ServedSettings;
use crate::backend::supervise::Program;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::Contract;
use crate::wire::Secret;

/// The placeholders of this kind besides the common ones.
const PLACEHOLDERS: Placeholders = Placeholders(&["port", "source"]);
/// The placeholder for boileroom's source in a command, and the environment variable with its default.
const SOURCE: (&str, &str) = ("{source}", "BOILEROOM_SOURCE");
/// boileroom's own command, except for the host: the server must not be reachable from other machines.
const COMMAND: [&str; 6] =
    ["/usr/local/bin/python3.12", "{source}/boileroom/backend/server.py", "--host", "127.0.0.1", "--port", "{port}"];
/// The default device, which is boileroom's.
const DEVICE: &str = "cuda:0";

/// The validated settings.
#[derive(Debug)]
pub(super) struct ApptainerSettings {
    /// The program; `None` to search for it.
    pub(super) tool: Option<String>,
    pub(super) images: ImageSettings,
    /// Whether registries are accessed over TLS.
    pub(super) https: bool,
    /// The device if the command line gives none.
    pub(super) device: String,
    gpu: Option<Gpu>,
    cache: Option<String>,
    model_directory: Option<String>,
    source: Option<String>,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    binds: Vec<String>,
    options: Vec<String>,
    pub(super) local: LocalSettings,
    pub(super) served: ServedSettings,
}

/// Settings with all placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApptainerSpec {
    pub(super) cache: PathBuf,
    pub(super) model_directory: Option<PathBuf>,
    /// The directory that contains the package `boileroom`, if the server runs from it.
    pub(super) source: Option<PathBuf>,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    binds: Vec<String>,
    options: Vec<String>,
}

impl ApptainerSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Self {
        let mut reader = TableReader::new(&table.settings, diagnostics);
        // Errors list the known keys in the order in which they are read.
        let tool = reader.text("tool");
        let images = ImageSettings::read(&mut reader);
        let https = reader.flag("https").unwrap_or(true);
        let device = reader.text("device").unwrap_or_else(|| DEVICE.to_owned());
        let gpu = reader.choice("gpu", &[("none", Gpu::None), ("nvidia", Gpu::Nvidia), ("rocm", Gpu::Rocm)]);
        let cache = PLACEHOLDERS.text(&mut reader, "cache");
        let model_directory = PLACEHOLDERS.text(&mut reader, "model_dir");
        let environment = PLACEHOLDERS.environment(&mut reader);
        let command = local::command(PLACEHOLDERS, &mut reader, &environment);
        let settings = Self {
            tool,
            images,
            https,
            device,
            gpu,
            cache,
            model_directory,
            source: PLACEHOLDERS.text(&mut reader, "source"),
            command: command.unwrap_or_else(|| COMMAND.map(str::to_owned).to_vec()),
            environment,
            binds: PLACEHOLDERS.words(&mut reader, "binds").unwrap_or_default().words,
            options: PLACEHOLDERS.words(&mut reader, "options").unwrap_or_default().words,
            local: LocalSettings::read(&mut reader),
            served: ServedSettings::read(table, &mut reader),
        };
        reader.finish();
        settings
    }

    /// Fills in the placeholders for a model and a port.
    ///
    /// # Errors
    /// If a variable that a setting refers to is not set, or no cache directory can be determined.
    pub(super) fn fill(&self, contract: &Contract, port: u16) -> Result<ApptainerSpec, BackendError> {
        let port = ("port", port.to_string());
        // The source is filled in first, because the command refers to it.
        let values = PlaceholderValues::new(contract, [port.clone(), ("source", String::new())])?;
        let path = |text: &Option<String>| text.as_deref().map(|text| values.fill(text)).transpose();
        let mut source = path(&self.source)?;
        if source.is_none() && self.command.iter().any(|word| word.contains(SOURCE.0)) {
            source = Some(variable(SOURCE.1).ok_or_else(|| {
                let variable = SOURCE.1;
                unusable(format!(
                    "the server runs from boileroom's source: set `source` in the backend's table, or {variable}, to the \
                     directory that holds the package `boileroom`"
                ))
            })?);
        }
        let source = source.map(|source| absolute(&source)).transpose()?;
        let model_directory = path(&self.model_directory)?
            .or_else(|| variable("MODEL_DIR"))
            .map(|directory| absolute(&directory))
            .transpose()?;
        let cache = match path(&self.cache)? {
            Some(cache) => absolute(&cache)?,
            None => model_directory.clone().or_else(usual_cache).ok_or_else(|| {
                unusable(
                    "there is no place for images: set `cache` in the backend's table, MODEL_DIR or HOME".to_owned(),
                )
            })?,
        };
        let shown = source.as_deref().map(|source| source.display().to_string()).unwrap_or_default();
        let values = PlaceholderValues::new(contract, [port, ("source", shown)])?;
        Ok(ApptainerSpec {
            cache,
            model_directory,
            source,
            command: values.fill_all(&self.command)?,
            environment: values.fill_values(&self.environment)?,
            binds: values.fill_all(&self.binds)?,
            options: values.fill_all(&self.options)?,
        })
    }

    /// The drivers that the container needs for a device.
    pub(super) fn gpu_for(&self, device: Option<&str>) -> Gpu {
        self.gpu.unwrap_or_else(|| Gpu::of(device.unwrap_or(&self.device)))
    }
}

impl ApptainerSpec {
    /// The program that runs the server of a launch in a container of `sif`.
    ///
    /// # Errors
    /// If the path of a directory cannot be written as a bind.
    pub(super) fn program(
        &self,
        tool: &Tool,
        gpu: Gpu,
        sif: &Path,
        launch: &LaunchSpec,
        secret: &Secret,
    ) -> Result<Program, BackendError> {
        let container = Container {
            tool: &tool.program,
            family: tool.family(),
            gpu,
            sif,
            source: self.source.as_deref(),
            model_directory: self.model_directory.as_deref(),
            binds: &self.binds,
            options: &self.options,
            command: &self.command,
            environment: &self.environment,
        };
        container::program(&container, launch, secret)
    }
}

/// boileroom's default directory for SIF files.
fn usual_cache() -> Option<PathBuf> {
    Some(Path::new(&variable("HOME")?).join(".cache/boileroom"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// An absolute path, with a leading `~/` replaced by the home directory.
fn absolute(path: &str) -> Result<PathBuf, BackendError> {
    let home = path.strip_prefix("~/").and_then(|rest| Some((variable("HOME")?, rest)));
    let path = home.map_or_else(|| PathBuf::from(path), |(home, rest)| Path::new(&home).join(rest));
    std::path::absolute(&path).map_err(|error| unusable(format!("{} is no path: {error}", path.display())))
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Configure, Fault::Misconfigured, message)
}
