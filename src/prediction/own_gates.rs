//! Gates of a model that a backend has for itself, and whether they allow more than the shared ones. Data only: what they
//! are is read from the configuration, and no result is judged here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::gates::{
    EmbeddingGates, EnsembleGates, FloorGates, GateEffect, GateTable, GateValues, Gates, PhysicalGates, StructureGates,
};

/// The gates that a backend has of its own for one model, by table and key: `structure.rmsd`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct OwnGates(BTreeMap<String, f64>);

/// A gate of a model beside the one that a backend has of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OwnGate {
    /// Table and key: `structure.rmsd`.
    pub(crate) gate: String,
    /// What the model's contract says, which is the same for all backends.
    pub(crate) shared: f64,
    /// What this backend is judged by.
    pub(crate) own: f64,
    /// What the difference allows.
    pub(crate) effect: GateEffect,
}

impl OwnGates {
    /// Adds a gate.
    pub(crate) fn insert<T: GateTable>(&mut self, key: &str, value: f64) {
        self.0.insert(name::<T>(key), value);
    }

    /// The gates of a contract with those of the backend in their place.
    pub(crate) fn over(&self, gates: &Gates) -> Gates {
        Gates {
            structure: self.changed::<StructureGates>(gates.structure),
            embedding: self.changed::<EmbeddingGates>(gates.embedding),
            ensemble: self.changed::<EnsembleGates>(gates.ensemble),
            physical: self.changed::<PhysicalGates>(gates.physical),
            floor: self.changed::<FloorGates>(gates.floor),
        }
    }

    /// Those that differ from the gates of a contract, in the order of the tables and their keys.
    pub(crate) fn differing(&self, gates: &Gates) -> Vec<OwnGate> {
        let mut found = Vec::new();
        self.add_differing::<StructureGates>(gates.structure, &mut found);
        self.add_differing::<EmbeddingGates>(gates.embedding, &mut found);
        self.add_differing::<EnsembleGates>(gates.ensemble, &mut found);
        self.add_differing::<PhysicalGates>(gates.physical, &mut found);
        self.add_differing::<FloorGates>(gates.floor, &mut found);
        found
    }

    /// The first that a contract does not have, or whose value no configuration could give it.
    pub(crate) fn misfit(&self, gates: &Gates) -> Option<&str> {
        let fits = |name: &&String| {
            let value = self.0.get(*name).copied().unwrap_or(f64::NAN);
            fits::<StructureGates>(gates.structure, name, value)
                || fits::<EmbeddingGates>(gates.embedding, name, value)
                || fits::<EnsembleGates>(gates.ensemble, name, value)
                || fits::<PhysicalGates>(gates.physical, name, value)
                || fits::<FloorGates>(gates.floor, name, value)
        };
        self.0.keys().find(|name| !fits(name)).map(String::as_str)
    }

    fn changed<T: GateTable>(&self, shared: Option<T>) -> Option<T> {
        let own = T::gates().into_iter();
        let own: GateValues = own.filter_map(|gate| Some((gate.key, *self.0.get(&name::<T>(gate.key))?))).collect();
        shared.map(|table| table.with(&own))
    }

    fn add_differing<T: GateTable>(&self, shared: Option<T>, found: &mut Vec<OwnGate>) {
        let Some(table) = shared else { return };
        found.extend(T::gates().into_iter().filter_map(|gate| {
            let name = name::<T>(gate.key);
            let own = *self.0.get(&name)?;
            let shared = table.get(gate.key)?;
            let effect = gate.effect(shared, own)?;
            Some(OwnGate { gate: name, shared, own, effect })
        }));
    }
}

fn name<T: GateTable>(key: &str) -> String {
    format!("{}.{key}", T::NAME)
}

fn fits<T: GateTable>(shared: Option<T>, own: &str, value: f64) -> bool {
    let gate = T::gates().into_iter().find(|gate| name::<T>(gate.key) == own);
    shared.is_some() && gate.is_some_and(|gate| gate.takes(value))
}

#[cfg(test)]
mod tests {
    use super::GateEffect::{Narrower, Other, Wider};
    use super::*;

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
