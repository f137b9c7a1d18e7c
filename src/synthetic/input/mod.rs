//! Turns the input of a call into samples: chains of molecules, checked as the model's family checks them. Does not read options.

mod conditioning;
mod strings;
mod structured;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::ModelError;
use super::family::ModelFamily;
use crate::prediction::contract::{Contract, ListMeaning};
use crate::prediction::{Input, Method};

/// The samples of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputBatch {
    /// The chains of every structure or embedding, in the order of the input.
    pub items: Vec<Vec<InputChain>>,
    /// Residues of every entry as the metadata count them. For a list of chains this is one number per chain.
    pub lengths: Vec<usize>,
}

/// One molecule with its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputChain {
    /// `A`, `B`, … unless the input names it.
    pub id: String,
    pub molecule: InputMolecule,
}

/// What a chain is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputMolecule {
    pub kind: MoleculeKind,
    /// Letters of residues or bases, a SMILES line, or component codes with spaces between.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MoleculeKind {
    Protein,
    Dna,
    Rna,
    Smiles,
    Components,
}

/// Represents a masked residue. No model accepts this letter.
pub(super) const MASKED: char = '?';

impl MoleculeKind {
    pub(crate) fn is_ligand(self) -> bool {
        matches!(self, Self::Smiles | Self::Components)
    }
}

impl InputBatch {
    /// Whether any sample has several chains.
    pub(crate) fn has_complex(&self) -> bool {
        self.items.iter().any(|chains| chains.len() > 1)
    }
}

/// Reads the input of a call.
///
/// # Errors
/// For invalid residues, empty chains, empty or too long lists and malformed objects.
pub(super) fn read(contract: &Contract, family: &ModelFamily, input: &Input) -> Result<InputBatch, ModelError> {
    match input {
        Input::One(_) | Input::Many(_) => strings::read(contract, family, input.strings()),
        Input::Structured(value) => read_value(contract, family, value),
    }
}

/// Reads any JSON value: strings, objects, or lists of either.
fn read_value(contract: &Contract, family: &ModelFamily, value: &Value) -> Result<InputBatch, ModelError> {
    let items = match value {
        Value::String(sequence) => return strings::read(contract, family, std::slice::from_ref(sequence)),
        Value::Object(_) => std::slice::from_ref(value),
        Value::Array(items) => items,
        _ => return Err(unreadable(contract)),
    };
    let sequences: Vec<String> = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if sequences.len() == items.len() {
        return strings::read(contract, family, &sequences);
    }
    if !takes_objects(contract) {
        return Err(unreadable(contract));
    }
    let objects: Vec<_> = items.iter().filter_map(Value::as_object).collect();
    if objects.len() < items.len() {
        return Err(ModelError::wrong_type(format!(
            "{}.fold input lists must contain only strings, only StructurePredictionInput objects, \
             or only molecule input dataclasses.",
            contract.name
        )));
    }
    structured::read(&objects)
}

/// Feature of a contract whose model accepts objects besides strings.
const STRUCTURED_INPUT: &str = "structured_input";

fn takes_objects(contract: &Contract) -> bool {
    contract.method == Method::Fold
        && contract.list == ListMeaning::Batch
        && contract.features.contains(STRUCTURED_INPUT)
}

fn unreadable(contract: &Contract) -> ModelError {
    let wanted = if takes_objects(contract) {
        "a sequence string, structure input, or a sequence of those inputs"
    } else {
        "a sequence string or a list of sequence strings"
    };
    ModelError::wrong_type(format!("{}.{} expects {wanted}.", contract.name, contract.method))
}
