//! One `[backends.NAME]` table: the keys that all kinds have in common. Does not read the other keys; the kind does.

use std::sync::Arc;
use std::time::Duration;

use super::{Diagnostics, Located, Location, OwnTolerances, PerModel, Section, TableReader};
use crate::prediction::Contract;
use crate::prediction::known::KnownDefect;

/// A declared backend.
#[derive(Debug, Clone)]
pub struct BackendTable {
    /// The name in the configuration.
    pub name: String,
    /// The name of the implementation, which the registry checks.
    pub kind: Located<String>,
    /// The weights of its results; `None` if the kind decides.
    pub weights: Option<String>,
    /// The number of instances that may run at once.
    pub max_instances: usize,
    /// The number of calls that one instance handles at once; `None` for the kind's own number.
    pub calls_per_instance: Option<usize>,
    /// The time limit of a case that has none of its own.
    pub case_timeout: Option<Duration>,
    /// The time within which an instance must be ready.
    pub start_timeout: Option<Duration>,
    /// The number of retries of a case that has none of its own.
    pub retries: usize,
    /// The models it serves; `None` means all declared ones.
    pub models: Option<Vec<Located<String>>>,
    /// The release of boileroom that runs there, if declared.
    pub boileroom: Option<String>,
    /// The one of boileroom's own backends that its calls go through. Set by the kind.
    pub through: Option<String>,
    /// The kind that recorded the responses it replays, if it replays any. Decides what is sent with a call.
    pub recorded_kind: Option<String>,
    /// The file of its known failures, if there is one.
    pub known_failures: Option<Located<String>>,
    /// The known failures from that file.
    pub known: Vec<Arc<KnownDefect>>,
    /// Options and sizes of single models.
    pub per_model: PerModel,
    /// Gates of single models that replace those of their contracts.
    pub tolerances: OwnTolerances,
    /// Where its name is written.
    pub location: Location,
    /// The whole table, from which the kind reads its own keys.
    pub settings: Section,
}

impl BackendTable {
    /// Whether it serves a model.
    pub(crate) fn serves(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|models| models.iter().any(|served| served.value == model))
    }

    /// The same backend without gates of its own: results that a run stores for others must not depend on them.
    pub(crate) fn by_shared_gates(&self) -> Self {
        Self { tolerances: OwnTolerances::default(), ..self.clone() }
    }

    /// Reads one table. The names of its models are checked later, when all models are known.
    pub(super) fn read(
        name: Located<String>,
        section: &Section,
        contracts: &[Arc<Contract>],
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        // Selection strings are `NAME:TAG`, so a name with a colon could never be selected.
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
        if name.value.is_empty() || !name.value.chars().all(plain) {
            let message = format!("`{}` is not a backend name", name.value);
            diagnostics.report(name.location.clone(), message, "expected letters, digits, `_`, `-` or `.`");
        }
        let mut reader = TableReader::new(section, diagnostics);
        let kind = reader.require("kind").located_text("kind");
        // Fields are read in this order, which is the order of keys in messages.
        Some(Self {
            name: name.value,
            weights: reader.text("weights"),
            max_instances: reader.count("max_instances", 1).unwrap_or(1),
            calls_per_instance: reader.count("calls_per_instance", 1),
            case_timeout: reader.duration("case_timeout"),
            start_timeout: reader.duration("start_timeout"),
            retries: reader.count("retries", 0).unwrap_or(0),
            models: reader.located_texts("models"),
            boileroom: reader.text("boileroom"),
            through: None,
            recorded_kind: None,
            known_failures: reader.located_text("known_failures"),
            known: Vec::new(),
            per_model: PerModel::read(&mut reader, contracts),
            tolerances: OwnTolerances::read(&mut reader, contracts),
            location: name.location,
            settings: reader.rest(),
            kind: kind?,
        })
    }
}
