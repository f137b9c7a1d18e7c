//! One call of a case: its input, its options and the configuration of the instance. A call inherits missing values from its case, and
//! a case from its suite. Does not make calls.

use super::scope::ScopeNames;
use super::{Diagnostic, Diagnostics, Located, Location, OneOrMany, Section, Sequences, TableReader, model};
use crate::prediction::{Contract, Input, Method, Options};

/// A call to a model.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The name within the case; `call` if the case makes only one and does not name it.
    pub(crate) name: String,
    pub(crate) input: Input,
    pub(crate) options: Options,
    /// The configuration of the instance.
    pub(crate) config: Options,
    /// The method, if it is not that of the model.
    pub(crate) method: Option<Method>,
    pub(crate) location: Location,
}

impl Call {
    /// The configuration of the instance on a backend whose own configuration is `base`, if the case runs for a variant of the model.
    /// The call overrides the variant, which overrides the backend.
    pub(crate) fn config_for(&self, contract: &Contract, variant: Option<&str>, mut config: Options) -> Options {
        if let (Some(option), Some(variant)) = (contract.variant_option(), variant) {
            config.insert(option.to_owned(), variant.into());
        }
        config.extend(self.config.clone());
        config
    }
}

/// Values that suite, case and call may each set. The innermost one counts, for options key by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    pub(super) input: Option<Input>,
    pub(super) options: Options,
    pub(super) config: Options,
    pub(super) method: Option<Method>,
}

impl Defaults {
    /// Reads `options`, `config`, their unchecked variants and `unchecked_method`, over the values of the outer table.
    pub(super) fn read_options(&self, reader: &mut TableReader<'_>, scope_names: &ScopeNames) -> Self {
        let mut inner = self.clone();
        for (target, checked, unchecked) in
            [(&mut inner.options, "options", "unchecked_options"), (&mut inner.config, "config", "unchecked_config")]
        {
            if let Some(section) = reader.section(checked) {
                check_options(&section, scope_names, reader.diagnostics());
                target.extend(reader.object(checked).unwrap_or_default());
            }
            if reader.has(unchecked) {
                target.extend(reader.object(unchecked).unwrap_or_default());
            }
        }
        inner.method = reader.choice("unchecked_method", &model::METHODS).or(inner.method);
        inner
    }

    /// Reads one of `sequences`, `literal` and `structured`.
    pub(super) fn read_input(&mut self, reader: &mut TableReader<'_>, sequences: &Sequences) {
        let given: Vec<&str> =
            ["sequences", "literal", "structured"].into_iter().filter(|way| reader.has(way)).collect();
        let input = match given[..] {
            [] => return,
            ["sequences"] => reader
                .text_or_texts("sequences")
                .and_then(|names| input(names, |name| sequences.resolve(&name, reader.diagnostics()))),
            ["literal"] => reader.text_or_texts("literal").and_then(|texts| input(texts, |text| Some(text.value))),
            [_] => reader.json("structured").map(Input::Structured),
            [first, second, ..] => {
                let message = format!("both `{first}` and `{second}` say what to send");
                reader.reject(second, message, "expected only one of them");
                None
            }
        };
        // Mistakes were reported. An empty input is not reported as missing again.
        self.input = Some(input.unwrap_or_else(|| Input::Many(Vec::new())));
    }
}

/// An input of texts that `resolve` makes; all of them are resolved, so that every mistake is reported.
fn input(texts: OneOrMany, mut resolve: impl FnMut(Located<String>) -> Option<String>) -> Option<Input> {
    match texts {
        OneOrMany::One(text) => resolve(text).map(Input::One),
        OneOrMany::Many(texts) => {
            let resolved: Vec<_> = texts.into_iter().map(resolve).collect();
            resolved.into_iter().collect::<Option<_>>().map(Input::Many)
        }
    }
}

/// Reports options and fields that no model has. `unchecked_options` is for those that are meant to be unknown.
fn check_options(section: &Section, scope_names: &ScopeNames, diagnostics: &mut Diagnostics) {
    for entry in section.entries() {
        let key = entry.key();
        if !scope_names.options.contains(key) {
            diagnostics.push(Diagnostic::unknown(entry.key_location(), "option", key, &scope_names.options));
        }
        let Some(items) = entry.item().array() else { continue };
        for item in items.iter().filter(|_| key == "include_fields") {
            if let Some(field) = item.text().filter(|field| !scope_names.fields.contains(*field)) {
                diagnostics.push(Diagnostic::unknown(item.location(), "field", field, &scope_names.fields));
            }
        }
    }
}
