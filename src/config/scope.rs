//! Decides which models a suite or a case is for: by method, by features that they have or lack, or by name. Does not run anything.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Config, Diagnostic, Diagnostics, Located, TableReader, model};
use crate::prediction::contract::Presence;
use crate::prediction::{Contract, Method};

/// The models that a suite or case is for. All conditions must hold.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub(crate) method: Option<Method>,
    /// Features, options and fields that the models have.
    pub(crate) needs: Vec<String>,
    /// Features, options and fields that the models lack.
    pub(crate) lacks: Vec<String>,
    /// Keys of models, if no feature tells them apart.
    pub(crate) models: Option<Vec<String>>,
}

impl Scope {
    /// Whether all conditions hold for a model.
    pub(crate) fn fits(&self, contract: &Contract) -> bool {
        self.method.is_none_or(|method| method == contract.method)
            && self.needs.iter().all(|need| contract.provides(need))
            && !self.lacks.iter().any(|need| contract.provides(need))
            && self.models.as_ref().is_none_or(|models| models.contains(&contract.key))
    }

    /// Reads `method`, `needs`, `lacks` and `models`.
    pub(super) fn read(reader: &mut TableReader<'_>, scope_names: &ScopeNames) -> Self {
        let what = "feature, option, field, size or gates";
        Self {
            method: reader.choice("method", &model::METHODS),
            needs: reader.known_texts("needs", what, &scope_names.provisions).unwrap_or_default(),
            lacks: reader.known_texts("lacks", what, &scope_names.provisions).unwrap_or_default(),
            models: reader.known_texts("models", "model", &scope_names.models),
        }
    }
}

impl TableReader<'_> {
    /// Strings in an array, which must be among the candidates.
    pub(super) fn known_texts(
        &mut self,
        key: &'static str,
        what: &str,
        candidates: &BTreeSet<String>,
    ) -> Option<Vec<String>> {
        known_names(self.located_texts(key)?, what, candidates, self.diagnostics())
    }
}

/// The names, if all of them are among the candidates. Reports every other one.
pub(super) fn known_names(
    names: Vec<Located<String>>,
    what: &str,
    candidates: &BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<String>> {
    let before = diagnostics.len();
    for name in names.iter().filter(|name| !candidates.contains(&name.value)) {
        diagnostics.push(Diagnostic::unknown(name.location.clone(), what, &name.value, candidates));
    }
    (diagnostics.len() == before).then(|| names.into_iter().map(|name| name.value).collect())
}

/// All names that a suite may use: those of the declared models and of the built-in ones, so that the built-in suites can be read
/// with any `backends.toml`.
#[derive(Debug)]
pub(super) struct ScopeNames {
    pub(super) contracts: Vec<Arc<Contract>>,
    pub(super) provisions: BTreeSet<String>,
    pub(super) models: BTreeSet<String>,
    pub(super) options: BTreeSet<String>,
    pub(super) fields: BTreeSet<String>,
    pub(super) variants: BTreeSet<String>,
}

impl ScopeNames {
    pub(super) fn new(config: &Config) -> Result<Self, Diagnostics> {
        let mut contracts = config.models.clone();
        contracts.extend(Config::built_in()?.models.into_iter().filter(|model| config.model(&model.key).is_none()));
        let collect = |names: &dyn Fn(&Contract) -> Vec<String>| -> BTreeSet<String> {
            contracts.iter().flat_map(|contract| names(contract)).collect()
        };
        Ok(Self {
            provisions: collect(&|contract| contract.provisions().map(std::borrow::Cow::into_owned).collect()),
            models: collect(&|contract| vec![contract.key.clone()]),
            options: collect(&|contract| contract.options.iter().map(|option| option.name.clone()).collect()),
            fields: collect(&|contract| {
                let fields = contract.fields.iter().filter(|field| field.presence != Presence::Always);
                fields.map(|field| field.name.clone()).chain(["*".to_owned()]).collect()
            }),
            variants: collect(&|contract| {
                let variants = contract.variants.iter();
                variants.flat_map(|variant| std::iter::once(&variant.name).chain(&variant.aliases).cloned()).collect()
            }),
            contracts,
        })
    }
}
