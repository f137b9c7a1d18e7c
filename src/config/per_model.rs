//! Keys of a backend's table for single models: `config`, the options of its instances, and `variants`, the available sizes. Checks
//! names against the contracts. Does not start instances.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::nested::to_json;
use super::section::{Entry, Item};
use super::{Diagnostic, Diagnostics, Location, Section, TableReader};
use crate::prediction::contract::Variant;
use crate::prediction::{Contract, Options};

/// Options and sizes of models on one backend, by key. Most models have none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerModel {
    configs: BTreeMap<String, Options>,
    /// Published names, the default first.
    variants: BTreeMap<String, Vec<String>>,
}

impl PerModel {
    /// The options of an instance of a model before those of a case, including the size if the backend names one.
    pub(crate) fn config(&self, contract: &Contract) -> Options {
        let mut config = self.configs.get(&contract.key).cloned().unwrap_or_default();
        let first = self.variants.get(&contract.key).and_then(|names| names.first());
        if let (Some(option), Some(first)) = (contract.variant_option(), first) {
            config.entry(option).or_insert_with(|| first.as_str().into());
        }
        config
    }

    /// The default size of a model here, if it differs from that of the contract.
    pub(crate) fn variant<'a>(&self, contract: &'a Contract) -> Option<&'a Variant> {
        let chosen = contract.variant(&self.config(contract))?;
        (chosen.name != contract.variants.first()?.name).then_some(chosen)
    }

    /// Whether a published size of a model is available here.
    pub(crate) fn offers(&self, contract: &Contract, variant: &Variant) -> bool {
        self.variants.get(&contract.key).is_none_or(|names| names.contains(&variant.name))
    }

    /// Reads `config` and `variants` of a backend's table.
    pub(super) fn read(reader: &mut TableReader<'_>, contracts: &[Arc<Contract>]) -> Self {
        let mut read = Self::default();
        if let Some(section) = reader.section("variants") {
            read.read_variants(&section, contracts, &mut reader.within(&section));
        }
        if let Some(section) = reader.section("config") {
            read.read_configs(&section, contracts, reader.diagnostics());
        }
        read
    }

    fn read_variants(&mut self, section: &Section, contracts: &[Arc<Contract>], reader: &mut TableReader<'_>) {
        for entry in section.entries() {
            let (key, item) = (entry.key(), entry.item());
            let Some(contract) = find_contract(contracts, key, entry.key_location(), reader.diagnostics()) else {
                continue;
            };
            if contract.variants.is_empty() {
                let diagnostic = Diagnostic::at(entry.key_location(), format!("model `{key}` has no variants"));
                reader.diagnostics().push(diagnostic);
                continue;
            }
            let Some(items) = item.array() else {
                let message = format!("`{key}` is {}", item.describe());
                reader.diagnostics().report(item.location(), message, "expected an array of names of variants");
                continue;
            };
            let written = reader.take(key, items, "the name of a variant", Item::text);
            if items.iter().len() == 0 {
                let label = "expected at least one, the default first";
                reader.diagnostics().report(item.location(), "no variant is named", label);
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

    /// The key of a model holds a table of its options. Any other key is an option of every model that has it.
    fn read_configs(&mut self, section: &Section, contracts: &[Arc<Contract>], diagnostics: &mut Diagnostics) {
        for entry in section.entries() {
            let (key, item) = (entry.key(), entry.item());
            if let Some(contract) = contracts.iter().find(|contract| contract.key == key) {
                let Some(table) = item.table() else {
                    let message = format!("`{key}` is {}", item.describe());
                    diagnostics.report(item.location(), message, "expected a table of options of this model");
                    continue;
                };
                table.entries().for_each(|option| self.add(contract, option, diagnostics));
                continue;
            }
            let value = to_json(item, diagnostics);
            let takers: Vec<_> = contracts.iter().filter(|contract| contract.option(key).is_some()).collect();
            let [first, ..] = takers[..] else {
                let options = contracts.iter().flat_map(|contract| &contract.options);
                let known: BTreeSet<&str> = options.map(|option| option.name.as_str()).collect();
                diagnostics.push(Diagnostic::unknown(entry.key_location(), "option", key, known));
                continue;
            };
            let Some(value) = value else { continue };
            // Only models that have this size get it.
            let has_it = |contract: &Contract| {
                let selects = contract.variant_option() == Some(key);
                !selects || value.as_str().is_some_and(|name| contract.variant_named(name).is_some())
            };
            let fitting: Vec<_> = takers.iter().filter(|contract| has_it(contract)).collect();
            if fitting.is_empty() {
                diagnostics.push(unknown_variant(first, value.as_str().unwrap_or_default(), item.location()));
            }
            for contract in fitting {
                // An option of one model overrides that of all models.
                self.configs.entry(contract.key.clone()).or_default().entry(key).or_insert_with(|| value.clone());
            }
        }
    }

    fn add(&mut self, contract: &Contract, entry: Entry<'_>, diagnostics: &mut Diagnostics) {
        let (name, value) = (entry.key(), to_json(entry.item(), diagnostics));
        let Some(option) = contract.option(name) else {
            let known = contract.options.iter().map(|option| &option.name);
            diagnostics.push(Diagnostic::unknown(entry.key_location(), "option", name, known));
            return;
        };
        let Some(value) = value else { return };
        let selects = contract.variant_option() == Some(&option.name);
        if let Some(chosen) = value.as_str().filter(|_| selects) {
            match contract.variant_named(chosen) {
                Some(variant) if !self.offers(contract, variant) => {
                    let message = format!("`{chosen}` is not among the `variants` of {} here", contract.key);
                    diagnostics.push(Diagnostic::at(entry.key_location(), message));
                }
                Some(_) => {}
                // If the variants do not differ in size, the value may be a directory of weights.
                None if contract.variants.iter().all(|variant| variant.dimensions.is_empty()) => {}
                None => diagnostics.push(unknown_variant(contract, chosen, entry.key_location())),
            }
        }
        self.configs.entry(contract.key.clone()).or_default().insert(name.to_owned(), value);
    }
}

/// The contract of a model; an unknown model is reported.
pub(super) fn find_contract<'a>(
    contracts: &'a [Arc<Contract>],
    key: &str,
    place: Location,
    diagnostics: &mut Diagnostics,
) -> Option<&'a Arc<Contract>> {
    let found = contracts.iter().find(|contract| contract.key == key);
    if found.is_none() {
        let known = contracts.iter().map(|contract| &contract.key);
        diagnostics.push(Diagnostic::unknown(place, "model", key, known));
    }
    found
}

fn unknown_variant(contract: &Contract, name: &str, place: Location) -> Diagnostic {
    let known = contract.variants.iter().flat_map(|variant| std::iter::once(&variant.name).chain(&variant.aliases));
    Diagnostic::unknown(place, "variant", name, known)
}
