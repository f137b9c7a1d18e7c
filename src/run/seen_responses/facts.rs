//! The facts about a response that the record of a run keeps, such as which requested fields it has. Does not judge the response.

use crate::check::{CallResult, Expected};
use crate::outcome::record::{ResponseRecord, plain_line};
use crate::prediction::contract::{Dimension, FieldSpec, Presence, Sizes};
use crate::prediction::{Contract, Prediction, Value};

/// The facts about a response with this digest. Returns `None` if the call failed.
pub(super) fn facts_of(contract: &Contract, response: &CallResult, digest: Option<u64>) -> Option<ResponseRecord> {
    let prediction = response.result.as_ref().ok()?;
    let expected = Expected::new(contract, &response.request, &response.config);
    let is_filled = |field: &&FieldSpec| prediction.field(&field.name).is_some_and(|value| !value.is_none());
    let is_requested = |field: &&FieldSpec| field.presence == Presence::Requested && expected.fills(field);
    let (gave, lacks): (Vec<&FieldSpec>, Vec<&FieldSpec>) =
        contract.fields.iter().filter(is_requested).partition(is_filled);
    let names = |fields: Vec<&FieldSpec>| fields.into_iter().map(|field| field.name.clone()).collect();
    Some(ResponseRecord {
        other_class: (prediction.class != contract.output).then(|| plain_line(&prediction.class)),
        other_size: other_size(contract, response, prediction),
        gave: names(gave),
        lacks: names(lacks),
        digest: digest.map(|digest| format!("{digest:016x}")),
    })
}

/// The only published size whose dimensions fit all arrays of a response, if the configured size does not.
fn other_size(contract: &Contract, response: &CallResult, prediction: &Prediction) -> Option<String> {
    let configured = contract.variant(&response.config)?;
    if fits(contract, &configured.dimensions, prediction)? {
        return None;
    }
    let mut fitting =
        contract.variants.iter().filter(|variant| fits(contract, &variant.dimensions, prediction) == Some(true));
    let only = fitting.next()?;
    fitting.next().is_none().then(|| only.name.clone())
}

/// Whether the arrays of a response have these sizes. Returns `None` if no array has one of these dimensions.
fn fits(contract: &Contract, sizes: &Sizes, prediction: &Prediction) -> Option<bool> {
    let mut compared = None;
    for field in &contract.fields {
        let Some(Value::Array(array)) = prediction.field(&field.name) else { continue };
        if array.shape().len() != field.shape.len() {
            continue;
        }
        for (dimension, size) in field.shape.iter().zip(array.shape()) {
            if let (Dimension::Symbol(..), Some(expected)) = (dimension, dimension.resolve(sizes)) {
                compared = Some(compared.unwrap_or(true) && expected == *size);
            }
        }
    }
    compared
}
