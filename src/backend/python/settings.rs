//! The settings of the kind `python`: which interpreter, which class, with what. Fills them in; `reading` reads them.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::hosting::{Host, Hosting};
use crate::backend::kind::Overrides;
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::{BackendError, Fault, Stage};
use crate::prediction::{Contract, Options};

/// The placeholders of this kind besides those that all have.
pub(super) const KNOWN: Placeholders = Placeholders(&["model.name", "model.wrapper"]);

/// The validated settings.
#[derive(Debug)]
pub(super) struct PythonSettings {
    pub(super) interpreter: Vec<String>,
    pub(super) host: Host,
    pub(super) path: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) directory: Option<String>,
    pub(super) device: Option<String>,
    pub(super) objects: bool,
    /// How long what may take.
    pub(super) timeouts: PythonTimeouts,
}

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct PythonTimeouts {
    /// From the start of the interpreter to a model that can be called.
    pub(super) start: Duration,
    /// For finding out where a start hangs that took longer.
    pub(super) spare: Duration,
    /// One call.
    pub(super) call: Duration,
    /// For the hosted code to stop.
    pub(super) stop: Duration,
}

impl PythonSettings {
    /// Fills in the placeholders for a model with its configuration.
    ///
    /// # Errors
    /// When a variable that a setting refers to is not set, or an override has no place here.
    pub(super) fn fill(
        &self,
        contract: &Contract,
        config: &Options,
        overrides: &Overrides,
    ) -> Result<Hosting, BackendError> {
        let values = PlaceholderValues::new(
            contract,
            [("model.name", contract.name.clone()), ("model.wrapper", contract.wrapper.clone())],
        )?;
        let fill = |text: &str| values.fill(text);
        let device = overrides.gpu.as_ref().or(overrides.device.as_ref()).or(self.device.as_ref()).cloned();
        let tag = overrides.tag.as_deref();
        let host = match &self.host {
            Host::Wrapper { class, selector } => {
                Host::Wrapper { class: fill(class)?, selector: tagged(&fill(selector)?, tag) }
            }
            Host::Backend { class, arguments } => {
                let given = ArgumentValues { config, device: device.as_deref(), tag };
                Host::Backend { class: fill(class)?, arguments: given.object(arguments, &fill)? }
            }
            Host::Core { class } => Host::Core { class: fill(class)? },
        };
        let mut config = config.clone();
        if overrides.device.is_some() && matches!(host, Host::Core { .. }) {
            // The command line outweighs what the table configures; the bridge is told of it as the device.
            config.remove("device");
        }
        let mut environment = values.fill_values(&self.environment)?;
        add_path(&mut environment, &values.fill_all(&self.path)?)?;
        let directory = self.directory.as_deref().map(fill).transpose()?.map(PathBuf::from);
        Ok(Hosting {
            interpreter: values.fill_all(&self.interpreter)?,
            directory,
            environment,
            host,
            method: contract.method,
            config,
            device,
            // boileroom keeps the classes of a model's input beside that of its output.
            inputs: contract.output.rsplit_once('.').filter(|_| self.objects).map(|(module, _)| module.to_owned()),
        })
    }
}

/// What stands for the placeholders that only the arguments of a backend's constructor have.
pub(super) struct ArgumentValues<'a> {
    config: &'a Options,
    device: Option<&'a str>,
    tag: Option<&'a str>,
}

impl ArgumentValues<'_> {
    pub(super) const NAMES: [&'static str; 3] = ["{config}", "{device}", "{tag}"];

    fn object(
        &self,
        arguments: &Options,
        fill: &impl Fn(&str) -> Result<String, BackendError>,
    ) -> Result<Options, BackendError> {
        arguments.iter().map(|(name, value)| Ok((name.clone(), self.value(value, fill)?))).collect()
    }

    fn value(
        &self,
        value: &Value,
        fill: &impl Fn(&str) -> Result<String, BackendError>,
    ) -> Result<Value, BackendError> {
        Ok(match value {
            Value::String(text) => match text.as_str() {
                "{config}" => Value::Object(self.config.clone()),
                "{device}" => self.device.into(),
                "{tag}" => self.tag.into(),
                text => fill(text)?.into(),
            },
            Value::Array(items) => items.iter().map(|item| self.value(item, fill)).collect::<Result<_, _>>()?,
            Value::Object(entries) => Value::Object(self.object(entries, fill)?),
            other => other.clone(),
        })
    }
}

fn unusable(message: String) -> BackendError {
    BackendError::new(Stage::Configure, Fault::Misconfigured, message)
}

/// A selector with another tag.
fn tagged(selector: &str, tag: Option<&str>) -> String {
    match tag {
        Some(tag) => format!("{}:{tag}", selector.split(':').next().unwrap_or(selector)),
        None => selector.to_owned(),
    }
}

/// Puts folders at the front of where Python looks for modules.
fn add_path(environment: &mut Vec<(String, String)>, path: &[String]) -> Result<(), BackendError> {
    const VARIABLE: &str = "PYTHONPATH";
    if path.is_empty() {
        return Ok(());
    }
    let before = match environment.iter().position(|(name, _)| name == VARIABLE) {
        Some(index) => Some(environment.remove(index).1),
        None => std::env::var(VARIABLE).ok(),
    };
    let folders = path.iter().map(PathBuf::from);
    let before: Vec<PathBuf> = before.iter().flat_map(std::env::split_paths::<String>).collect();
    let here = std::env::current_dir().unwrap_or_default();
    // A folder means the same whatever `cwd` is.
    let all = folders.map(|folder| here.join(folder)).chain(before);
    let joined = std::env::join_paths(all).map_err(|error| unusable(format!("`path`: {error}")))?;
    environment.push((VARIABLE.to_owned(), joined.to_string_lossy().into_owned()));
    Ok(())
}
