//! The settings of the kind `process`: what to run, where, with which variables. Reads and fills them in; runs nothing.

use std::path::PathBuf;
use std::time::Duration;

use super::logs::LogDirectory;
use crate::backend::BackendError;
use crate::backend::placeholders::{Known, Values};
use crate::backend::served::ServedSettings;
use crate::config::{BackendTable, Diagnostics, Reader};
use crate::prediction::Contract;

/// How long a server may take to end when asked to, where its table does not say: as long as boileroom gives it.
const GRACE: Duration = Duration::from_secs(10);
/// A stop is given up after 30 s, so that a longer grace would never be spent.
const LONGEST_GRACE: Duration = Duration::from_secs(20);
/// What its settings may refer to besides what all kinds know.
const PLACEHOLDERS: Known = Known(&["port"]);
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
        let command = PLACEHOLDERS.words(reader.require("command"), "command");
        let directory = PLACEHOLDERS.text(&mut reader, "cwd");
        let environment = PLACEHOLDERS.environment(&mut reader);
        if let Some(command) = &command {
            let has_port = |text: &String| text.contains(PORT);
            if command.words.is_empty() {
                reader.reject("command", "`command` is empty", "expected a program and its arguments");
            } else if command.sound
                && !command.words.iter().any(has_port)
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
            command: command?.words,
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
        let values = Values::new(contract, [("port", port.to_string())])?;
        Ok(Filled {
            command: values.fill_all(&self.command)?,
            directory: self
                .directory
                .as_deref()
                .map(|text| values.fill(text))
                .transpose()?
                .map(PathBuf::from),
            environment: values.fill_values(&self.environment)?,
        })
    }
}
