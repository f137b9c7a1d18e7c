//! What the record of a run keeps of a response: which of the fields that were asked for came. Judges nothing.

use crate::check::{CallResult, Expected};
use crate::outcome::record::{ResponseRecord, plain_line};
use crate::prediction::contract::{Dimension, FieldSpec, Presence, Sizes};
use crate::prediction::{Contract, Prediction, Value};

/// What is known of a response with this digest; `None` of a call that was not answered.
pub(super) fn facts_of(contract: &Contract, response: &CallResult, digest: Option<u64>) -> Option<ResponseRecord> {
    let prediction = response.result.as_ref().ok()?;
    let expected = Expected::new(contract, &response.request, &response.config);
    let is_filled = |field: &&FieldSpec| prediction.field(&field.name).is_some_and(|value| !value.is_none());
    let asked = contract.fields.iter().filter(|field| field.presence == Presence::Requested);
    let asked = asked.filter(|field| expected.fills(field));
    let (gave, lacks): (Vec<&FieldSpec>, Vec<&FieldSpec>) = asked.partition(is_filled);
    let names = |fields: Vec<&FieldSpec>| fields.into_iter().map(|field| field.name.clone()).collect();
    Some(ResponseRecord {
        other_class: (prediction.class != contract.output).then(|| plain_line(&prediction.class)),
        other_size: other_size(contract, response, prediction),
        gave: names(gave),
        lacks: names(lacks),
        digest: digest.map(|digest| format!("{digest:016x}")),
    })
}

/// The one published size whose dimensions all arrays of a response have, where the configured size has others.
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

/// Whether the arrays of a response have these sizes; `None` where none of their dimensions is among them.
fn fits(contract: &Contract, sizes: &Sizes, prediction: &Prediction) -> Option<bool> {
    let mut compared = None;
    for field in &contract.fields {
        let Some(Value::Array(array)) = prediction.field(&field.name) else {
            continue;
        };
        if array.shape().len() != field.shape.len() {
            continue;
        }
        let known = field.shape.iter().zip(array.shape());
        let known = known.filter_map(|(dimension, size)| match dimension {
            Dimension::Symbol(..) => Some(dimension.resolve(sizes)? == *size),
            Dimension::Fixed(_) => None,
        });
        for is_equal in known {
            compared = Some(compared.unwrap_or(true) && is_equal);
        }
    }
    compared
}
