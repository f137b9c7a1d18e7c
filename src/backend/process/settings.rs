//! The settings of the kind `process`: what to run, where, with which variables. Reads and fills them in; runs nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::logs::LogDirectory;
use crate::backend::served::ServedSettings;
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{BackendTable, Diagnostic, Diagnostics, InterpolationError, Reader, interpolate};
use crate::prediction::Contract;

/// How long a server may take to end when asked to, where its table does not say: as long as boileroom gives it.
const GRACE: Duration = Duration::from_secs(10);
/// A stop is given up after 30 s, so that a longer grace would never be spent.
const LONGEST_GRACE: Duration = Duration::from_secs(20);
/// The placeholder without which a server could not know where to listen.
const PORT: &str = "{port}";

/// The validated settings.
#[derive(Debug)]
pub(super) struct ProcessSettings {
    command: Vec<String>,
    directory: Option<String>,
    environment: Vec<(String, String)>,
    /// The device where the command line gives none.
    pub(super) device: Option<String>,
    /// Time between asking a server to end and killing it.
    pub(super) grace: Duration,
    /// Where logs go.
    pub(super) logs: LogDirectory,
    /// What it shares with every kind that has a model server.
    pub(super) served: ServedSettings,
}

/// Settings with all placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) command: Vec<String>,
    pub(super) directory: Option<PathBuf>,
    pub(super) environment: Vec<(String, String)>,
}

impl ProcessSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut reader = Reader::new(&table.settings, diagnostics);
        let command = reader.require("command").located_texts("command");
        let mut all_known = true;
        for word in command.iter().flatten() {
            if let Err(error) = check(&word.value) {
                all_known = false;
                let diagnostic = Diagnostic::at(word.location.clone(), error.to_string());
                reader.diagnostics().push(diagnostic);
            }
        }
        let command: Option<Vec<String>> = command.map(|words| words.into_iter().map(|word| word.value).collect());
        let directory = reader.text("cwd");
        if let Some(Err(error)) = directory.as_deref().map(check) {
            reader.reject("cwd", error, "in this path");
        }
        let environment = environment(&mut reader);
        if let Some(command) = &command {
            let has_port = |text: &String| text.contains(PORT);
            if command.is_empty() {
                reader.reject("command", "`command` is empty", "expected a program and its arguments");
            } else if all_known
                && !command.iter().any(has_port)
                && !environment.iter().any(|(_, value)| has_port(value))
            {
                let message = "`{port}` occurs neither in `command` nor in `env`";
                reader.reject("command", message, "the server has to be told where to listen");
            }
        }
        let grace = reader.duration("grace").unwrap_or(GRACE);
        if grace > LONGEST_GRACE {
            let message = format!("`grace` is {} s", grace.as_secs_f64());
            let label = format!("expected at most {} s", LONGEST_GRACE.as_secs());
            reader.reject("grace", message, label);
        }
        let device = reader.text("device");
        let logs = LogDirectory::new(reader.text("log_dir").map(PathBuf::from));
        let served = ServedSettings::read(table, &mut reader);
        reader.finish();
        Some(Self {
            command: command?,
            directory,
            environment,
            device,
            grace,
            logs,
            served,
        })
    }

    /// Fills in the placeholders for a model and a port.
    ///
    /// # Errors
    /// When a variable that a setting refers to is not set.
    pub(super) fn fill(&self, contract: &Contract, port: u16) -> Result<Filled, BackendError> {
        let unusable = |message| BackendError::new(Stage::Configure, Fault::Misconfigured, message);
        let own_program = std::env::current_exe().map_err(|error| unusable(format!("who am I? {error}")))?;
        let values = values(&port.to_string(), contract, &own_program.to_string_lossy());
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fill = |text: &str| {
            let filled = interpolate(text, &values, |name| std::env::var(name).ok());
            filled.map_err(|error| unusable(error.to_string()))
        };
        let environment = self.environment.iter();
        Ok(Filled {
            command: self.command.iter().map(|word| fill(word)).collect::<Result<_, _>>()?,
            directory: self.directory.as_deref().map(fill).transpose()?.map(PathBuf::from),
            environment: environment
                .map(|(name, value)| Ok((name.clone(), fill(value)?)))
                .collect::<Result<_, BackendError>>()?,
        })
    }
}

/// The placeholders and what they stand for.
fn values(port: &str, contract: &Contract, own_program: &str) -> [(&'static str, String); 5] {
    [
        ("port", port.to_owned()),
        ("model", contract.key.clone()),
        ("model.core", contract.core.clone()),
        ("model.image", contract.image.clone()),
        ("hydrotest", own_program.to_owned()),
    ]
}

/// Whether the placeholders of a text are known, without the values of variables.
fn check(text: &str) -> Result<(), InterpolationError> {
    let known = ["port", "model", "model.core", "model.image", "hydrotest"].map(|name| (name, ""));
    interpolate(text, &known, |_| Some(String::new())).map(drop)
}

/// The variables of the table `env`, in declared order.
fn environment(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (name, value) in reader.object("env").unwrap_or_default() {
        let serde_json::Value::String(value) = value else {
            reader.reject("env", format!("`env.{name}` is not a string"), "expected strings");
            continue;
        };
        if let Err(error) = check(&value) {
            reader.reject("env", error, format!("in `{name}`"));
        }
        variables.push((name, value));
    }
    variables
}
