//! Turns the input of a call into samples: chains of molecules, checked as the model's family checks them. Predicts
//! nothing and knows no option.

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

/// What a call asks to predict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputBatch {
    /// One entry per structure or embedding.
    pub items: Vec<InputSample>,
    /// Residues of every entry as the metadata count them; for a list of chains one number per chain.
    pub lengths: Vec<usize>,
}

/// The chains of one sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputSample {
    /// In the order of the input.
    pub chains: Vec<InputChain>,
}

/// One molecule with its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InputChain {
    /// `A`, `B`, … unless the input names it.
    pub id: String,
    /// What it is made of.
    pub molecule: InputMolecule,
}

/// What a chain is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InputMolecule {
    /// Amino acids.
    Protein(Vec<InputResidue>),
    /// Bases of a ribonucleic acid.
    Rna(String),
    /// Bases of a deoxyribonucleic acid.
    Dna(String),
    /// A small molecule by the component codes of its parts.
    Components(Vec<String>),
    /// A small molecule by its SMILES line.
    Smiles(String),
}

/// One residue of a protein.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputResidue {
    /// A letter the model takes.
    Letter(char),
    /// A residue hidden from the model.
    Mask,
}

impl InputResidue {
    /// Its letter; `?` for a hidden one, which no model takes as a letter.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Letter(letter) => letter,
            Self::Mask => '?',
        }
    }
}

impl InputBatch {
    /// Whether any sample has several chains.
    pub fn has_complex(&self) -> bool {
        self.items.iter().any(|sample| sample.chains.len() > 1)
    }
}

impl InputSample {
    /// The residues of every protein chain.
    pub fn proteins(&self) -> impl Iterator<Item = &[InputResidue]> {
        self.chains.iter().filter_map(|chain| match &chain.molecule {
            InputMolecule::Protein(tokens) => Some(tokens.as_slice()),
            _ => None,
        })
    }
}

/// Reads the input of a call.
///
/// # Errors
/// What the family says to invalid residues, empty chains, empty or too long lists and malformed objects.
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

/// Feature of a contract whose model takes objects besides strings.
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

/// The identifier of a chain by its place: A, B, …, Z, AA, AB, ….
fn chain_id(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
