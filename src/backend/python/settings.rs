//! The settings of the kind `python`: which interpreter, which class, with what. Reads and fills them in; runs nothing.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::hosting::{Host, Hosting};
use crate::backend::kind::Launch;
use crate::backend::registry::START_TIMEOUT;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, Diagnostics, InterpolationError, Reader, interpolate};
use crate::prediction::Options;

/// The interpreter where none is named.
const INTERPRETER: &str = "python3";
/// The wrapper where none is named: the model's own.
const WRAPPER: &str = "{model.wrapper}";
/// The longest that a whole stop may take is 30 s; the end of the interpreter needs the rest.
const LONGEST_STOP: Duration = Duration::from_secs(15);
/// The placeholders of all settings.
const NAMES: [&str; 6] = [
    "model",
    "model.name",
    "model.core",
    "model.wrapper",
    "model.image",
    "hydrotest",
];

/// The validated settings.
#[derive(Debug)]
pub(super) struct PythonSettings {
    interpreter: Vec<String>,
    host: Host,
    path: Vec<String>,
    environment: Vec<(String, String)>,
    directory: Option<String>,
    device: Option<String>,
    objects: bool,
    /// How long what may take.
    pub(super) timeouts: Timeouts,
}

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// From the start of the interpreter to a model that can be called.
    pub(super) start: Duration,
    /// One call.
    pub(super) call: Duration,
    /// For the hosted code to stop.
    pub(super) stop: Duration,
}

impl PythonSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut reader = Reader::new(&table.settings, diagnostics);
        let interpreter = match reader.text_or_texts("interpreter") {
            Some(words) => words.into_vec().into_iter().map(|word| word.value).collect(),
            None => vec![INTERPRETER.to_owned()],
        };
        if interpreter.is_empty() {
            reader.reject(
                "interpreter",
                "`interpreter` is empty",
                "expected a program and its arguments",
            );
        }
        check_all(&mut reader, "interpreter", &interpreter, &NAMES);
        let host = host(&mut reader);
        let path = reader.texts("path").unwrap_or_default();
        check_all(&mut reader, "path", &path, &NAMES);
        let directory = reader.text("cwd");
        check_all(&mut reader, "cwd", directory.as_slice(), &NAMES);
        let environment = environment(&mut reader);
        let device = reader.text("device");
        let by_default = matches!(host, Some(Host::Wrapper { .. }));
        let choices = [("objects", true), ("mappings", false)];
        let objects = reader.choice("structured_input", &choices).unwrap_or(by_default);
        let timeouts = timeouts(table, &mut reader);
        reader.finish();
        Some(Self {
            interpreter,
            host: host?,
            path,
            environment,
            directory,
            device,
            objects,
            timeouts,
        })
    }

    /// Fills in the placeholders for one launch.
    ///
    /// # Errors
    /// When a variable that a setting refers to is not set, or an override has no place here.
    pub(super) fn fill(&self, launch: &Launch) -> Result<Hosting, BackendError> {
        let own_program = std::env::current_exe().map_err(|error| unusable(format!("who am I? {error}")))?;
        let own_program = own_program.to_string_lossy();
        let contract = &launch.contract;
        let values = [
            contract.key.as_str(),
            &contract.name,
            &contract.core,
            &contract.wrapper,
            &contract.image,
            &own_program,
        ];
        let values: Vec<(&str, &str)> = NAMES.into_iter().zip(values).collect();
        let fill = |text: &str| {
            let filled = interpolate(text, &values, |name| std::env::var(name).ok());
            filled.map_err(|error| unusable(error.to_string()))
        };
        let fill_all = |texts: &[String]| texts.iter().map(|text| fill(text)).collect::<Result<Vec<_>, _>>();
        let overrides = &launch.overrides;
        let device = overrides
            .gpu
            .as_ref()
            .or(overrides.device.as_ref())
            .or(self.device.as_ref())
            .cloned();
        let tag = overrides.tag.as_deref();
        let host = match &self.host {
            Host::Wrapper { class, selector } => Host::Wrapper {
                class: fill(class)?,
                selector: tagged(&fill(selector)?, tag),
            },
            Host::Backend { class, arguments } => {
                let given = Given {
                    config: &launch.config,
                    device: device.as_deref(),
                    tag,
                };
                Host::Backend {
                    class: fill(class)?,
                    arguments: given.object(arguments, &fill)?,
                }
            }
            Host::Core { class } => Host::Core { class: fill(class)? },
        };
        let mut environment = Vec::new();
        for (name, value) in &self.environment {
            environment.push((name.clone(), fill(value)?));
        }
        add_path(&mut environment, &fill_all(&self.path)?)?;
        let directory = self.directory.as_deref().map(fill).transpose()?.map(PathBuf::from);
        Ok(Hosting {
            interpreter: fill_all(&self.interpreter)?,
            directory,
            environment,
            host,
            method: contract.method,
            config: launch.config.clone(),
            device,
            // boileroom keeps the classes of a model's input beside that of its output.
            inputs: contract
                .output
                .rsplit_once('.')
                .filter(|_| self.objects)
                .map(|(module, _)| module.to_owned()),
        })
    }
}

/// What stands for the placeholders that only the arguments of a backend's constructor have.
struct Given<'a> {
    config: &'a Options,
    device: Option<&'a str>,
    tag: Option<&'a str>,
}

