//! The settings of the kind `python`: the interpreter, the class that is hosted, and its arguments. Reads them and
//! fills in placeholders; does not start an interpreter.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::hosting::{Host, Hosting};
use crate::backend::kind::{Overrides, START_TIMEOUT};
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, TableReader};
use crate::prediction::{Contract, Options};

/// The placeholders of this kind besides the common ones.
const KNOWN: Placeholders = Placeholders(&["model.name", "model.wrapper"]);
/// The default interpreter.
const INTERPRETER: &str = "python3";
/// The default wrapper: the model's own.
const WRAPPER: &str = "{model.wrapper}";
/// A whole stop may take at most 30 s; the rest is for the exit of the interpreter.
pub(super) const LONGEST_STOP: Duration = Duration::from_secs(15);

/// The validated settings.
#[derive(Debug)]
pub(super) struct PythonSettings {
    interpreter: Vec<String>,
    pub(super) host: Host,
    path: Vec<String>,
    environment: Vec<(String, String)>,
    directory: Option<String>,
    device: Option<String>,
    /// Whether structured input is passed as objects.
    objects: bool,
    pub(super) timeouts: PythonTimeouts,
}

/// The time limits of hosted code.
#[derive(Debug, Clone, Copy)]
pub(super) struct PythonTimeouts {
    /// From the start of the interpreter until the model can be called.
    pub(super) start: Duration,
    /// For finding out where a start hangs that took too long.
    pub(super) spare: Duration,
    /// One call.
    pub(super) call: Duration,
    /// For the hosted code to stop.
    pub(super) stop: Duration,
}

impl PythonSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, reader: &mut TableReader<'_>) -> Option<Self> {
        let interpreter = match reader.text_or_texts("interpreter") {
            Some(texts) => texts.into_vec().into_iter().map(|text| text.value).collect(),
            None => vec![INTERPRETER.to_owned()],
        };
        if interpreter.is_empty() {
            reader.reject("interpreter", "`interpreter` is empty", "expected a program and its arguments");
        }
        check_all(reader, "interpreter", &interpreter);
        // Errors list the known keys in the order in which they are read.
        let host = host(reader);
        let path = reader.texts("path").unwrap_or_default();
        check_all(reader, "path", &path);
        let by_default = matches!(host, Some(Host::Wrapper { .. }));
        Some(Self {
            interpreter,
            path,
            directory: text(reader, "cwd"),
            environment: KNOWN.environment(reader),
            device: reader.text("device"),
            objects: reader.choice("structured_input", &[("objects", true), ("mappings", false)]).unwrap_or(by_default),
            timeouts: timeouts(table, reader),
            host: host?,
        })
    }

    /// Fills in the placeholders for a model with its configuration.
    ///
    /// # Errors
    /// If a variable that a setting refers to is not set, or a folder of `path` cannot stand in PYTHONPATH.
    pub(super) fn fill(
        &self,
        contract: &Contract,
        config: &Options,
        overrides: &Overrides,
    ) -> Result<Hosting, BackendError> {
        let own = [("model.name", contract.name.clone()), ("model.wrapper", contract.wrapper.clone())];
        let values = PlaceholderValues::new(contract, own)?;
        let fill = |text: &str| values.fill(text);
        let device = overrides.gpu.as_ref().or(overrides.device.as_ref()).or(self.device.as_ref()).cloned();
        let tag = overrides.tag.as_deref();
        let host = match &self.host {
            Host::Wrapper { class, selector } => {
                let mut selector = fill(selector)?;
                if let Some(tag) = tag {
                    selector = format!("{}:{tag}", selector.split(':').next().unwrap_or(&selector));
                }
                Host::Wrapper { class: fill(class)?, selector }
            }
            Host::Backend { class, arguments } => {
                let known = ArgumentValues { values: &values, config, device: device.as_deref(), tag };
                Host::Backend { class: fill(class)?, arguments: known.object(arguments)? }
            }
            Host::Core { class } => Host::Core { class: fill(class)? },
        };
        let mut config = config.clone();
        if let (Host::Core { .. }, Some(device)) = (&host, &device)
            && (overrides.device.is_some() || !config.contains_key("device"))
        {
            // A core takes its device only from its configuration. The command line overrides the table.
            config.insert("device".to_owned(), device.clone().into());
        }
        let mut environment = values.fill_values(&self.environment)?;
        add_path(&mut environment, &values.fill_all(&self.path)?)?;
        Ok(Hosting {
            interpreter: values.fill_all(&self.interpreter)?,
            directory: self.directory.as_deref().map(fill).transpose()?.map(PathBuf::from),
            environment,
            host,
            method: contract.method.name(),
            config,
            device,
            // boileroom keeps the classes of a model's input in the module of its output class.
            inputs: contract.output.rsplit_once('.').filter(|_| self.objects).map(|(module, _)| module.to_owned()),
        })
    }
}

/// The values of placeholders, with those that only the arguments of a backend's constructor have.
struct ArgumentValues<'a> {
    values: &'a PlaceholderValues,
    config: &'a Options,
    device: Option<&'a str>,
    tag: Option<&'a str>,
}

