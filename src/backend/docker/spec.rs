//! What to run for a model: image, command, variables, directories and GPUs, with everything filled in. Looks at the environment;
//! asks no engine.

use super::mount::Bind;
use super::settings::{DockerSettings, Gpus};
use crate::backend::kind::Overrides;
use crate::backend::placeholders::PlaceholderValues;
use crate::backend::{BackendError, Fault, Stage};
use crate::prediction::Contract;

/// The variable that names boileroom's source.
const SOURCE_VARIABLE: &str = "BOILEROOM_SOURCE";
/// Where the source is in a container.
const SOURCE: &str = "/boileroom";
/// The variable that names the directory of weights, here and in a container.
const MODEL_DIR_VARIABLE: &str = "MODEL_DIR";
/// Where weights are in a container, as boileroom has it in its own.
const MODEL_DIR: &str = "/.model_cache";

/// Settings with everything filled in for one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ContainerSpec {
    /// Where the engine is, if it is said.
    pub(super) host: Option<String>,
    /// The image, with tag or digest.
    pub(super) image: String,
    /// The registry of the image.
    pub(super) registry: String,
    /// The command, to follow the image's own entry point.
    pub(super) command: Vec<String>,
    /// Variables besides those of the launch.
    pub(super) environment: Vec<(String, String)>,
    /// What the container sees of the engine's machine.
    pub(super) binds: Vec<Bind>,
    /// The GPUs it gets.
    pub(super) gpus: Gpus,
}

impl DockerSettings {
    /// Fills in everything for a model.
    ///
    /// # Errors
    /// When the image, a variable or boileroom's source is not named, or a bind is none.
    pub(super) fn fill(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        device: Option<&str>,
    ) -> Result<ContainerSpec, BackendError> {
        let values = PlaceholderValues::new(contract, [("port", self.port.to_string())])?;
        let fill = |text: &Option<String>| text.as_deref().map(|text| values.fill(text)).transpose();
        let outline = self.outline(contract, overrides, device)?;
        let mut environment = values.fill_values(&self.environment)?;
        let mut binds = Vec::new();
        for bind in values.fill_all(&self.binds)? {
            let bind = Bind::parse(&bind).map_err(|error| unusable(format!("the bind `{bind}` {error}")))?;
            binds.push(bind);
        }
        let source = match fill(&self.source)? {
            None => directory_of(SOURCE_VARIABLE)?,
            source => source,
        };
        if let Some(source) = &source {
            binds.push(Bind::new(source, SOURCE, true));
            environment.push(("PYTHONPATH".to_owned(), SOURCE.to_owned()));
        }
        let model_directory = match fill(&self.model_dir)? {
            None => directory_of(MODEL_DIR_VARIABLE)?,
            directory => directory,
        };
        if let Some(directory) = model_directory {
            binds.push(Bind::new(&directory, MODEL_DIR, false));
            environment.push((MODEL_DIR_VARIABLE.to_owned(), MODEL_DIR.to_owned()));
            environment.push(("CHAI_DOWNLOADS_DIR".to_owned(), format!("{MODEL_DIR}/chai")));
        }
        let command = match &self.command {
            Some(command) => values.fill_all(command)?,
            None if source.is_some() => boileroom(self.port),
            None => {
                return Err(unusable(format!(
                    "boileroom's images do not hold its server: say where its source is by `source` or {SOURCE_VARIABLE}, or \
                     what else to run by `command`"
                )));
            }
        };
        Ok(ContainerSpec { command, environment, binds, ..outline })
    }

    /// The engine, the image and the GPUs for a model, without what a container of it is made of.
    ///
    /// # Errors
    /// When the image is not named, or a variable is not set.
    pub(super) fn outline(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        device: Option<&str>,
    ) -> Result<ContainerSpec, BackendError> {
        let values = PlaceholderValues::new(contract, [("port", self.port.to_string())])?;
        let (image, registry) = self.image(contract, overrides, &values)?;
        // As boileroom does for its own containers: a server on a CUDA device needs one.
        let wants_gpu = device.is_some_and(|device| device.starts_with("cuda"));
        let standard = if wants_gpu { Gpus::All } else { Gpus::None };
        Ok(ContainerSpec {
            host: self.host.as_deref().map(|host| values.fill(host)).transpose()?,
            image,
            registry,
            command: Vec::new(),
            environment: Vec::new(),
            binds: Vec::new(),
            gpus: self.gpus.clone().unwrap_or(standard),
        })
    }

    /// The image of a model and its registry.
    fn image(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        values: &PlaceholderValues,
    ) -> Result<(String, String), BackendError> {
        let Some(image) = &self.image else {
            let name = self.images.name(contract, overrides)?;
            return Ok((name.to_string(), name.registry().to_owned()));
        };
        if overrides.tag.is_some() || overrides.docker_user.is_some() {
            return Err(unusable(format!(
                "`image = \"{image}\"` names an image in full, so that neither a tag nor an account can be chosen for it; write \
                 `repository` and `tag` instead"
            )));
        }
        let image = values.fill(image)?;
        let (first, rest) = image.split_once('/').unwrap_or(("", &image));
        let last = rest.rsplit('/').next().unwrap_or(rest);
        let tag = last.split_once([':', '@']).map(|(_, tag)| tag);
        if tag.is_none_or(|tag| tag.is_empty() || tag == "latest") {
            return Err(unusable(format!(
                "`{image}` does not say which version: an image needs a tag other than `latest`, or a digest, so that a result \
                 can be told from another"
            )));
        }
        let is_registry = first == "localhost" || first.contains(['.', ':']);
        let registry = if is_registry { first } else { "docker.io" };
        Ok((image.clone(), registry.to_owned()))
    }
}

/// How boileroom's own server is started.
fn boileroom(port: u16) -> Vec<String> {
    let server = format!("{SOURCE}/boileroom/backend/server.py");
    let port = port.to_string();
    let words = ["/usr/local/bin/python3.12", &server, "--host", "0.0.0.0", "--port", &port];
    words.map(str::to_owned).to_vec()
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Configure, Fault::Misconfigured, message)
}
/// The directory that a variable of ours names, if it is set. It is one of the engine's machine, which has no working directory
/// of ours.
fn directory_of(variable: &str) -> Result<Option<String>, BackendError> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    match value {
        Some(value) if !value.starts_with('/') => Err(unusable(format!(
            "{variable} is `{value}`, and the engine needs a whole path, one that begins with `/`"
        ))),
        value => Ok(value),
    }
}
