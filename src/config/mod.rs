//! The project: backends, models and suites, read from TOML with the place of every word.
//!
//! Reads and validates; opens nothing, starts nothing and prints nothing. All mistakes of a file are found at once.
//!
//! A file goes from text to meaning in three steps: [`Source`] is its text, [`Section`] a table of it with the place of
//! everything, and a [`TableReader`] takes typed values out of a section and reports what does not fit. What belongs to a
//! higher layer, the settings of a backend's kind and the parameters of a check, is kept as a section and read there.

mod backend;
mod call;
mod case;
mod diagnostic;
mod document;
mod drawn;
mod duration;
mod field;
mod gates;
mod identity;
mod interpolation;
mod json;
mod known;
mod level;
mod model;
mod nested;
mod per_model;
mod reader;
mod scope;
mod section;
mod sequences;
mod source;
mod suggestion;
mod suite;
#[cfg(test)]
mod tests;
mod tolerances;
mod typed;
mod unknown;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub use backend::BackendTable;
pub(crate) use call::Call;
pub use case::{CallOrder, Case, ExpectedFailure};
pub(crate) use case::{CheckTable, repetition_name};
pub use diagnostic::{Diagnostic, Diagnostics, Style};
pub(crate) use duration::parse as parse_duration;
pub(crate) use gates::read_changes;
pub(crate) use interpolation::{InterpolationError, interpolate};
pub use level::Level;
pub use nested::NameOrTable;
pub use per_model::PerModel;
pub use reader::TableReader;
pub use scope::Scope;
pub use section::Section;
pub use sequences::Sequences;
pub use source::{Location, Source};
pub(crate) use suggestion::suggest;
pub use suite::{SEQUENCES, Suite, Suites};
pub use tolerances::OwnTolerances;
pub use typed::Located;
pub(crate) use typed::OneOrMany;
pub use unknown::Unknown;

use crate::prediction::Contract;
use crate::prediction::known::KnownDefect;

/// `backends.toml` as it was when this program was built.
const BUILT_IN: &str = include_str!("../../backends.toml");

/// The content of one `backends.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name of the backend that is meant when none is selected; a single backend need not be named.
    pub default: String,
    /// The declared backends in the order of the file.
    pub backends: Vec<BackendTable>,
    /// The declared models in the order of the file; those of the built-in file when it declares none.
    pub models: Vec<Arc<Contract>>,
    /// What results of none of them are compared by; that of the built-in file when it says nothing.
    pub unknown: Unknown,
    /// Defects that are known upstream, of all models; with those of the built-in file.
    pub known: Vec<Arc<KnownDefect>>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it, or that it cannot be read.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        Self::parse(&Source::read(path)?)
    }

    /// The file that this program was built with, for use where there is no other.
    ///
    /// # Errors
    /// Never in a program whose tests passed.
    pub fn built_in() -> Result<Self, Diagnostics> {
        Self::parse(&Self::built_in_source())
    }

    /// The text of that file.
    pub(crate) fn built_in_source() -> Arc<Source> {
        Source::new("built-in backends.toml", BUILT_IN)
    }

    /// Reads a text.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        match Self::read(source, &mut diagnostics)? {
            Some(config) => diagnostics.into_result(config),
            None => Err(diagnostics),
        }
    }

    /// Reads a text as far as it can be read, so that a caller can look for mistakes in what this module does not know, such as
    /// the settings of a kind, before it reports all of them. None where the text is no TOML.
    ///
    /// # Errors
    /// A mistake in the built-in file, of which a program whose tests passed has none.
    pub fn read(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Result<Option<Self>, Diagnostics> {
        let root = Section::parse(source, diagnostics);
        if !diagnostics.is_empty() {
            // What is left of a file with syntax errors would only raise doubts about lines that are right.
            return Ok(None);
        }
        let mut reader = TableReader::new(&root, diagnostics);
        let default =
            if reader.has_one_entry("backends") { reader.text("default") } else { reader.required_text("default") };
        let default_location = reader.location_of("default");
        let inherits = !reader.has("models") && source.text() != BUILT_IN;
        let model_sections = reader.named_sections("models");
        let unknown = unknown::read(&mut reader);
        let (mut known, models_of_known) = known::read(&mut reader, known::Of::AnyModel);
        let backend_sections = reader.require("backends").named_sections("backends");
        reader.finish();

        let mut models: Vec<Arc<Contract>> = Vec::with_capacity(model_sections.len());
        for (key, section) in &model_sections {
            models.extend(model::read(key, section, diagnostics).map(Arc::new));
        }
        if inherits {
            models = Self::built_in()?.models;
        }
        if source.text() != BUILT_IN {
            // What boileroom's own backends do wrong, they do to models of any file.
            known.extend(Self::built_in()?.known);
        }
        let unknown = match unknown {
            Some(unknown) => unknown,
            None if source.text() == BUILT_IN => Unknown::default(),
            None => Self::built_in()?.unknown,
        };
        // A model with mistakes is still a name that others may use.
        let declared = model_sections.iter().map(|(key, _)| key.value.as_str());
        let keys: BTreeSet<&str> = declared.chain(models.iter().map(|model| model.key.as_str())).collect();
        let mut backends = Vec::with_capacity(backend_sections.len());
        for (name, section) in &backend_sections {
            backends.extend(BackendTable::read(name.clone(), section, &models, diagnostics));
        }
        let served = backends.iter().filter_map(|backend| backend.models.as_ref()).flatten();
        for model in served.chain(&models_of_known) {
            if !keys.contains(model.value.as_str()) {
                let (location, keys) = (model.location.clone(), keys.iter().copied());
                diagnostics.push(Diagnostic::unknown(location, "model", &model.value, keys));
            }
        }
        let mut names = backend_sections.iter().map(|(name, _)| name.value.as_str());
        // Of a single backend there is nothing to choose.
        let default = default.or_else(|| names.clone().next().map(str::to_owned));
        if let Some(default) = &default
            && !names.clone().any(|name| name == default)
        {
            diagnostics.push(Diagnostic::unknown(default_location, "backend", default, &mut names));
        }
        Ok(Some(Self { default: default.unwrap_or_default(), backends, models, unknown, known }))
    }

    /// The backend of a name.
    #[must_use]
    pub fn backend(&self, name: &str) -> Option<&BackendTable> {
        self.backends.iter().find(|backend| backend.name == name)
    }

    /// The contract of a model.
    #[must_use]
    pub fn model(&self, key: &str) -> Option<&Arc<Contract>> {
        self.models.iter().find(|model| model.key == key)
    }
}
