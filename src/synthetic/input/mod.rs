//! Turns the input of a call into samples: chains of molecules, checked as the model's family checks them. Does not read options.

mod batch;
mod conditioning;
mod strings;
mod structured;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(super) use self::batch::{InputBatch, InputChain, InputMolecule, MASKED, MoleculeKind};

use super::ModelError;
use super::family::ModelFamily;
use crate::prediction::contract::{Contract, ListMeaning};
use crate::prediction::{Input, Method};

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
