//! The project: backends, models and suites, read from TOML with the place of every value.
//!
//! Reads and validates. Does not open, start or print anything. Finds all mistakes of a file at once.
//!
//! A file is read in three steps: [`Source`] is its text, [`Section`] a table of it with places, and a [`TableReader`] takes typed
//! values out of a section and reports mistakes. Settings of a backend's kind and parameters of a check belong to higher layers.
//! They are kept as sections and read there.

mod backend;
mod call;
mod case;
mod diagnostic;
mod document;
mod drawn;
mod field;
mod gates;
mod identity;
mod interpolation;
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
mod source_file;
mod suite;
#[cfg(test)]
mod tests;
mod tolerances;
mod typed;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub use backend::BackendTable;
pub(crate) use call::Call;
pub use case::{CallOrder, Case, ExpectedFailure};
pub(crate) use case::{CheckTable, repetition_name};
pub(crate) use diagnostic::suggest;
pub use diagnostic::{Diagnostic, Diagnostics, Style};
pub use gates::Unknown;
pub(crate) use gates::read_changes;
pub(crate) use interpolation::{InterpolationError, interpolate};
pub use level::Level;
pub use nested::NameOrTable;
pub use per_model::PerModel;
pub use reader::TableReader;
pub use scope::Scope;
pub use section::Section;
pub use sequences::Sequences;
pub use source::{Located, Location, Source};
pub use suite::{SEQUENCES, Suite, Suites};
pub use tolerances::OwnTolerances;
pub(crate) use typed::{OneOrMany, parse_duration};

use crate::prediction::Contract;
use crate::prediction::known::KnownDefect;

/// `backends.toml` at the time this program was built.
const BUILT_IN: &str = include_str!("../../backends.toml");

/// The content of one `backends.toml`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The backend that is used if none is selected. A single backend is the default.
    pub default: String,
    /// The declared backends in the order of the file.
    pub backends: Vec<BackendTable>,
    /// The declared models in the order of the file, or those of the built-in file if it declares none.
    pub models: Vec<Arc<Contract>>,
    /// The tolerances for results of other models, by default those of the built-in file.
    pub unknown: Unknown,
    /// Known defects of upstream that concern several models, including those of the built-in file.
    pub known: Vec<Arc<KnownDefect>>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// All mistakes in it, or that it cannot be read.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        Self::parse(&Source::read(path)?)
    }

    /// The file that this program was built with, for projects without a file of their own.
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
    /// All mistakes in it.
    pub fn parse(source: &Arc<Source>) -> Result<Self, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        match Self::read(source, &mut diagnostics)? {
            Some(config) => diagnostics.into_result(config),
            None => Err(diagnostics),
        }
    }

    /// Reads a text as far as possible. A caller can then look for mistakes in parts that this module does not know, such as the
    /// settings of a kind, and report all together. Returns `None` if the text is not TOML.
    ///
    /// # Errors
    /// A mistake in the built-in file; never in a program whose tests passed.
    pub fn read(source: &Arc<Source>, diagnostics: &mut Diagnostics) -> Result<Option<Self>, Diagnostics> {
        let Some(root) = Section::parse_strictly(source, diagnostics) else { return Ok(None) };
        let mut reader = TableReader::new(&root, diagnostics);
        let default =
            if reader.has_one_entry("backends") { reader.text("default") } else { reader.required_text("default") };
        let default_location = reader.location_of("default");
        let declares_models = reader.has("models");
        let model_sections = reader.named_sections("models");
        let mut unknown = gates::read_unknown(&mut reader);
        let (mut known, models_of_known) = known::read(&mut reader, known::Of::AnyModel);
        let backend_sections = reader.require("backends").named_sections("backends");
        reader.finish();

        let read_model = |(key, section): &(_, _)| model::read(key, section, diagnostics).map(Arc::new);
        let mut models: Vec<Arc<Contract>> = model_sections.iter().filter_map(read_model).collect();
        if source.text() != BUILT_IN {
            let built_in = Self::built_in()?;
            if !declares_models {
                models = built_in.models;
            }
            // Defects of boileroom's own backends concern models of any file.
            known.extend(built_in.known);
            unknown = unknown.or(Some(built_in.unknown));
        }
        // Others may name a model that has mistakes.
        let declared = model_sections.iter().map(|(key, _)| key.value.as_str());
        let keys: BTreeSet<&str> = declared.chain(models.iter().map(|model| model.key.as_str())).collect();
        let read_backend =
            |(name, section): &(Located<String>, _)| BackendTable::read(name.clone(), section, &models, diagnostics);
        let backends: Vec<BackendTable> = backend_sections.iter().filter_map(read_backend).collect();
        let served = backends.iter().filter_map(|backend| backend.models.as_ref()).flatten();
        for model in served.chain(&models_of_known) {
            if !keys.contains(model.value.as_str()) {
                diagnostics.push(Diagnostic::unknown(model.location.clone(), "model", &model.value, &keys));
            }
        }
        let names = backend_sections.iter().map(|(name, _)| name.value.as_str());
        let default = default.or_else(|| names.clone().next().map(str::to_owned));
        if let Some(default) = &default
            && !names.clone().any(|name| name == default)
        {
            diagnostics.push(Diagnostic::unknown(default_location, "backend", default, names));
        }
        let (default, unknown) = (default.unwrap_or_default(), unknown.unwrap_or_default());
        Ok(Some(Self { default, backends, models, unknown, known }))
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
