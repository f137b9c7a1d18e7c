//! Reads the table of one check: the calls and fields it names must exist for every model that the case applies to.
//! Knows what is common to checks; what a check demands is its own business.

use std::ops::Range;

use super::case_results::Calls;
use super::expected::requests;
use super::field_path::FieldPath;
use super::number::names;
use crate::config::{Call, Diagnostic, Diagnostics, Located, Location, OneOrMany, Section, TableReader};
use crate::prediction::contract::{FieldKind, FieldSpec, Presence};
use crate::prediction::gates::{GateTable, GateValues};
use crate::prediction::{Contract, Gates};

/// The tolerances that something can be beyond.
pub(crate) const TOLERANCES: Range<f64> = 0.0..f64::INFINITY;

/// What the checks of a case may speak of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CaseContext<'a> {
    /// The names of the calls of the case, in order.
    pub(crate) calls: &'a [String],
    /// What these calls ask for; nothing where that is not known.
    pub(crate) requests: &'a [Call],
    /// The contracts of the models that the case applies to.
    pub(crate) contracts: &'a [&'a Contract],
}

/// A table being read for a check.
pub(crate) struct CheckParser<'a> {
    reader: TableReader<'a>,
    context: &'a CaseContext<'a>,
}

/// Which fields a check may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldScope {
    /// Those that the models can fill.
    Fillable,
    /// Also those that only other models fill.
    All,
}

impl<'a> CheckParser<'a> {
    /// Starts to read a check's table.
    pub(crate) fn new(section: &'a Section, context: &'a CaseContext<'a>, diagnostics: &'a mut Diagnostics) -> Self {
        Self { reader: TableReader::new(section, diagnostics), context }
    }

