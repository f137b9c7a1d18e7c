//! The container of a model: image, command, variables, mounts and GPUs, with placeholders filled in. Reads the environment. Does not
//! contact an engine.

use bollard::models::{Mount, MountType};

use super::settings::{DockerSettings, Gpus};
use crate::backend::BackendError;
use crate::backend::kind::Overrides;
use crate::backend::placeholders::PlaceholderValues;
use crate::prediction::Contract;

/// The variable that names boileroom's source.
const SOURCE_VARIABLE: &str = "BOILEROOM_SOURCE";
/// Where the source is in a container.
const SOURCE: &str = "/boileroom";
/// The variable that names the directory of weights, on this machine and in a container.
const MODEL_DIR_VARIABLE: &str = "MODEL_DIR";
/// Where weights are in a container, as in boileroom's own.
const MODEL_DIR: &str = "/.model_cache";

/// Settings with all placeholders filled in for one model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ContainerSpec {
    /// The address of the engine, if the table has it.
    pub(super) host: Option<String>,
    /// The image, with tag or digest.
    pub(super) image: String,
    /// The registry of the image.
    pub(super) registry: String,
    /// The arguments of the image's own entry point.
    pub(super) command: Vec<String>,
    /// Variables besides those of the launch.
    pub(super) environment: Vec<(String, String)>,
    /// The mounts of files of the engine's machine.
    pub(super) binds: Vec<Mount>,
    /// The GPUs of the container.
    pub(super) gpus: Gpus,
}

impl DockerSettings {
    /// Fills in everything for a model.
    ///
    /// # Errors
    /// If the image, a variable or boileroom's source is missing, or a bind is invalid.
    pub(super) fn fill(&self, contract: &Contract, overrides: &Overrides) -> Result<ContainerSpec, BackendError> {
        let values = PlaceholderValues::new(contract, [("port", self.port.to_string())])?;
        let outline = self.outline(contract, overrides)?;
        let mut environment = values.fill_values(&self.environment)?;
        let mut binds = Vec::new();
        for bind in values.fill_all(&self.binds)? {
            let unusable = |error| BackendError::configuration(format_args!("the bind `{bind}` {error}"));
            binds.push(parse_bind(&bind).map_err(unusable)?);
        }
        let directory = |setting: &Option<String>, variable: &str| match values.fill_optional(setting.as_deref())? {
            None => directory_of(variable),
            directory => Ok(directory),
        };
        let source = directory(&self.source, SOURCE_VARIABLE)?;
        if let Some(source) = &source {
            binds.push(mount(source, SOURCE, true));
            environment.push(("PYTHONPATH".to_owned(), SOURCE.to_owned()));
        }
        if let Some(directory) = directory(&self.model_dir, MODEL_DIR_VARIABLE)? {
            binds.push(mount(&directory, MODEL_DIR, false));
            environment.push((MODEL_DIR_VARIABLE.to_owned(), MODEL_DIR.to_owned()));
            environment.push(("CHAI_DOWNLOADS_DIR".to_owned(), format!("{MODEL_DIR}/chai")));
        }
        let command = match &self.command {
            Some(command) => values.fill_all(command)?,
            None if source.is_some() => boileroom(self.port),
            None => {
                return Err(BackendError::configuration(format_args!(
                    "boileroom's images do not hold its server: say where its source is by `source` or {SOURCE_VARIABLE}, or \
                     what else to run by `command`"
                )));
            }
        };
        Ok(ContainerSpec { command, environment, binds, ..outline })
    }

    /// The engine, the image and the GPUs for a model, without command, variables and mounts.
    ///
    /// # Errors
    /// If the image is not named, or a variable is not set.
    pub(super) fn outline(&self, contract: &Contract, overrides: &Overrides) -> Result<ContainerSpec, BackendError> {
        let values = PlaceholderValues::new(contract, [("port", self.port.to_string())])?;
        let image = self.image(contract, overrides, &values)?;
        let first = image.split_once('/').map_or("", |(first, _)| first);
        let is_registry = first == "localhost" || first.contains(['.', ':']);
        // As in boileroom's own containers, a server on a CUDA device gets all GPUs.
        let wants_gpu = overrides.device.as_ref().is_some_and(|device| device.starts_with("cuda"));
        let default = if wants_gpu { Gpus::All } else { Gpus::None };
        Ok(ContainerSpec {
            host: values.fill_optional(self.host.as_deref())?,
            registry: if is_registry { first } else { "docker.io" }.to_owned(),
            image,
            command: Vec::new(),
            environment: Vec::new(),
            binds: Vec::new(),
            gpus: self.gpus.clone().unwrap_or(default),
        })
    }

