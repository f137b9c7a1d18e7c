//! Reads the settings of the kind `python` from a backend's table and reports everything wrong with them, where it is written.

use std::time::Duration;

use serde_json::Value;

use super::hosting::Host;
use super::settings::{ArgumentValues, KNOWN, PythonSettings, PythonTimeouts};
use crate::backend::registry::START_TIMEOUT;
use crate::config::{BackendTable, Diagnostics, TableReader};

/// The interpreter where none is named.
const INTERPRETER: &str = "python3";
/// The wrapper where none is named: the model's own.
const WRAPPER: &str = "{model.wrapper}";
/// The longest that a whole stop may take is 30 s; the end of the interpreter needs the rest.
const LONGEST_STOP: Duration = Duration::from_secs(15);

impl PythonSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut reader = TableReader::new(&table.settings, diagnostics);
        let interpreter = match reader.text_or_texts("interpreter") {
            Some(words) => words.into_vec().into_iter().map(|word| word.value).collect(),
            None => vec![INTERPRETER.to_owned()],
        };
        if interpreter.is_empty() {
            reader.reject("interpreter", "`interpreter` is empty", "expected a program and its arguments");
        }
        check_all(&mut reader, "interpreter", &interpreter);
        let host = host(&mut reader);
        let path = reader.texts("path").unwrap_or_default();
        check_all(&mut reader, "path", &path);
        let directory = reader.text("cwd");
        check_all(&mut reader, "cwd", directory.as_slice());
        let environment = KNOWN.environment(&mut reader);
        let device = reader.text("device");
        let by_default = matches!(host, Some(Host::Wrapper { .. }));
        let choices = [("objects", true), ("mappings", false)];
        let objects = reader.choice("structured_input", &choices).unwrap_or(by_default);
        let timeouts = timeouts(table, &mut reader);
        reader.finish();
        Some(Self { interpreter, host: host?, path, environment, directory, device, objects, timeouts })
    }
}

/// Reads which class is hosted, and how.
fn host(reader: &mut TableReader<'_>) -> Option<Host> {
    let selector = reader.text("selector");
    let wrapper = reader.text("wrapper");
    let backend = reader.text("backend_class");
    let arguments = reader.object("arguments");
    let core = core(reader);
    check_all(reader, "selector", selector.as_slice());
    check_all(reader, "wrapper", wrapper.as_slice());
    check_all(reader, "backend_class", backend.as_slice());
    if let Some(arguments) = &arguments {
        let mut texts = Vec::new();
        collect(&Value::Object(arguments.clone()), &mut texts);
        texts.retain(|text| !ArgumentValues::NAMES.contains(&text.as_str()));
        check_all(reader, "arguments", &texts);
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
        (Some(selector), None, None) => {
            Some(Host::Wrapper { class: wrapper.unwrap_or_else(|| WRAPPER.to_owned()), selector })
        }
        (None, Some(class), None) if wrapper.is_none() => {
            Some(Host::Backend { class, arguments: arguments.unwrap_or_default() })
        }
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
    // The instance, which gives up then, could not say what was under way.
    let spare = (start / 4).min(Duration::from_secs(5));
    PythonTimeouts {
        start: start.saturating_sub(spare),
        spare: spare * 3 / 4,
        call: reader.duration("call_timeout").unwrap_or(Duration::from_secs(3600)),
        stop,
    }
}

/// Reports placeholders that are not known.
fn check_all(reader: &mut TableReader<'_>, key: &str, texts: &[String]) {
    for text in texts {
        if let Err(error) = KNOWN.check(text) {
            reader.reject(key, error, format!("in `{text}`"));
        }
    }
}