impl Given<'_> {
    const NAMES: [&'static str; 3] = ["{config}", "{device}", "{tag}"];

    fn object(
        &self,
        arguments: &Options,
        fill: &impl Fn(&str) -> Result<String, BackendError>,
    ) -> Result<Options, BackendError> {
        let filled = arguments
            .iter()
            .map(|(name, value)| Ok((name.clone(), self.value(value, fill)?)));
        filled.collect()
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
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(item, fill))
                .collect::<Result<_, _>>()?,
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
    let given = environment.iter().position(|(name, _)| name == VARIABLE);
    let before = match given {
        Some(index) => Some(environment.remove(index).1),
        None => std::env::var(VARIABLE).ok(),
    };
    let folders = path.iter().map(PathBuf::from);
    let before: Vec<PathBuf> = before.iter().flat_map(std::env::split_paths::<String>).collect();
    let here = std::env::current_dir().unwrap_or_default();
    // A folder means the same whatever `cwd` is.
    let all = folders.map(|folder| here.join(folder)).chain(before);
    let joined = std::env::join_paths(all).map_err(|error| unusable(format!("`path`: {error}")))?;
    let joined = AsRef::<OsStr>::as_ref(&joined).to_string_lossy().into_owned();
    environment.push((VARIABLE.to_owned(), joined));
    Ok(())
}

/// Reads which class is hosted, and how.
fn host(reader: &mut Reader<'_>) -> Option<Host> {
    let selector = reader.text("selector");
    let wrapper = reader.text("wrapper");
    let backend = reader.text("backend_class");
    let arguments = reader.object("arguments");
    let core = core(reader);
    check_all(reader, "selector", selector.as_slice(), &NAMES);
    check_all(reader, "wrapper", wrapper.as_slice(), &NAMES);
    check_all(reader, "backend_class", backend.as_slice(), &NAMES);
    if let Some(arguments) = &arguments {
        let mut texts = Vec::new();
        collect(&Value::Object(arguments.clone()), &mut texts);
        texts.retain(|text| !Given::NAMES.contains(&text.as_str()));
        check_all(reader, "arguments", &texts, &NAMES);
        if backend.is_none() {
            reader.reject(
                "arguments",
                "`arguments` without `backend_class`",
                "there is no constructor to give them to",
            );
        }
    }
    if wrapper.is_some() && selector.is_none() && backend.is_none() && core.is_none() {
        reader.require("selector");
        return None;
    }
    match (selector, backend, core) {
        (Some(selector), None, None) => Some(Host::Wrapper {
            class: wrapper.unwrap_or_else(|| WRAPPER.to_owned()),
            selector,
        }),
        (None, Some(class), None) if wrapper.is_none() => Some(Host::Backend {
            class,
            arguments: arguments.unwrap_or_default(),
        }),
        (None, None, Some(class)) if wrapper.is_none() => Some(Host::Core { class }),
        (None, None, None) => {
            let message = "nothing to host: none of `selector`, `backend_class` and `core` is given";
            reader.reject("kind", message, "expected one of them in this table");
            None
        }
        _ => {
            let message = "several things to host: `selector`, `backend_class` and `core` exclude each other";
            reader.reject("kind", message, "expected one of them in this table");
            None
        }
    }
}

fn core(reader: &mut Reader<'_>) -> Option<String> {
    match reader.json("core")? {
        Value::Bool(true) => Some("{model.core}".to_owned()),
        Value::String(class) => {
            check_all(reader, "core", std::slice::from_ref(&class), &NAMES);
            Some(class)
        }
        _ => {
            reader.reject(
                "core",
                "`core` is neither `true` nor a class",
                "expected true or \"package.module:Class\"",
            );
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

fn timeouts(table: &BackendTable, reader: &mut Reader<'_>) -> Timeouts {
    let stop = reader.duration("stop_timeout").unwrap_or(LONGEST_STOP);
    if stop > LONGEST_STOP {
        let message = format!("`stop_timeout` is {} s", stop.as_secs_f64());
        reader.reject(
            "stop_timeout",
            message,
            format!("expected at most {} s", LONGEST_STOP.as_secs()),
        );
    }
    let start = table.start_timeout.unwrap_or(START_TIMEOUT);
    Timeouts {
        // A little before the instance gives up, which could not say what was under way.
        start: start.saturating_sub((start / 20).min(Duration::from_secs(1))),
        call: reader.duration("call_timeout").unwrap_or(Duration::from_secs(3600)),
        stop,
    }
}

/// Reports placeholders that are not known.
fn check_all(reader: &mut Reader<'_>, key: &str, texts: &[String], names: &[&str]) {
    for text in texts {
        if let Err(error) = check(text, names) {
            reader.reject(key, error, format!("in `{text}`"));
        }
    }
}

/// Whether the placeholders of a text are known, without the values of variables.
fn check(text: &str, names: &[&str]) -> Result<(), InterpolationError> {
    let known: Vec<(&str, &str)> = names.iter().map(|name| (*name, "")).collect();
    interpolate(text, &known, |_| Some(String::new())).map(drop)
}

/// The variables of the table `env`, in declared order.
fn environment(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (name, value) in reader.object("env").unwrap_or_default() {
        let Value::String(value) = value else {
            reader.reject("env", format!("`env.{name}` is not a string"), "expected strings");
            continue;
        };
        check_all(reader, "env", std::slice::from_ref(&value), &NAMES);
        variables.push((name, value));
    }
    variables
}
