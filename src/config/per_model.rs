//! What a backend's table says of single models: `config`, the options its instances get, and `variants`, the sizes that
//! there are. Reads and checks names against the contracts; starts nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::section::Datum;
use super::{Diagnostic, Located, Section, TableReader, json};
use crate::prediction::contract::Variant;
use crate::prediction::{Contract, Options};

/// What a backend says of every model, by key; nothing for most.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerModel {
    configs: BTreeMap<String, Options>,
    /// Published names, the default first.
    variants: BTreeMap<String, Vec<String>>,
}

impl PerModel {
    /// The options that an instance of a model gets here before any case says otherwise, its size among them where the
    /// backend names one.
    pub(crate) fn config(&self, contract: &Contract) -> Options {
        let mut config = self.configs.get(&contract.key).cloned().unwrap_or_default();
        let first = self.variants.get(&contract.key).and_then(|names| names.first());
        if let (Some(option), Some(first)) = (contract.variant_option(), first) {
            config.entry(option).or_insert_with(|| first.as_str().into());
        }
        config
    }

    /// The size that a model has here unless a case says otherwise, where it is not the contract's own default.
    pub(crate) fn variant<'a>(&self, contract: &'a Contract) -> Option<&'a Variant> {
        let chosen = contract.variant(&self.config(contract))?;
        let by_default = contract.variants.first()?;
        (chosen.name != by_default.name).then_some(chosen)
    }

    /// Whether there is a published size of a model here.
    pub(crate) fn offers(&self, contract: &Contract, variant: &Variant) -> bool {
        let offered = self.variants.get(&contract.key);
        offered.is_none_or(|names| names.contains(&variant.name))
    }

    /// Reads `config` and `variants` of a backend's table.
    pub(super) fn read(reader: &mut TableReader<'_>, contracts: &[Arc<Contract>]) -> Self {
        let mut read = Self::default();
        if let Some(section) = reader.section("variants") {
            read.read_variants(&section, contracts, &mut reader.within(&section));
        }
        if let Some(section) = reader.section("config") {
            read.read_configs(&section, contracts, reader);
        }
        read
    }

    fn read_variants(&mut self, section: &Section, contracts: &[Arc<Contract>], reader: &mut TableReader<'_>) {
        for entry in section.entries() {
            let (key, place) = (entry.key(), entry.key_location());
            let Some(contract) = contracts.iter().find(|contract| contract.key == key) else {
                let known = contracts.iter().map(|contract| contract.key.as_str());
                reader.diagnostics().push(Diagnostic::unknown(place, "model", key, known));
                continue;
            };
            if contract.variants.is_empty() {
                let diagnostic = Diagnostic::at(place, format!("model `{key}` has no variants"));
                reader.diagnostics().push(diagnostic);
                continue;
            }
            let Datum::Array(items) = entry.item().datum() else {
                let place = entry.item().location();
                let diagnostic = Diagnostic::at(place, format!("`{key}` is {}", entry.item().describe()));
                reader.diagnostics().push(diagnostic.with_label("expected an array of names of variants"));
                continue;
            };
            let written = reader.take(key, items, "the name of a variant", |datum| match datum {
                Datum::Text(text) => Some(text.to_owned()),
                _ => None,
            });
            if items.iter().len() == 0 {
                let diagnostic = Diagnostic::at(entry.item().location(), "no variant is named");
                reader.diagnostics().push(diagnostic.with_label("expected at least one, the default first"));
            }
            let mut names: Vec<String> = Vec::with_capacity(written.len());
            for (name, item) in written.iter().zip(items.iter()) {
                match contract.variant_named(name) {
                    Some(variant) if !names.contains(&variant.name) => names.push(variant.name.clone()),
                    Some(_) => {}
                    None => reader.diagnostics().push(unknown_variant(contract, name, item.location())),
                }
            }
            self.variants.insert(key.to_owned(), names);
        }
    }

    /// The key of a model holds a table of its options; any other key is an option of every model that has it.
    fn read_configs(&mut self, section: &Section, contracts: &[Arc<Contract>], outer: &mut TableReader<'_>) {
        let mut reader = outer.within(section);
        for entry in section.entries() {
            let (key, item) = (entry.key(), entry.item());
            if let Some(contract) = contracts.iter().find(|contract| contract.key == key) {
                let Datum::Table(table) = item.datum() else {
                    let diagnostic = Diagnostic::at(item.location(), format!("`{key}` is {}", item.describe()));
                    reader.diagnostics().push(diagnostic.with_label("expected a table of options of this model"));
                    continue;
                };
                for option in table.entries() {
                    let name = Located { value: option.key().to_owned(), location: option.key_location() };
                    let value = json::value(option.item(), reader.diagnostics());
                    self.add(contract, &name, value, &mut reader);
                }
                continue;
            }
            let value = json::value(item, reader.diagnostics());
            let takers = contracts.iter().filter(|contract| contract.option(key).is_some());
            let takers: Vec<&Contract> = takers.map(Arc::as_ref).collect();
            let [first, ..] = takers[..] else {
                let options = contracts.iter().flat_map(|contract| &contract.options);
                let mut known: Vec<&str> = options.map(|option| option.name.as_str()).collect();
                known.sort_unstable();
                known.dedup();
                let diagnostic = Diagnostic::unknown(entry.key_location(), "option", key, known);
                reader.diagnostics().push(diagnostic);
                continue;
            };
            let Some(value) = value else { continue };
            // A size belongs to the models that have it, and only to them.
            let has_it = |contract: &&Contract| {
                let selects = contract.variant_option() == Some(key);
                !selects || value.as_str().is_some_and(|name| contract.variant_named(name).is_some())
            };
            let fitting: Vec<&Contract> = takers.iter().copied().filter(has_it).collect();
            if fitting.is_empty() {
                let diagnostic = unknown_variant(first, value.as_str().unwrap_or_default(), item.location());
                reader.diagnostics().push(diagnostic);
            }
            for contract in fitting {
                // What is said of one model alone outweighs what is said of all.
                let own = self.configs.entry(contract.key.clone()).or_default();
                own.entry(key).or_insert_with(|| value.clone());
            }
        }
    }

    fn add(
        &mut self,
        contract: &Contract,
        name: &Located<String>,
        value: Option<serde_json::Value>,
        reader: &mut TableReader<'_>,
    ) {
        let Some(option) = contract.option(&name.value) else {
            let known = contract.options.iter().map(|option| option.name.as_str());
            let diagnostic = Diagnostic::unknown(name.location.clone(), "option", &name.value, known);
            reader.diagnostics().push(diagnostic);
            return;
        };
        let Some(value) = value else { return };
        let shown = value.as_str().unwrap_or_default();
        match Chosen::by(contract, &option.name, &value) {
            Chosen::Unknown => {
                let diagnostic = unknown_variant(contract, shown, name.location.clone());
                reader.diagnostics().push(diagnostic);
            }
            Chosen::Known(variant) if !self.offers(contract, variant) => {
                let message = format!("`{shown}` is not among the `variants` of {} here", contract.key);
                reader.diagnostics().push(Diagnostic::at(name.location.clone(), message));
            }
            Chosen::Known(_) | Chosen::Nothing => {}
        }
        let config = self.configs.entry(contract.key.clone()).or_default();
        config.insert(name.value.clone(), value);
    }
}

/// What the value of an option says of the variant.
enum Chosen<'a> {
    /// The option does not select it.
    Nothing,
    Known(&'a Variant),
    Unknown,
}

impl<'a> Chosen<'a> {
    fn by(contract: &'a Contract, option: &str, value: &serde_json::Value) -> Self {
        let selects = contract.variant_option() == Some(option);
        let Some(name) = value.as_str().filter(|_| selects) else { return Self::Nothing };
        match contract.variant_named(name) {
            Some(variant) => Self::Known(variant),
            // A directory of weights may stand for a model whose variants do not differ in size.
            None if contract.variants.iter().all(|variant| variant.dimensions.is_empty()) => Self::Nothing,
            None => Self::Unknown,
        }
    }
}

fn unknown_variant(contract: &Contract, name: &str, place: super::Location) -> Diagnostic {
    let variants = contract.variants.iter();
    let known = variants.flat_map(|variant| std::iter::once(&variant.name).chain(&variant.aliases));
    Diagnostic::unknown(place, "variant", name, known.map(String::as_str))
}
