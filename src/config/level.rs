//! `level` of suites and cases: which cases every port must pass, and which go further. Reads it; what it means for a run is
//! decided there.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::scope::ScopeNames;
use super::section::Datum;
use super::{Diagnostic, TableReader};

/// How much a case counts for a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every port must pass it: a port of which one was not run is not known to conform.
    #[default]
    Core,
    /// It goes further: rare options, long inputs, statistics, relations between results.
    Extended,
}

/// The level of a case for every model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Levels {
    general: Level,
    /// By the key of a model, where it is another one.
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

    /// Reads `level`, a name or a table of models, over that of the outer table: what names no model replaces all of that.
    pub(super) fn read(&self, reader: &mut TableReader<'_>, scope_names: &ScopeNames) -> Self {
        if !reader.holds_table("level") {
            let general = reader.choice("level", &Level::NAMES);
            return general.map_or_else(|| self.clone(), |general| Self { general, models: BTreeMap::new() });
        }
        let mut levels = self.clone();
        let Some(section) = reader.section("level") else { return levels };
        for entry in section.entries() {
            let model = entry.key();
            if !scope_names.models.contains(model) {
                let known = scope_names.models.iter().map(String::as_str);
                let diagnostic = Diagnostic::unknown(entry.key_location(), "model", model, known);
                reader.diagnostics().push(diagnostic);
                continue;
            }
            let item = entry.item();
            let known = || Level::NAMES.iter().map(|(name, _)| *name);
            let Datum::Text(text) = item.datum() else {
                let diagnostic = Diagnostic::at(item.location(), format!("`{model}` is {}", item.describe()));
                let names: Vec<String> = known().map(|name| format!("\"{name}\"")).collect();
                reader.diagnostics().push(diagnostic.with_label(format!("expected {}", names.join(" or "))));
                continue;
            };
            if let Some((_, level)) = Level::NAMES.iter().find(|(name, _)| *name == text) {
                levels.models.insert(model.to_owned(), *level);
            } else {
                let diagnostic = Diagnostic::unknown(item.location(), "level", text, known());
                reader.diagnostics().push(diagnostic);
            }
        }
        levels
    }
}
