//! `level` of suites and cases: which cases every port must pass, and which go further. Reads it. Does not decide what follows for a
//! run.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scope::ScopeNames;
use super::{Diagnostic, TableReader};

/// The importance of a case for a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every port must pass it. A port that has not run all of them is not known to conform.
    #[default]
    Core,
    /// Further requirements: rare options, long inputs, statistics, relations between results.
    Extended,
}

/// The level of a case for every model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    general: Level,
    /// The exceptions, by the key of the model.
    models: BTreeMap<String, Level>,
}

impl Level {
    /// Both, in the order in which they are reported.
    pub const ALL: [Self; 2] = [Self::Core, Self::Extended];

    const NAMES: [(&'static str, Self); 2] = [("core", Self::Core), ("extended", Self::Extended)];

    /// Its name in suites.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Extended => "extended",
        }
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, level)| *level).ok_or_else(|| "a level is `core` or `extended`".into())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Levels {
    /// The level for a model.
    pub(crate) fn of(&self, model: &str) -> Level {
        self.models.get(model).copied().unwrap_or(self.general)
    }

    /// Reads `level`, a name or a table of models, over that of the outer table. A name replaces all outer levels.
    pub(super) fn read(&self, reader: &mut TableReader<'_>, scope_names: &ScopeNames) -> Self {
        if reader.item("level").is_none_or(|item| item.table().is_none()) {
            let general = reader.choice("level", &Level::NAMES);
            return general.map_or_else(|| self.clone(), |general| Self { general, models: BTreeMap::new() });
        }
        let mut levels = self.clone();
        let Some(section) = reader.section("level") else { return levels };
        for entry in section.entries() {
            let (model, item) = (entry.key(), entry.item());
            let known = Level::NAMES.map(|(name, _)| name);
            let found = item.text().map(|text| (text, Level::NAMES.iter().find(|(name, _)| *name == text)));
            match found {
                _ if !scope_names.models.contains(model) => {
                    let diagnostic = Diagnostic::unknown(entry.key_location(), "model", model, &scope_names.models);
                    reader.diagnostics().push(diagnostic);
                }
                None => {
                    let names = known.map(|name| format!("\"{name}\"")).join(" or ");
                    let message = format!("`{model}` is {}", item.describe());
                    reader.diagnostics().report(item.location(), message, format!("expected {names}"));
                }
                Some((_, Some((_, level)))) => drop(levels.models.insert(model.to_owned(), *level)),
                Some((text, None)) => {
                    reader.diagnostics().push(Diagnostic::unknown(item.location(), "level", text, known));
                }
            }
        }
        levels
    }
}
