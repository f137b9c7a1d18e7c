//! `[backends.NAME.tolerances.MODEL]`: gates that a backend has of its own for single models. Reads and checks them against the
//! contracts; judges by none.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Diagnostic, TableReader};
use crate::prediction::gates::{
    EmbeddingGates, EnsembleGates, FloorGates, GateEffect, GateTable, PhysicalGates, StructureGates,
};
use crate::prediction::{Contract, OwnGate, OwnGates};

/// What a backend is judged by in place of the gates of contracts, by the keys of models; nothing for most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OwnTolerances(BTreeMap<String, OwnGates>);

impl OwnTolerances {
    /// The contract that the backend is judged by.
    pub(crate) fn contract(&self, shared: &Arc<Contract>) -> Arc<Contract> {
        match self.0.get(&shared.key) {
            None => Arc::clone(shared),
            Some(own) => Arc::new(Contract { gates: own.over(&shared.gates), ..Contract::clone(shared) }),
        }
    }

    /// The gates of a model that differ from those of its contract.
    pub(crate) fn differing(&self, contract: &Contract) -> Vec<OwnGate> {
        let own = self.0.get(&contract.key);
        own.map_or_else(Vec::new, |own| own.differing(&contract.gates))
    }

    /// Whether some of them are not narrower than the gates of these contracts.
    pub(crate) fn is_lenient(&self, contracts: &[Arc<Contract>]) -> bool {
        let mut differing = contracts.iter().flat_map(|contract| self.differing(contract));
        differing.any(|gate| gate.effect != GateEffect::Narrower)
    }

    /// The first, as `MODEL TABLE.GATE`, that no configuration could give a backend with these contracts.
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
            let Some(contract) = contracts.iter().find(|contract| contract.key == model.value) else {
                let known = contracts.iter().map(|contract| contract.key.as_str());
                let diagnostic = Diagnostic::unknown(model.location.clone(), "model", &model.value, known);
                outer.diagnostics().push(diagnostic);
                continue;
            };
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
    let Some(section) = outer.section(T::NAME) else { return };
    if shared.is_none() {
        let message = format!("model `{model}` has no gates `{}`", T::NAME);
        outer.reject(T::NAME, message, "expected gates that its contract has");
        return;
    }
    let mut reader = outer.within(&section);
    for gate in T::gates() {
        let Some(value) = reader.number(gate.key, gate.range.clone()) else { continue };
        if !value.is_finite() {
            reader.reject(gate.key, format_args!("`{}` is {value}", gate.key), "expected a finite number");
        } else if gate.is_open_at(value) {
            let message = format!("no response can break `{}` with {value}", gate.key);
            reader.reject(gate.key, message, "expected a gate that a response can break");
        } else {
            own.insert::<T>(gate.key, value);
        }
    }
    reader.finish();
}
