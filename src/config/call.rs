//! One call of a case: what is sent, with which options, to an instance of which configuration. What a call does not
//! say it takes from its case, and a case from its suite.

use super::scope::ScopeNames;
use super::section::Datum;
use super::{Diagnostic, Diagnostics, Location, OneOrMany, Section, Sequences, TableReader, model};
use crate::prediction::{Contract, Input, Method, Options};

/// A call to a model.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its name within the case; `call` where the case makes only one and does not name it.
    pub(crate) name: String,
    /// What is sent.
    pub(crate) input: Input,
    /// The options that are sent along.
    pub(crate) options: Options,
    /// What the instance is started with.
    pub(crate) config: Options,
    /// The method that is called, where it is another than the model has.
    pub(crate) method: Option<Method>,
    /// Where it is written.
    pub(crate) location: Location,
}

impl Call {
    /// What the instance is started with on a backend that gives its instances `base`, when the case is repeated for a
    /// variant of the model: the call's own word counts most, the backend's least.
    pub(crate) fn config_for(&self, contract: &Contract, variant: Option<&str>, base: Options) -> Options {
        let mut config = base;
        if let (Some(option), Some(variant)) = (contract.variant_option(), variant) {
            config.insert(option.to_owned(), variant.into());
        }
        config.extend(self.config.clone());
        config
    }
}

/// What suite, case and call may each say of a call; the innermost word counts, options key by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Defaults {
    pub(super) input: Option<Input>,
    pub(super) options: Options,
    pub(super) config: Options,
    pub(super) method: Option<Method>,
}

impl Defaults {
    /// Reads `options`, `config` and their unchecked companions, over those of the outer table, and `unchecked_method`.
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
        let ways = ["sequences", "literal", "structured"];
        let given: Vec<&str> = ways.into_iter().filter(|way| reader.has(way)).collect();
        let input = match given[..] {
            [] => return,
            ["sequences"] => {
                reader.text_or_texts("sequences").and_then(|names| resolve(&names, sequences, reader.diagnostics()))
            }
            ["literal"] => reader.text_or_texts("literal").map(|literal| match literal {
                OneOrMany::One(text) => Input::One(text.value),
                OneOrMany::Many(texts) => Input::Many(texts.into_iter().map(|text| text.value).collect()),
            }),
            ["structured"] => reader.json("structured").map(Input::Structured),
            [first, second, ..] => {
                let message = format!("both `{first}` and `{second}` say what to send");
                reader.reject(second, message, "expected only one of them");
                None
            }
            [_] => None,
        };
        // What was wrong has been reported; an empty input keeps it from being reported as missing too.
        self.input = Some(input.unwrap_or_else(|| Input::Many(Vec::new())));
    }
}

fn resolve(names: &OneOrMany, sequences: &Sequences, diagnostics: &mut Diagnostics) -> Option<Input> {
    match names {
        OneOrMany::One(name) => sequences.resolve(name, diagnostics).map(Input::One),
        OneOrMany::Many(names) => {
            let resolved: Vec<_> = names.iter().map(|name| sequences.resolve(name, diagnostics)).collect();
            resolved.into_iter().collect::<Option<_>>().map(Input::Many)
        }
    }
}

/// Options and names of fields that no model has are mistakes of writing; who means them says `unchecked_options`.
fn check_options(section: &Section, scope_names: &ScopeNames, diagnostics: &mut Diagnostics) {
    for entry in section.entries() {
        let key = entry.key();
        if !scope_names.options.contains(key) {
            let known = scope_names.options.iter().map(String::as_str);
            diagnostics.push(Diagnostic::unknown(entry.key_location(), "option", key, known));
        }
        let Datum::Array(items) = entry.item().datum() else { continue };
        for item in items.iter().filter(|_| key == "include_fields") {
            if let Datum::Text(field) = item.datum()
                && !scope_names.fields.contains(field)
            {
                let known = scope_names.fields.iter().map(String::as_str);
                diagnostics.push(Diagnostic::unknown(item.location(), "field", field, known));
            }
        }
    }
}
