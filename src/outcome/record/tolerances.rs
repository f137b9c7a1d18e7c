//! A backend's own gates, which replace those of the contracts in a run. Stores and describes them. Does not judge.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RecordedNumber, RunRecord};
use crate::prediction::OwnGate;
use crate::prediction::gates::GateEffect;

/// A gate of a model that the backend has of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnToleranceRecord {
    /// The key of the model.
    pub(crate) model: String,
    /// Table and key of the gate: `structure.rmsd`.
    pub(crate) gate: String,
    /// The value in the contract, which all backends share.
    pub(crate) shared: RecordedNumber,
    /// The value that was used.
    pub(crate) own: RecordedNumber,
    /// Whether it allows more or less than the shared gate.
    pub(crate) effect: GateEffect,
}

/// The numbers of own tolerances, on which the conclusion of a run depends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ToleranceCount {
    pub(crate) all: usize,
    /// Own tolerances that are not narrower than the shared ones.
    pub(crate) lenient: usize,
}

impl OwnToleranceRecord {
    /// Of a model.
    pub(crate) fn new(model: &str, gate: OwnGate) -> Self {
        Self {
            model: model.to_owned(),
            gate: gate.gate,
            shared: gate.shared.into(),
            own: gate.own.into(),
            effect: gate.effect,
        }
    }

    /// `1.2, shared 0.6 (wider)`.
    pub(crate) fn values(&self) -> String {
        let effect = match self.effect {
            GateEffect::Wider => "wider",
            GateEffect::Narrower => "narrower",
            GateEffect::Other => "judges something else",
        };
        // In full: two numbers that differ must not look the same.
        format!("{}, shared {} ({effect})", self.own.value(), self.shared.value())
    }
}

/// Whether two sets of tolerances are the same.
pub(crate) fn are_same(one: &[OwnToleranceRecord], other: &[OwnToleranceRecord]) -> bool {
    // A number that was read from JSON may differ in its last bit from the one that was written.
    let near = |one: f64, other: f64| one.total_cmp(&other).is_eq() || (one - other).abs() <= 1e-12 * one.abs();
    let same = |(one, other): (&OwnToleranceRecord, &OwnToleranceRecord)| {
        (&one.model, &one.gate, one.effect) == (&other.model, &other.gate, other.effect)
            && near(one.shared.value(), other.shared.value())
            && near(one.own.value(), other.own.value())
    };
    one.len() == other.len() && one.iter().zip(other).all(same)
}

impl fmt::Display for OwnToleranceRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.model, self.gate, self.values())
    }
}

impl ToleranceCount {
    /// Of some tolerances.
    pub(crate) fn of<'a>(tolerances: impl Iterator<Item = &'a OwnToleranceRecord>) -> Self {
        tolerances.fold(Self::default(), |count, one| Self {
            all: count.all + 1,
            lenient: count.lenient + usize::from(one.effect != GateEffect::Narrower),
        })
    }
}

impl RunRecord {
    /// The own tolerances by which a case of this run was judged.
    pub(crate) fn own_tolerances(&self) -> impl Iterator<Item = &OwnToleranceRecord> {
        let own = self.backend.tolerances.iter();
        own.filter(|one| self.cases.iter().any(|case| case.model == one.model))
    }

    /// The same of one model.
    pub(crate) fn own_tolerances_of(&self, model: &str) -> impl Iterator<Item = &OwnToleranceRecord> {
        let own = self.backend.tolerances.iter();
        own.filter(move |one| one.model == model)
    }

    /// All own tolerances of the backend in one line, or `none`.
    pub(crate) fn tolerance_set(&self) -> String {
        let own: Vec<String> = self.backend.tolerances.iter().map(ToString::to_string).collect();
        if own.is_empty() { "none".to_owned() } else { own.join("; ") }
    }
}
