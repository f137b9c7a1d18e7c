//! The gates of a model that a backend overrides, and whether they allow more than the shared ones. Does not read configuration or
//! judge results.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::gates::{Gate, GateEffect, GateTable, GateValues, Gates};

/// The gates that a backend overrides for one model, by table and key such as `structure.rmsd`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OwnGates(BTreeMap<String, f64>);

/// A gate of a model and the backend's own value for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnGate {
    /// Table and key such as `structure.rmsd`.
    pub(crate) gate: String,
    /// The value of the model's contract, which is the same for all backends.
    pub(crate) shared: f64,
    /// The value for this backend.
    pub(crate) own: f64,
    pub(crate) effect: GateEffect,
}

impl OwnGates {
    pub(crate) fn insert<T: GateTable>(&mut self, key: &str, value: f64) {
        self.0.insert(name::<T>(key), value);
    }

    /// The gates of a contract, overridden by those of the backend.
    pub(crate) fn over(&self, gates: &Gates) -> Gates {
        Gates {
            structure: self.changed(gates.structure),
            embedding: self.changed(gates.embedding),
            ensemble: self.changed(gates.ensemble),
            physical: self.changed(gates.physical),
            floor: self.changed(gates.floor),
        }
    }

    /// Those that differ from the gates of a contract, in the order of the tables and their keys.
    pub(crate) fn differing(&self, gates: &Gates) -> Vec<OwnGate> {
        let differing = all(gates).filter_map(|(name, gate, shared)| {
            let own = *self.0.get(&name)?;
            Some(OwnGate { gate: name, shared, own, effect: gate.effect(shared, own)? })
        });
        differing.collect()
    }

    /// The first gate that a contract does not have, or whose value no configuration could give it.
    pub(crate) fn misfit(&self, gates: &Gates) -> Option<&str> {
        let fits = |name: &str, value| all(gates).any(|(known, gate, _)| known == name && gate.takes(value));
        self.0.iter().find(|(name, value)| !fits(name, **value)).map(|(name, _)| name.as_str())
    }

    fn changed<T: GateTable>(&self, shared: Option<T>) -> Option<T> {
        let own = T::gates().into_iter();
        let own: GateValues = own.filter_map(|gate| Some((gate.key, *self.0.get(&name::<T>(gate.key))?))).collect();
        shared.map(|table| table.with(&own))
    }
}

fn name<T: GateTable>(key: &str) -> String {
    format!("{}.{key}", T::NAME)
}

/// Every gate of a contract by its name, with its value.
fn all(gates: &Gates) -> impl Iterator<Item = (String, Gate, f64)> {
    of_table(gates.structure)
        .chain(of_table(gates.embedding))
        .chain(of_table(gates.ensemble))
        .chain(of_table(gates.physical))
        .chain(of_table(gates.floor))
}

fn of_table<T: GateTable>(table: Option<T>) -> impl Iterator<Item = (String, Gate, f64)> {
    let gates = table.into_iter().flat_map(|table| T::gates().into_iter().map(move |gate| (table, gate)));
    gates.filter_map(|(table, gate)| {
        let value = table.get(gate.key)?;
        Some((name::<T>(gate.key), gate, value))
    })
}

#[cfg(test)]
mod tests {
    use super::GateEffect::{Narrower, Other, Wider};
    use super::*;
    use crate::prediction::gates::{EmbeddingGates, EnsembleGates, FloorGates, StructureGates};

    fn ensemble() -> EnsembleGates {
        let values = EnsembleGates::gates();
        EnsembleGates::of(&values.iter().map(|gate| (gate.key, 0.25)).collect()).unwrap()
    }

    fn embedding() -> EmbeddingGates {
        EmbeddingGates { cosine: 0.999, norm_ratio: 0.01, unmasked_cosine: 0.99 }
    }

    fn gates() -> Gates {
        Gates {
            embedding: Some(embedding()),
            ensemble: Some(ensemble()),
            floor: Some(FloorGates { slack: 1.5 }),
            ..Gates::default()
        }
    }

    #[test]
    fn own_gates_take_the_place_of_shared_ones_and_of_nothing_else() {
        let mut own = OwnGates::default();
        own.insert::<EmbeddingGates>("cosine", 0.99);
        own.insert::<StructureGates>("rmsd", 2.0);
        let changed = own.over(&gates());
        let cosine = EmbeddingGates { cosine: 0.99, ..embedding() };
        let expected = Gates { embedding: Some(cosine), ..gates() };
        assert_eq!(changed, expected, "a table that a model does not have stays absent");
        assert_eq!(OwnGates::default().over(&gates()), gates());
    }

    #[test]
    fn what_a_gate_allows_follows_from_its_direction() {
        let effect = |set: fn(&mut OwnGates)| {
            let mut own = OwnGates::default();
            set(&mut own);
            let found = own.differing(&gates());
            assert!(found.len() <= 1);
            found.first().map(|one| (one.shared, one.effect))
        };
        let cosine = |value| Some((0.999, value));
        assert_eq!(effect(|own| own.insert::<EmbeddingGates>("cosine", 0.9)), cosine(Wider));
        assert_eq!(effect(|own| own.insert::<EmbeddingGates>("cosine", 0.9999)), cosine(Narrower));
        assert_eq!(effect(|own| own.insert::<EmbeddingGates>("cosine", 0.999)), None, "the same");
        let norm = |value| Some((0.01, value));
        assert_eq!(effect(|own| own.insert::<EmbeddingGates>("norm_ratio", 0.02)), norm(Wider));
        assert_eq!(effect(|own| own.insert::<EmbeddingGates>("norm_ratio", 0.001)), norm(Narrower));
        let p = |value| Some((0.25, value));
        assert_eq!(effect(|own| own.insert::<EnsembleGates>("p", 0.01)), p(Other));
        assert_eq!(effect(|own| own.insert::<EnsembleGates>("confidence", 0.5)), p(Other));
        let slack = |value| Some((1.5, value));
        assert_eq!(effect(|own| own.insert::<FloorGates>("slack", 2.0)), slack(Wider));
        assert_eq!(effect(|own| own.insert::<FloorGates>("slack", 1.0)), slack(Narrower));
    }

    #[test]
    fn what_a_contract_does_not_have_or_no_response_can_break_does_not_fit() {
        let misfit = |name: &str, value: f64| {
            let own: OwnGates = serde_json::from_value(serde_json::json!({ name: value })).unwrap();
            own.misfit(&gates()).map(str::to_owned)
        };
        assert_eq!(misfit("embedding.cosine", 0.9), None);
        for (name, value) in [
            ("embedding.cosine", 1.5),
            ("embedding.cosine", -1.0),
            ("embedding.cosin", 0.9),
            ("structure.rmsd", 1.0),
            ("ensemble.p", 0.0),
        ] {
            assert_eq!(misfit(name, value).as_deref(), Some(name), "{value}");
        }
    }
}
