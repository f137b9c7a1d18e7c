//! Reads the table of one check. The calls and fields that it names must exist for every model that the case applies to. Knows
//! what checks have in common, not what a single check demands.

use std::ops::Range;

use super::case_results::Calls;
use super::expected::requests;
use super::field_path::FieldPath;
use super::number::names;
use crate::config::{Call, Diagnostic, Diagnostics, Located, Location, OneOrMany, Section, TableReader};
use crate::prediction::contract::{FieldKind, FieldSpec, Presence, SAMPLE_SYMBOLS};
use crate::prediction::gates::{GateTable, GateValues};
use crate::prediction::{Contract, Gates};

/// The tolerances that a difference can exceed.
pub(crate) const TOLERANCES: Range<f64> = 0.0..f64::INFINITY;

/// What the checks of a case may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseContext<'a> {
    /// The names of the calls of the case, in order.
    pub(crate) calls: &'a [String],
    /// The requests of these calls. Empty if they are not known.
    pub(crate) requests: &'a [Call],
    /// The contracts of the models that the case applies to.
    pub(crate) contracts: &'a [&'a Contract],
}

/// Which fields a check may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldScope {
    /// Those that the models can fill.
    Fillable,
    /// Also those that only other models fill.
    All,
}

/// A table being read for a check.
pub(crate) struct CheckParser<'a> {
    /// The values of the table.
    pub(crate) reader: TableReader<'a>,
    /// What the check may name.
    pub(crate) context: &'a CaseContext<'a>,
    /// The calls that the check looks at.
    pub(crate) calls: Calls,
}

impl<'a> CheckParser<'a> {
    /// Starts to read a check's table.
    pub(crate) fn new(section: &'a Section, context: &'a CaseContext<'a>, diagnostics: &'a mut Diagnostics) -> Self {
        Self { reader: TableReader::new(section, diagnostics), context, calls: Calls::All }
    }

    /// Reports something wrong with the table as a whole.
    pub(crate) fn reject(&mut self, message: impl Into<String>, label: impl Into<String>) {
        self.reject_at(self.reader.table().location(), message, label);
    }

    fn reject_at(&mut self, location: Location, message: impl Into<String>, label: impl Into<String>) {
        self.reader.diagnostics().push(Diagnostic::at(location, message).with_label(label));
    }

    /// The calls that a key names, one or several. Returns `None` if the key is absent.
    pub(crate) fn named_calls(&mut self, key: &'static str) -> Option<Vec<String>> {
        let written = self.reader.text_or_texts(key)?.into_vec();
        if written.is_empty() {
            self.reader.reject(key, "no call is named", "expected a call of this case");
        }
        Some(written.into_iter().filter_map(|call| self.known_call(call)).collect())
    }

    /// One call by the key that names it.
    pub(crate) fn call(&mut self, key: &'static str) -> Option<String> {
        let value = self.reader.text(key)?;
        self.known_call(Located { value, location: self.reader.location_of(key) })
    }

    fn known_call(&mut self, call: Located<String>) -> Option<String> {
        if self.context.calls.contains(&call.value) {
            return Some(call.value);
        }
        let calls = self.context.calls.iter().map(String::as_str);
        self.reader.diagnostics().push(Diagnostic::unknown(call.location, "call", &call.value, calls));
        None
    }

    /// The field that the required key `field` names.
    pub(crate) fn field(&mut self) -> Option<FieldPath> {
        let value = self.reader.required_text("field")?;
        let location = self.reader.location_of("field");
        self.path(&Located { value, location }, FieldScope::Fillable)
    }

    /// The field that `field` names. `accepts` must hold for it in every model's contract; `what` describes such fields in the message.
    pub(crate) fn field_that(&mut self, what: &str, accepts: impl Fn(&FieldSpec) -> bool) -> Option<FieldPath> {
        let path = self.field()?;
        self.demand(path, what, accepts)
    }

    /// As [`Self::field_that`], with a default for an absent key.
    pub(crate) fn field_or(
        &mut self,
        usual: &str,
        what: &str,
        accepts: impl Fn(&FieldSpec) -> bool,
    ) -> Option<FieldPath> {
        if self.reader.has("field") {
            return self.field_that(what, accepts);
        }
        let written = Located { value: usual.to_owned(), location: self.reader.table().location() };
        let path = self.path(&written, FieldScope::Fillable)?;
        self.demand(path, what, accepts)
    }