impl ArgumentValues<'_> {
    const NAMES: [&'static str; 3] = ["{config}", "{device}", "{tag}"];

    fn object(&self, arguments: &Options) -> Result<Options, BackendError> {
        arguments.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?))).collect()
    }

    fn value(&self, value: &Value) -> Result<Value, BackendError> {
        Ok(match value {
            Value::String(text) => match text.as_str() {
                "{config}" => Value::Object(self.config.clone()),
                "{device}" => self.device.into(),
                "{tag}" => self.tag.into(),
                text => self.values.fill(text)?.into(),
            },
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?,
            Value::Object(entries) => Value::Object(self.object(entries)?),
            other => other.clone(),
        })
    }
}

/// Prepends folders to `PYTHONPATH`.
fn add_path(environment: &mut Vec<(String, String)>, path: &[String]) -> Result<(), BackendError> {
    const VARIABLE: &str = "PYTHONPATH";
    if path.is_empty() {
        return Ok(());
    }
    let before = match environment.iter().position(|(name, _)| name == VARIABLE) {
        Some(index) => Some(environment.remove(index).1),
        None => std::env::var(VARIABLE).ok(),
    };
    let before = before.iter().flat_map(std::env::split_paths::<String>);
    // Relative to the directory of the harness, whatever `cwd` is.
    let here = std::env::current_dir().unwrap_or_default();
    let joined = std::env::join_paths(path.iter().map(|folder| here.join(folder)).chain(before))
        .map_err(|error| BackendError::new(Stage::Configure, Fault::Misconfigured, format!("`path`: {error}")))?;
    environment.push((VARIABLE.to_owned(), joined.to_string_lossy().into_owned()));
    Ok(())
}

/// Reads which class is hosted.
fn host(reader: &mut TableReader<'_>) -> Option<Host> {
    let selector = text(reader, "selector");
    let wrapper = text(reader, "wrapper");
    let backend = text(reader, "backend_class");
    let arguments = reader.object("arguments");
    let core = core(reader);
    if let Some(arguments) = &arguments {
        let mut texts = Vec::new();
        collect(&Value::Object(arguments.clone()), &mut texts);
        texts.retain(|text| !ArgumentValues::NAMES.contains(&text.as_str()));
        check_all(reader, "arguments", &texts);
        if backend.is_none() {
            let message = "`arguments` without `backend_class`";
            reader.reject("arguments", message, "there is no constructor to give them to");
        }
    }
    if wrapper.is_some() && selector.is_none() && backend.is_none() && core.is_none() {
        reader.require("selector");
        return None;
    }
    let message = match (selector, backend, core) {
        (Some(selector), None, None) => {
            return Some(Host::Wrapper { class: wrapper.unwrap_or_else(|| WRAPPER.to_owned()), selector });
        }
        (None, Some(class), None) if wrapper.is_none() => {
            return Some(Host::Backend { class, arguments: arguments.unwrap_or_default() });
        }
        (None, None, Some(class)) if wrapper.is_none() => return Some(Host::Core { class }),
        (None, None, None) => "nothing to host: none of `selector`, `backend_class` and `core` is given",
        _ => "several things to host: `selector`, `backend_class` and `core` exclude each other",
    };
    reader.reject("kind", message, "expected one of them in this table");
    None
}

fn core(reader: &mut TableReader<'_>) -> Option<String> {
    match reader.json("core")? {
        Value::Bool(true) => Some("{model.core}".to_owned()),
        Value::String(class) => {
            check_all(reader, "core", std::slice::from_ref(&class));
            Some(class)
        }
        _ => {
            reader.reject("core", "`core` is neither `true` nor a class", "expected true or \"package.module:Class\"");
            None
        }
    }
}

/// All texts in a value.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(entries) => entries.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

fn timeouts(table: &BackendTable, reader: &mut TableReader<'_>) -> PythonTimeouts {
    let stop = reader.duration("stop_timeout").unwrap_or(LONGEST_STOP);
    if stop > LONGEST_STOP {
        let message = format!("`stop_timeout` is {} s", stop.as_secs_f64());
        reader.reject("stop_timeout", message, format!("expected at most {} s", LONGEST_STOP.as_secs()));
    }
    let start = table.start_timeout.unwrap_or(START_TIMEOUT);
    // Leaves time to find out what was under way before the instance gives up.
    let spare = (start / 4).min(Duration::from_secs(5));
    let call = reader.duration("call_timeout").unwrap_or(Duration::from_secs(3600));
    PythonTimeouts { start: start.saturating_sub(spare), spare: spare * 3 / 4, call, stop }
}

/// Reads a text with placeholders.
fn text(reader: &mut TableReader<'_>, key: &'static str) -> Option<String> {
    let text = reader.text(key);
    check_all(reader, key, text.as_slice());
    text
}

/// Reports unknown placeholders.
fn check_all(reader: &mut TableReader<'_>, key: &str, texts: &[String]) {
    for text in texts {
        if let Err(error) = KNOWN.check(text) {
            reader.reject(key, error, format!("in `{text}`"));
        }
    }
}
