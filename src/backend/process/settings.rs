//! The settings of the kind `process`: what to run, where, with which variables. Reads and fills them in; runs nothing.

use std::path::PathBuf;

use crate::backend::BackendError;
use crate::backend::local::{self, LocalSettings};
use crate::backend::placeholders::{PlaceholderValues, Placeholders};
use crate::backend::served::ServedSettings;
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::Contract;

/// What its settings may refer to besides what all kinds know.
const PLACEHOLDERS: Placeholders = Placeholders(&["port"]);

/// The validated settings.
#[derive(Debug)]
pub(super) struct ProcessSettings {
    command: Vec<String>,
    directory: Option<String>,
    environment: Vec<(String, String)>,
    /// The device where the command line gives none.
    pub(super) device: Option<String>,
    /// What it shares with every kind that runs a process here.
    pub(super) local: LocalSettings,
    /// What it shares with every kind that has a model server.
    pub(super) served: ServedSettings,
}

/// Settings with all placeholders filled in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProcessSpec {
    pub(super) command: Vec<String>,
    pub(super) directory: Option<PathBuf>,
    pub(super) environment: Vec<(String, String)>,
}

impl ProcessSettings {
    /// Reads a backend's table and reports everything wrong with it.
    pub(super) fn read(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut reader = TableReader::new(&table.settings, diagnostics);
        let directory = PLACEHOLDERS.text(&mut reader, "cwd");
        let environment = PLACEHOLDERS.environment(&mut reader);
        let command = local::command(PLACEHOLDERS, reader.require("command"), &environment);
        let local = LocalSettings::read(&mut reader);
        let device = reader.text("device");
        let served = ServedSettings::read(table, &mut reader);
        reader.finish();
        Some(Self { command: command?, directory, environment, device, local, served })
    }

    /// Fills in the placeholders for a model and a port.
    ///
    /// # Errors
    /// When a variable that a setting refers to is not set.
    pub(super) fn fill(&self, contract: &Contract, port: u16) -> Result<ProcessSpec, BackendError> {
        let values = PlaceholderValues::new(contract, [("port", port.to_string())])?;
        Ok(ProcessSpec {
            command: values.fill_all(&self.command)?,
            directory: self.directory.as_deref().map(|text| values.fill(text)).transpose()?.map(PathBuf::from),
            environment: values.fill_values(&self.environment)?,
        })
    }
}
