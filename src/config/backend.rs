//! One `[backends.NAME]` table: what every kind has in common. The rest stays as written until the kind reads it.

use std::sync::Arc;
use std::time::Duration;

use super::{Diagnostic, Diagnostics, Located, Location, OwnTolerances, PerModel, Section, TableReader};
use crate::prediction::Contract;
use crate::prediction::known::KnownDefect;

/// A declared backend.
#[derive(Debug, Clone)]
pub struct BackendTable {
    /// Its name in the configuration.
    pub name: String,
    /// The implementation; whether there is such a kind is for the registry to judge.
    pub kind: Located<String>,
    /// Which parameters stand behind its results; `None` where the kind knows.
    pub weights: Option<String>,
    /// How many instances may run at once.
    pub max_instances: usize,
    /// How many calls one instance works on at once, where the kind's own number does not serve.
    pub calls_per_instance: Option<usize>,
    /// How long one case may take, where the case does not say.
    pub case_timeout: Option<Duration>,
    /// How long an instance may take to become ready.
    pub start_timeout: Option<Duration>,
    /// How often a failed case is tried again, where the case does not say.
    pub retries: usize,
    /// The models it serves; `None` means all that are declared.
    pub models: Option<Vec<Located<String>>>,
    /// The release of boileroom that runs there, where it says so.
    pub boileroom: Option<String>,
    /// Which of boileroom's own backends its calls go through; its kind says so.
    pub through: Option<String>,
    /// The kind that gave the responses which it replays, where it replays any: that decides what is sent with a call.
    pub recorded_kind: Option<String>,
    /// The file that lists failures that are known of it, where there is one.
    pub known_failures: Option<Located<String>>,
    /// What that file lists.
    pub known: Vec<Arc<KnownDefect>>,
    /// What it says of single models: their options and sizes.
    pub per_model: PerModel,
    /// Gates of single models that it is judged by in place of those of their contracts.
    pub tolerances: OwnTolerances,
    /// Where its name is written.
    pub location: Location,
    /// The whole table, for the kind to read its own keys from; the common ones are known there.
    pub settings: Section,
}

impl BackendTable {
    /// Whether it serves a model.
    pub(crate) fn serves(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|served| served.value == model))
    }

    /// The same, judged by what all backends are judged by: what a run makes for others must not follow from its own gates.
    pub(crate) fn by_shared_gates(&self) -> Self {
        Self { tolerances: OwnTolerances::default(), ..self.clone() }
    }

    /// Reads one table. Its models are judged later, when all of them are known.
    pub(super) fn read(
        name: Located<String>,
        section: &Section,
        contracts: &[Arc<Contract>],
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        // Selection strings are `NAME:TAG`, so that a name with a colon could never be selected.
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if name.value.is_empty() || !name.value.chars().all(plain) {
            let diagnostic = Diagnostic::at(name.location.clone(), format!("`{}` is not a backend name", name.value));
            diagnostics.push(diagnostic.with_label("expected letters, digits, `_`, `-` or `.`"));
        }
        let mut reader = TableReader::new(section, diagnostics);
        let kind = reader.required_text("kind");
        let kind_location = reader.location_of("kind");
        let weights = reader.text("weights");
        let max_instances = reader.count("max_instances", 1);
        let calls_per_instance = reader.count("calls_per_instance", 1);
        let case_timeout = reader.duration("case_timeout");
        let start_timeout = reader.duration("start_timeout");
        let retries = reader.count("retries", 0);
        let models = reader.located_texts("models");
        let boileroom = reader.text("boileroom");
        let known_failures = reader
            .text("known_failures")
            .map(|value| Located { value, location: reader.location_of("known_failures") });
        let per_model = PerModel::read(&mut reader, contracts);
        let tolerances = OwnTolerances::read(&mut reader, contracts);
        let settings = reader.rest();
        Some(Self {
            name: name.value,
            kind: Located { value: kind?, location: kind_location },
            weights,
            max_instances: max_instances.unwrap_or(1),
            calls_per_instance,
            case_timeout,
            start_timeout,
            retries: retries.unwrap_or(0),
            models,
            boileroom,
            through: None,
            recorded_kind: None,
            known_failures,
            known: Vec::new(),
            per_model,
            tolerances,
            location: name.location,
            settings,
        })
    }
}
