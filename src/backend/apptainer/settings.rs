//! The settings of the kind `apptainer`: which image, from where to where, and how a container of it is started. Reads and
//! fills them in; runs nothing.

use std::path::{Path, PathBuf};

pub(super) use crate::backend::container::Gpu;
use crate::backend::image::ImageSettings;
use crate::backend::local::{self, LocalSettings};
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::served::ServedSettings;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::Contract;

/// What its settings may refer to besides what all kinds know.
const PLACEHOLDERS: Placeholders = Placeholders(&["port", "source"]);
/// The placeholder by which a command says that it needs boileroom's source, and the variable that says where that is.
const SOURCE: (&str, &str) = ("{source}", "BOILEROOM_SOURCE");
/// How boileroom starts its server in its images, but for the address: it must not be reachable from outside of this machine.
const COMMAND: [&str; 6] =
    ["/usr/local/bin/python3.12", "{source}/boileroom/backend/server.py", "--host", "127.0.0.1", "--port", "{port}"];
/// The default device, which is boileroom's.
const DEVICE: &str = "cuda:0";

/// The validated settings.
#[derive(Debug)]
pub(super) struct ApptainerSettings {
    /// The program, where it is not to be looked for.
    pub(super) tool: Option<String>,
    /// The names of images.
    pub(super) images: ImageSettings,
    /// Whether registries are spoken to over TLS.
    pub(super) https: bool,
    /// The device where the command line gives none.
    pub(super) device: String,
    gpu: Option<Gpu>,
    cache: Option<String>,
    model_directory: Option<String>,
    source: Option<String>,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    binds: Vec<String>,
    options: Vec<String>,
    /// What it shares with every kind that runs a process here.
    pub(super) local: LocalSettings,
    /// What it shares with every kind that has a model server.
    pub(super) served: ServedSettings,
}

/// Settings with all placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ApptainerSpec {
    /// Where SIF files are kept.
    pub(super) cache: PathBuf,
    /// Where weights are kept, if that is known.
    pub(super) model_directory: Option<PathBuf>,
    /// The directory that holds the package `boileroom`, if the server is to run from it.
    pub(super) source: Option<PathBuf>,
    /// What runs in the container.
    pub(super) command: Vec<String>,
    /// Further variables.
    pub(super) environment: Vec<(String, String)>,
    /// Further binds.
    pub(super) binds: Vec<String>,
    /// Further options of `exec`.
    pub(super) options: Vec<String>,
}

impl ApptainerSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Self {
        let mut reader = TableReader::new(&table.settings, diagnostics);
        let tool = reader.text("tool");
        let images = ImageSettings::read(&mut reader);
        let https = reader.flag("https").unwrap_or(true);
        let device = reader.text("device").unwrap_or_else(|| DEVICE.to_owned());
        let gpu = reader.choice("gpu", &[("none", Gpu::None), ("nvidia", Gpu::Nvidia), ("rocm", Gpu::Rocm)]);
        let cache = PLACEHOLDERS.text(&mut reader, "cache");
        let model_directory = PLACEHOLDERS.text(&mut reader, "model_dir");
        let environment = PLACEHOLDERS.environment(&mut reader);
        let command = local::command(PLACEHOLDERS, &mut reader, &environment);
        let command = command.unwrap_or_else(|| COMMAND.map(str::to_owned).to_vec());
        let source = PLACEHOLDERS.text(&mut reader, "source");
        let binds = PLACEHOLDERS.words(&mut reader, "binds");
        let options = PLACEHOLDERS.words(&mut reader, "options");
        let local = LocalSettings::read(&mut reader);
        let served = ServedSettings::read(table, &mut reader);
        reader.finish();
        Self {
            tool,
            images,
            https,
            device,
            gpu,
            cache,
            model_directory,
            source,
            command,
            environment,
            binds: binds.map(|binds| binds.words).unwrap_or_default(),
            options: options.map(|options| options.words).unwrap_or_default(),
            local,
            served,
        }
    }

    /// Fills in the placeholders for a model and a port.
    ///
    /// # Errors
    /// When a variable that a setting refers to is not set, or there is no place for a cache.
    pub(super) fn fill(&self, contract: &Contract, port: u16) -> Result<ApptainerSpec, BackendError> {
        let port = ("port", port.to_string());
        // The source is filled in first: the command refers to it.
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
        let model_directory = path(&self.model_directory)?
            .or_else(|| variable("MODEL_DIR"))
            .map(|directory| absolute(&directory))
            .transpose()?;
        let cache = match path(&self.cache)? {
            Some(cache) => absolute(&cache)?,
            None => model_directory.clone().map_or_else(usual_cache, Ok)?,
        };
        let values = PlaceholderValues::new(contract, [port, ("source", source.clone().unwrap_or_default())])?;
        Ok(ApptainerSpec {
            cache,
            model_directory,
            source: source.map(|source| absolute(&source)).transpose()?,
            command: values.fill_all(&self.command)?,
            environment: values.fill_values(&self.environment)?,
            binds: values.fill_all(&self.binds)?,
            options: values.fill_all(&self.options)?,
        })
    }

    /// Whose drivers the container needs for a device.
    pub(super) fn gpu_for(&self, device: Option<&str>) -> Gpu {
        self.gpu.unwrap_or_else(|| Gpu::of(device.unwrap_or(&self.device)))
    }
}

/// Where boileroom keeps SIF files by default.
fn usual_cache() -> Result<PathBuf, BackendError> {
    let home = variable("HOME").ok_or_else(|| {
        unusable("there is no place for images: set `cache` in the backend's table, MODEL_DIR or HOME".to_owned())
    })?;
    Ok(Path::new(&home).join(".cache/boileroom"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A path from the root, with the home directory for a tilde, as shells have it.
fn absolute(path: &str) -> Result<PathBuf, BackendError> {
    let home = path.strip_prefix("~/").and_then(|rest| Some((variable("HOME")?, rest)));
    let path = home.map_or_else(|| PathBuf::from(path), |(home, rest)| Path::new(&home).join(rest));
    std::path::absolute(&path).map_err(|error| unusable(format!("{} is no path: {error}", path.display())))
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Configure, Fault::Misconfigured, message)
}