    /// The fields that `fields` names, at least one.
    pub(crate) fn fields(&mut self, scope: FieldScope) -> Option<Vec<FieldPath>> {
        let written = self.reader.require("fields").located_texts("fields")?;
        if written.is_empty() {
            self.reader.reject("fields", "no field is named", "expected at least one");
            return None;
        }
        let paths: Vec<Option<FieldPath>> = written.iter().map(|name| self.path(name, scope)).collect();
        paths.into_iter().collect()
    }

    fn models_without(&self, has: impl Fn(&Contract) -> bool) -> Vec<&'a str> {
        let without = self.context.contracts.iter().filter(|contract| !has(contract));
        without.map(|contract| contract.key.as_str()).collect()
    }

    /// Demands that every model has a table of gates, by the name of the table.
    pub(crate) fn demand_gates(&mut self, name: &str, has: impl Fn(&Gates) -> bool) {
        let without = self.models_without(|contract| has(&contract.gates));
        if let Some(first) = without.first() {
            let label = format!("expected `[models.{first}.gates.{name}]`");
            self.reject(format!("{} cannot be judged so, there are no gates", names(without.iter().copied())), label);
        }
    }

    /// Demands that the gates that a check changes can still be broken for every model.
    pub(crate) fn demand_breakable<T: GateTable>(&mut self, changes: &GateValues, of: impl Fn(&Gates) -> Option<T>) {
        let mut gates = self.context.contracts.iter().filter_map(|contract| of(&contract.gates));
        if gates.any(|gates| gates.with(changes).is_open()) {
            let label = "expected at least one gate that a response can break";
            self.reader.reject("gates", "no response can break these gates", label);
        }
    }

    /// Demands that a symbol has a size in a field of every model, or in any if the field is not known.
    pub(crate) fn demand_symbol(&mut self, symbol: &str, field: Option<&FieldPath>, location: Location) {
        let without = self.models_without(|contract| contract.has_symbol(symbol));
        if without.is_empty() {
            if let Some(field) = field.filter(|_| SAMPLE_SYMBOLS.contains(&symbol)) {
                self.demand_samples_in(field, symbol, location);
            }
            return;
        }
        if self.context.contracts.iter().any(|contract| contract.leaves_open(symbol)) {
            let label = "expected a symbol whose size is published, or a number";
            return self.reject_at(location, format!("the size of `{symbol}` is not known"), label);
        }
        let diagnostic = if without.len() == self.context.contracts.len() {
            let symbols = self.context.contracts.iter().flat_map(|contract| contract.symbols());
            Diagnostic::unknown(location, "dimension", symbol, unique(symbols))
        } else {
            Diagnostic::at(location, format!("{} has no dimension `{symbol}`", names(without)))
                .with_help(format!("limit the case to models that have it, with `needs = [\"{symbol}\"]`"))
        };
        self.reader.diagnostics().push(diagnostic);
    }

    /// Demands that a field has an item for each sample, of which a symbol is a size.
    fn demand_samples_in(&mut self, field: &FieldPath, symbol: &str, location: Location) {
        let is_of_all = |contract: &Contract| contract.field(field.name()).is_some_and(|own| !own.kind.is_per_sample());
        let without = self.models_without(|contract| !is_of_all(contract));
        if !without.is_empty() {
            let label = format!("a size of one sample; `{}` of {} is of all", field.name(), names(without));
            self.reject_at(location, format!("`{symbol}` has no size in `{field}`"), label);
        }
    }

    /// Demands that fields hold one item for each sample, and are named whole.
    pub(crate) fn demand_samples(&mut self, fields: &[FieldPath]) {
        let has_samples = |path: &&FieldPath| path.is_whole() && path.metadata_attribute().is_none();
        if let Some(path) = fields.iter().find(|path| !has_samples(path)) {
            let message = format!("`{path}` has no samples");
            self.reader.reject("items", message, "expected `fields` of the contract");
        }
    }

    /// Demands that at least one field has a kind that `key` applies to, if `key` is given.
    pub(crate) fn demand_some(
        &mut self,
        key: &'static str,
        fields: &[FieldPath],
        what: &str,
        accepts: impl Fn(FieldKind) -> bool,
    ) {
        let any = |contract: &&Contract| {
            fields.iter().filter_map(|path| contract.field(path.name())).any(|field| accepts(field.kind))
        };
        if self.reader.has(key) && !self.context.contracts.iter().all(any) {
            let message = format!("`{key}` is said of no field");
            self.reader.reject(key, message, format_args!("expected {what} among `fields`"));
        }
    }

    /// The phrases of a key, one or several. Empty if the key is absent.
    pub(crate) fn phrases(&mut self, key: &'static str) -> Vec<String> {
        let written = self.reader.text_or_texts(key).map(OneOrMany::into_vec).unwrap_or_default();
        written.into_iter().map(|phrase| phrase.value).collect()
    }

    fn demand(&mut self, path: FieldPath, what: &str, accepts: impl Fn(&FieldSpec) -> bool) -> Option<FieldPath> {
        // The checks that demand a kind of field match its samples with those of the input.
        if !path.is_whole() {
            self.reader.reject("field", format_args!("`{path}` is a part of a field"), "expected a whole field");
            return None;
        }
        let mut specs = self.context.contracts.iter().map(|contract| contract.field(path.name()));
        if specs.all(|spec| spec.is_some_and(&accepts)) {
            return Some(path);
        }
        self.reader.reject("field", format_args!("`{path}` cannot be judged so"), format_args!("expected {what}"));
        None
    }

    fn path(&mut self, written: &Located<String>, scope: FieldScope) -> Option<FieldPath> {
        let location = written.location.clone();
        let Some(path) = FieldPath::parse(&written.value) else {
            let label = "expected a name such as `plddt`, `plddt[0]` or `metadata.sequence_lengths`";
            self.reject_at(location, format!("`{}` is not a field", written.value), label);
            return None;
        };
        if let Some(attribute) = path.metadata_attribute() {
            let attributes = crate::prediction::METADATA_ATTRIBUTES;
            if attribute.is_empty() || attributes.contains(&attribute) {
                return Some(path);
            }
            let diagnostic = Diagnostic::unknown(location, "attribute of metadata", attribute, attributes);
            self.reader.diagnostics().push(diagnostic);
            return None;
        }
        let without = self.models_without(|contract| {
            let field = contract.field(path.name());
            field.is_some_and(|field| scope == FieldScope::All || field.presence != Presence::Never)
        });
        // A field that another model has may be meant. The built-in models are read only if none of these models has it, because reading them takes milliseconds.
        let is_elsewhere = || {
            let of_built_in = || {
                let built_in = crate::config::Config::built_in().map(|config| config.models).unwrap_or_default();
                built_in.iter().any(|contract| contract.field(path.name()).is_some())
            };
            without.len() < self.context.contracts.len() || of_built_in()
        };
        if scope == FieldScope::Fillable
            && without.is_empty()
            && let Some(model) = self.never_requested(path.name())
        {
            let label = "expected a field of `include_fields`, or one that is always there";
            self.reject_at(location, format!("no call asks {model} for `{}`", path.name()), label);
            return None;
        }
        if without.is_empty() || (scope == FieldScope::All && is_elsewhere()) {
            return Some(path);
        }
        self.reject_field(path.name(), location, without);
        None
    }

    /// A model that fills a field on request although no call of the case requests it.
    fn never_requested(&self, field: &str) -> Option<&'a str> {
        let calls = self.context.requests;
        let asks = |contract: &Contract, call: &Call| {
            let config = call.config_for(contract, None, crate::prediction::Options::new());
            requests(&contract.effective_options(&config, &call.options), field)
        };
        let never = |contract: &&&Contract| {
            contract.field(field).is_some_and(|spec| spec.presence == Presence::Requested)
                && !calls.iter().any(|call| asks(contract, call))
        };
        let model = self.context.contracts.iter().filter(|_| !calls.is_empty()).find(never);
        model.map(|contract| &*contract.key)
    }

    fn reject_field(&mut self, name: &str, location: Location, without: Vec<&str>) {
        let diagnostic = if without.len() == self.context.contracts.len() {
            let fields = self.context.contracts.iter().flat_map(|contract| &contract.fields);
            let fillable = fields.filter(|field| field.presence != Presence::Never).map(|field| field.name.as_str());
            Diagnostic::unknown(location, "field", name, unique(["metadata"].into_iter().chain(fillable)))
        } else {
            Diagnostic::at(location, format!("{} cannot fill the field `{name}`", names(without)))
                .with_help(format!("limit the case to models that can, with `needs = [\"{name}\"]`"))
        };
        self.reader.diagnostics().push(diagnostic);
    }
}

/// Each name once, in the order of the first mention.
fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}
