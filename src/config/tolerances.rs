//! `[backends.NAME.tolerances.MODEL]`: a backend's own gates for single models. Reads them and checks them against the contracts. Does
//! not compare results.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::TableReader;
use super::per_model::find_contract;
use crate::prediction::gates::{
    EmbeddingGates, EnsembleGates, FloorGates, GateEffect, GateTable, PhysicalGates, StructureGates,
};
use crate::prediction::{Contract, OwnGate, OwnGates};

/// Gates that replace those of contracts on one backend, by the keys of models. Most models have none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnTolerances(BTreeMap<String, OwnGates>);

impl OwnTolerances {
    /// The contract with the gates of the backend.
    pub(crate) fn contract(&self, shared: &Arc<Contract>) -> Arc<Contract> {
        match self.0.get(&shared.key) {
            None => Arc::clone(shared),
            Some(own) => Arc::new(Contract { gates: own.over(&shared.gates), ..Contract::clone(shared) }),
        }
    }

    /// The gates of a model that differ from those of its contract.
    pub(crate) fn differing(&self, contract: &Contract) -> Vec<OwnGate> {
        self.0.get(&contract.key).map_or_else(Vec::new, |own| own.differing(&contract.gates))
    }

    /// Whether any of them is not narrower than the gate of its contract.
    pub(crate) fn is_lenient(&self, contracts: &[Arc<Contract>]) -> bool {
        let mut differing = contracts.iter().flat_map(|contract| self.differing(contract));
        differing.any(|gate| gate.effect != GateEffect::Narrower)
    }

    /// The first gate, as `MODEL TABLE.GATE`, that cannot come from a configuration with these contracts.
    pub(crate) fn misfit(&self, contracts: &[Arc<Contract>]) -> Option<String> {
        self.0.iter().find_map(|(model, own)| match contracts.iter().find(|contract| contract.key == *model) {
            None => Some(model.clone()),
            Some(contract) => own.misfit(&contract.gates).map(|gate| format!("{model} {gate}")),
        })
    }

    /// Reads `tolerances` of a backend's table.
    pub(super) fn read(outer: &mut TableReader<'_>, contracts: &[Arc<Contract>]) -> Self {
        let mut read = Self::default();
        for (model, section) in outer.named_sections("tolerances") {
            let found = find_contract(contracts, &model.value, model.location.clone(), outer.diagnostics());
            let Some(contract) = found else { continue };
            let mut reader = outer.within(&section);
            let mut own = OwnGates::default();
            let (key, gates) = (&*contract.key, &contract.gates);
            read_table::<StructureGates>(&mut reader, key, gates.structure, &mut own);
            read_table::<EmbeddingGates>(&mut reader, key, gates.embedding, &mut own);
            read_table::<EnsembleGates>(&mut reader, key, gates.ensemble, &mut own);
            read_table::<PhysicalGates>(&mut reader, key, gates.physical, &mut own);
            read_table::<FloorGates>(&mut reader, key, gates.floor, &mut own);
            reader.finish();
            read.0.insert(model.value, own);
        }
        read
    }
}

fn read_table<T: GateTable>(outer: &mut TableReader<'_>, model: &str, shared: Option<T>, own: &mut OwnGates) {
    if shared.is_none() {
        if outer.section(T::NAME).is_some() {
            let message = format_args!("model `{model}` has no gates `{}`", T::NAME);
            outer.reject(T::NAME, message, "expected gates that its contract has");
        }
        return;
    }
    outer.nested(T::NAME, |reader| {
        for gate in T::gates() {
            let Some(value) = reader.number(gate.key, gate.range.clone()) else { continue };
            if !value.is_finite() {
                reader.reject(gate.key, format_args!("`{}` is {value}", gate.key), "expected a finite number");
            } else if gate.is_open_at(value) {
                let message = format_args!("no response can break `{}` with {value}", gate.key);
                reader.reject(gate.key, message, "expected a gate that a response can break");
            } else {
                own.insert::<T>(gate.key, value);
            }
        }
    });
}