    /// The image of a model.
    fn image(
        &self,
        contract: &Contract,
        overrides: &Overrides,
        values: &PlaceholderValues,
    ) -> Result<String, BackendError> {
        let Some(image) = &self.image else {
            return Ok(self.images.name(contract, overrides)?.to_string());
        };
        if overrides.tag.is_some() || overrides.docker_user.is_some() {
            return Err(BackendError::configuration(format_args!(
                "`image = \"{image}\"` names an image in full, so that neither a tag nor an account can be chosen for it; write \
                 `repository` and `tag` instead"
            )));
        }
        let image = values.fill(image)?;
        let last = image.rsplit('/').next().unwrap_or_default();
        let tag = last.split_once([':', '@']).map(|(_, tag)| tag);
        if tag.is_none_or(|tag| tag.is_empty() || tag == "latest") {
            return Err(BackendError::configuration(format_args!(
                "`{image}` does not say which version: an image needs a tag other than `latest`, or a digest, so that a result \
                 can be told from another"
            )));
        }
        Ok(image)
    }
}

/// The command of boileroom's own server.
fn boileroom(port: u16) -> Vec<String> {
    let (server, port) = (format!("{SOURCE}/boileroom/backend/server.py"), port.to_string());
    ["/usr/local/bin/python3.12", &server, "--host", "0.0.0.0", "--port", &port].map(str::to_owned).to_vec()
}

/// The directory that one of our variables names, if it is set. It is on the engine's machine, where our working directory has no meaning.
fn directory_of(variable: &str) -> Result<Option<String>, BackendError> {
    match std::env::var(variable).ok().filter(|value| !value.is_empty()) {
        Some(value) if !value.starts_with('/') => Err(BackendError::configuration(format_args!(
            "{variable} is `{value}`, and the engine needs a whole path, one that begins with `/`"
        ))),
        value => Ok(value),
    }
}

/// Parses a bind: `SOURCE`, `SOURCE:TARGET`, `SOURCE:TARGET:ro` or `:rw`. The target defaults to the source.
///
/// # Errors
/// What is wrong with it, to follow the words "the bind `…`".
fn parse_bind(text: &str) -> Result<Mount, String> {
    let mut parts = text.split(':');
    let source = parts.next().unwrap_or_default();
    let target = parts.next().unwrap_or(source);
    let read_only = match parts.next() {
        None | Some("rw") => false,
        Some("ro") => true,
        Some(other) => return Err(format!("ends with `{other}`; only `ro` and `rw` can stand there")),
    };
    if parts.next().is_some() {
        return Err("has more than three parts".to_owned());
    }
    if let Some(path) = [source, target].into_iter().find(|path| !path.starts_with('/')) {
        return Err(format!(
            "needs absolute paths, and `{path}` is not one (named volumes outlive a run and are not taken)"
        ));
    }
    Ok(mount(source, target, read_only))
}

/// A mount of the engine's files. Unlike `docker run -v`, it is an error if the source is missing.
pub(super) fn mount(source: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        target: Some(target.to_owned()),
        source: Some(source.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_are_taken_apart() {
        assert_eq!(parse_bind("/a:/b:ro"), Ok(mount("/a", "/b", true)));
        assert_eq!(parse_bind("/a:/b"), Ok(mount("/a", "/b", false)));
        assert_eq!(parse_bind("/a"), Ok(mount("/a", "/a", false)));
        insta::assert_snapshot!(parse_bind("cache:/b").unwrap_err(), @"needs absolute paths, and `cache` is not one (named volumes outlive a run and are not taken)");
        insta::assert_snapshot!(parse_bind("/a:/b:z").unwrap_err(), @"ends with `z`; only `ro` and `rw` can stand there");
        assert!(parse_bind("/a:/b:ro:x").is_err());
    }
}