    /// The values of the table.
    pub(crate) const fn reader(&mut self) -> &mut TableReader<'a> {
        &mut self.reader
    }

    /// The calls of the case, in order.
    pub(crate) const fn all_calls(&self) -> &'a [String] {
        self.context.calls
    }

    /// The calls that `call` names, one or several; all when it is absent.
    pub(crate) fn calls(&mut self) -> Calls {
        self.named_calls("call").map_or(Calls::All, Calls::Named)
    }

    /// The calls that a key names, one or several; `None` when it is absent.
    pub(crate) fn named_calls(&mut self, key: &'static str) -> Option<Vec<String>> {
        let written = self.reader.text_or_texts(key)?.into_vec();
        if written.is_empty() {
            self.reader.reject(key, "no call is named", "expected a call of this case");
        }
        let known = |call: &Located<String>| self.context.calls.contains(&call.value);
        let (named, unknown): (Vec<_>, Vec<_>) = written.into_iter().partition(known);
        for call in &unknown {
            self.reject_call(call);
        }
        Some(named.into_iter().map(|call| call.value).collect())
    }

    /// One call by the key that names it.
    pub(crate) fn call(&mut self, key: &'static str) -> Option<String> {
        let value = self.reader.text(key)?;
        let location = self.reader.location_of(key);
        if self.context.calls.contains(&value) {
            return Some(value);
        }
        self.reject_call(&Located { value, location });
        None
    }

    /// The field that `field` names, which must be there.
    pub(crate) fn field(&mut self) -> Option<FieldPath> {
        let value = self.reader.required_text("field")?;
        let location = self.reader.location_of("field");
        self.path(&Located { value, location }, FieldScope::Fillable)
    }

    /// The field that `field` names, of which `accepts` must hold for every model; `what` says what it must be.
    pub(crate) fn field_that(&mut self, what: &str, accepts: impl Fn(&FieldSpec) -> bool) -> Option<FieldPath> {
        let path = self.field()?;
        self.demand(path, what, accepts)
    }

    /// As [`Self::field_that`], with a field that is meant when none is named.
    pub(crate) fn field_or(
        &mut self,
        usual: &'static str,
        what: &str,
        accepts: impl Fn(&FieldSpec) -> bool,
    ) -> Option<FieldPath> {
        if self.reader.has("field") {
            return self.field_that(what, accepts);
        }
        let location = self.reader.table().location();
        let value = usual.to_owned();
        let path = self.path(&Located { value, location }, FieldScope::Fillable)?;
        self.demand(path, what, accepts)
    }

    /// What checks of several fields read: `call` and `fields`.
    pub(crate) fn calls_and_fields(&mut self, naming: FieldScope) -> Option<(Calls, Vec<FieldPath>)> {
        let calls = self.calls();
        Some((calls, self.fields(naming)?))
    }

    /// The fields that `fields` names, at least one.
    pub(crate) fn fields(&mut self, naming: FieldScope) -> Option<Vec<FieldPath>> {
        let written = self.reader.require("fields").located_texts("fields")?;
        if written.is_empty() {
            self.reader.reject("fields", "no field is named", "expected at least one");
            return None;
        }
        let paths: Vec<Option<FieldPath>> = written.iter().map(|name| self.path(name, naming)).collect();
        paths.into_iter().collect()
    }

    /// Demands that every model has a table of gates; `name` is that of the table.
    pub(crate) fn demand_gates(&mut self, name: &str, has: impl Fn(&Gates) -> bool) {
        let without = self.context.contracts.iter().filter(|contract| !has(&contract.gates));
        let without: Vec<&str> = without.map(|contract| contract.key.as_str()).collect();
        if !without.is_empty() {
            let models = names(without.iter().copied());
            let location = self.reader.table().location();
            let diagnostic = Diagnostic::at(location, format!("{models} cannot be judged so, there are no gates"));
            let label = format!("expected `[models.{}.gates.{name}]`", without.first().unwrap_or(&"KEY"));
            self.reader.diagnostics().push(diagnostic.with_label(label));
        }
    }

    /// Demands that the gates that a check changes can still be broken for every model.
    pub(crate) fn demand_breakable<T: GateTable>(&mut self, changes: &GateValues, of: impl Fn(&Gates) -> Option<T>) {
        let gates = self.context.contracts.iter().filter_map(|contract| of(&contract.gates));
        if gates.clone().any(|gates| gates.with(changes).is_open()) {
            let label = "expected at least one gate that a response can break";
            self.reader.reject("gates", "no response can break these gates", label);
        }
    }

    /// Demands that shapes of every model may speak of a symbol.
    pub(crate) fn demand_symbol(&mut self, symbol: &str, location: Location) {
        let without = self.context.contracts.iter().filter(|contract| !contract.has_symbol(symbol));
        let without: Vec<&str> = without.map(|contract| contract.key.as_str()).collect();
        if without.is_empty() {
            return;
        }
        let diagnostic = if without.len() == self.context.contracts.len() {
            let mut candidates: Vec<&str> = Vec::new();
            for symbol in self.context.contracts.iter().flat_map(|contract| contract.symbols()) {
                if !candidates.contains(&symbol) {
                    candidates.push(symbol);
                }
            }
            Diagnostic::unknown(location, "dimension", symbol, candidates)
        } else {
            let list = names(without.iter().copied());
            Diagnostic::at(location, format!("{list} has no dimension `{symbol}`"))
                .with_help(format!("limit the case to models that have it, with `needs = [\"{symbol}\"]`"))
        };
        self.reader.diagnostics().push(diagnostic);
    }

    /// Demands that fields hold one item for each sample, and are named whole.
    pub(crate) fn demand_samples(&mut self, fields: &[FieldPath]) {
        let has_samples = |path: &&FieldPath| path.is_whole() && path.metadata_attribute().is_none();
        if let Some(path) = fields.iter().find(|path| !has_samples(path)) {
            let message = format!("`{path}` has no samples");
            self.reader.reject("items", message, "expected `fields` of the contract");
        }
    }

    /// Demands that, where `key` is given, at least one field is of a kind that it speaks of.
    pub(crate) fn demand_some(
        &mut self,
        key: &'static str,
        fields: &[FieldPath],
        what: &str,
        accepts: impl Fn(FieldKind) -> bool,
    ) {
        let mut contracts = self.context.contracts.iter();
        let any = |contract: &&Contract| {
            let mut kinds = fields.iter().filter_map(|path| contract.field(path.name()));
            kinds.any(|field| accepts(field.kind))
        };
        if self.reader.has(key) && !contracts.all(any) {
            let message = format!("`{key}` is said of no field");
            self.reader.reject(key, message, format_args!("expected {what} among `fields`"));
        }
    }

    /// The phrases of a key, one or several; none when it is absent.
    pub(crate) fn phrases(&mut self, key: &'static str) -> Vec<String> {
        let written = self.reader.text_or_texts(key).map(OneOrMany::into_vec);
        let phrases = written.unwrap_or_default();
        phrases.into_iter().map(|phrase| phrase.value).collect()
    }

    /// Reports the keys that the check does not have.
    pub(crate) fn finish(self) {
        self.reader.finish();
    }

    fn demand(&mut self, path: FieldPath, what: &str, accepts: impl Fn(&FieldSpec) -> bool) -> Option<FieldPath> {
        let specs = self.context.contracts.iter().map(|contract| contract.field(path.name()));
        if specs.clone().all(|spec| spec.is_some_and(&accepts)) {
            return Some(path);
        }
        self.reader.reject("field", format_args!("`{path}` cannot be judged so"), format_args!("expected {what}"));
        None
    }

    fn path(&mut self, written: &Located<String>, naming: FieldScope) -> Option<FieldPath> {
        let place = || written.location.clone();
        let Some(path) = FieldPath::parse(&written.value) else {
            let diagnostic = Diagnostic::at(place(), format!("`{}` is not a field", written.value));
            let label = "expected a name such as `plddt`, `plddt[0]` or `metadata.sequence_lengths`";
            self.reader.diagnostics().push(diagnostic.with_label(label));
            return None;
        };
        if let Some(attribute) = path.metadata_attribute() {
            let attributes = crate::prediction::METADATA_ATTRIBUTES;
            if attribute.is_empty() || attributes.contains(&attribute) {
                return Some(path);
            }
            let diagnostic = Diagnostic::unknown(place(), "attribute of metadata", attribute, attributes);
            self.reader.diagnostics().push(diagnostic);
            return None;
        }
        let has = |contract: &Contract| {
            let field = contract.field(path.name());
            field.is_some_and(|field| naming == FieldScope::All || field.presence != Presence::Never)
        };
        let without: Vec<&str> = self
            .context
            .contracts
            .iter()
            .filter(|contract| !has(contract))
            .map(|contract| contract.key.as_str())
            .collect();
        // A field that some other model has is a name that may be meant; whether any has it is only looked up where none here does.
        let is_elsewhere = || {
            let built_in = crate::config::Config::built_in().map(|config| config.models);
            let mut others = built_in.unwrap_or_default().into_iter();
            without.len() < self.context.contracts.len() || others.any(|contract| contract.field(path.name()).is_some())
        };
        if naming == FieldScope::Fillable
            && without.is_empty()
            && let Some(model) = self.never_requested(path.name())
        {
            let diagnostic = Diagnostic::at(place(), format!("no call asks {model} for `{}`", path.name()));
            let label = "expected a field of `include_fields`, or one that is always there";
            self.reader.diagnostics().push(diagnostic.with_label(label));
            return None;
        }
        if without.is_empty() || (naming == FieldScope::All && is_elsewhere()) {
            return Some(path);
        }
        self.reject_field(path.name(), place(), &without);
        None
    }

    /// A model that fills a field on request and that no call of the case asks for it.
    fn never_requested(&self, field: &str) -> Option<&'a str> {
        let calls = self.context.requests;
        let is_optional = |contract: &Contract| {
            let spec = contract.field(field);
            spec.is_some_and(|spec| spec.presence == Presence::Requested)
        };
        let asks = |contract: &Contract, call: &Call| {
            let config = call.config_for(contract, None, crate::prediction::Options::new());
            requests(&contract.effective_options(&config, &call.options), field)
        };
        let mut contracts = self.context.contracts.iter().filter(|_| !calls.is_empty());
        let never = contracts.find(|model| is_optional(model) && !calls.iter().any(|call| asks(model, call)));
        never.map(|contract| &*contract.key)
    }

    fn reject_field(&mut self, name: &str, location: Location, without: &[&str]) {
        let diagnostic = if without.len() == self.context.contracts.len() {
            let mut candidates = vec!["metadata"];
            for field in self.context.contracts.iter().flat_map(|contract| &contract.fields) {
                if field.presence != Presence::Never && !candidates.contains(&field.name.as_str()) {
                    candidates.push(&field.name);
                }
            }
            Diagnostic::unknown(location, "field", name, candidates)
        } else {
            let list = names(without.iter().copied());
            Diagnostic::at(location, format!("{list} cannot fill the field `{name}`"))
                .with_help(format!("limit the case to models that can, with `needs = [\"{name}\"]`"))
        };
        self.reader.diagnostics().push(diagnostic);
    }

    fn reject_call(&mut self, call: &Located<String>) {
        let calls = self.context.calls.iter().map(String::as_str);
        let diagnostic = Diagnostic::unknown(call.location.clone(), "call", &call.value, calls);
        self.reader.diagnostics().push(diagnostic);
    }
}
