//! Mutants made by rule: for every field of a model, every class of input and every operation, one that is wrong there and
//! nowhere else.

use std::sync::Arc;

use super::alter::{Operation, altered};
use super::{Group, InputClass, Mutant, MutantFault, MutatedCall};
use crate::prediction::contract::{FieldKind, FieldSpec, Presence};
use crate::prediction::{Contract, METADATA_ATTRIBUTES, Prediction, Value};

/// All of a model.
pub(crate) fn mutants(contract: &Arc<Contract>) -> Vec<Mutant> {
    let mut all = Vec::new();
    for field in contract.fields.iter().filter(|field| field.presence != Presence::Never) {
        for class in InputClass::ALL {
            for operation in Operation::of_rank(rank(field)) {
                let name = field.name.clone();
                let change = move |right: &Prediction| replaced(right, &name, |value| altered(value, operation));
                all.push(mutant(contract, &field.name, class, &operation.name(), &operation.about(), change));
            }
            all.push(from_another_call(contract, &field.name, class));
            if class == InputClass::Batch && is_per_sample(field.kind) {
                let name = field.name.clone();
                let change = move |right: &Prediction| replaced(right, &name, samples_reversed);
                all.push(mutant(contract, &field.name, class, "samples-reversed", "samples reversed", change));
            }
        }
    }
    for attribute in METADATA_ATTRIBUTES {
        for operation in [Operation::Offset, Operation::OtherType, Operation::Missing] {
            // Times differ from run to run, and boileroom lets them be None.
            let is_fixed = matches!(attribute, "sequence_lengths" | "model_name" | "model_version");
            let is_allowed = match operation {
                Operation::Offset => attribute != "sequence_lengths",
                Operation::Missing => !is_fixed,
                _ => false,
            };
            if is_allowed {
                continue;
            }
            let change =
                move |right: &Prediction| metadata_replaced(right, attribute, |value| altered(value, operation));
            let field = format!("metadata.{attribute}");
            for class in InputClass::ALL {
                all.push(mutant(contract, &field, class, &operation.name(), &operation.about(), change));
            }
        }
    }
    all
}

/// Axes of an array, or of the array of one sample.
fn rank(field: &FieldSpec) -> usize {
    match field.kind {
        FieldKind::Array | FieldKind::Arrays => field.shape.len(),
        FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif => 1,
        FieldKind::Scalar | FieldKind::Mapping | FieldKind::Mappings => 0,
    }
}

const fn is_per_sample(kind: FieldKind) -> bool {
    !matches!(kind, FieldKind::Array | FieldKind::Scalar | FieldKind::Mapping)
}

fn mutant(
    contract: &Contract,
    field: &str,
    class: InputClass,
    operation: &str,
    about: &str,
    change: impl Fn(&Prediction) -> Option<Prediction> + Send + Sync + 'static,
) -> Mutant {
    let is_meant = move |call: &MutatedCall<'_>| InputClass::of(call.contract, call.request) == class;
    Mutant {
        name: format!("generated/{}/{field}/{class}/{operation}", contract.key),
        about: format!("{field}: {about}"),
        group: Group::Generated,
        model: Some(contract.key.clone()),
        killers: &[],
        fault: MutantFault::response(move |call, right| is_meant(call).then(|| change(right))?),
    }
}

/// The field is that of another call of the same class.
fn from_another_call(contract: &Contract, field: &str, class: InputClass) -> Mutant {
    let name = field.to_owned();
    Mutant {
        name: format!("generated/{}/{field}/{class}/another-call", contract.key),
        about: format!("{field}: of another call"),
        group: Group::Generated,
        model: Some(contract.key.clone()),
        killers: &[],
        fault: MutantFault::response(move |call, right| {
            if InputClass::of(call.contract, call.request) != class {
                return None;
            }
            let own = right.field(&name).filter(|value| !value.is_none())?;
            let other = call.responses.another(call.contract, call.config, call.request, |request, other| {
                InputClass::of(call.contract, request) == class
                    && request.input != call.request.input
                    && other.field(&name).is_some_and(|value| !value.is_none() && value != own)
            })?;
            replaced(right, &name, |_| other.field(&name).cloned())
        }),
    }
}

fn samples_reversed(value: &Value) -> Option<Value> {
    let mut items = value.as_items().filter(|items| items.len() > 1)?.to_vec();
    items.reverse();
    Some(Value::List(items))
}

/// The response with one field changed.
pub(crate) fn replaced(right: &Prediction, name: &str, change: impl Fn(&Value) -> Option<Value>) -> Option<Prediction> {
    let place = right.fields.iter().position(|(field, _)| field == name)?;
    let value = change(&right.fields[place].1)?;
    let mut wrong = right.clone();
    wrong.fields[place].1 = value;
    Some(wrong)
}

/// The response with one attribute of its metadata changed.
pub(crate) fn metadata_replaced(
    right: &Prediction,
    attribute: &str,
    change: impl Fn(&Value) -> Option<Value>,
) -> Option<Prediction> {
    replaced(right, "metadata", |metadata| {
        let Value::Record(record) = metadata else { return None };
        let mut wrong = record.clone();
        let field = wrong.fields.iter_mut().find(|(field, _)| field == attribute)?;
        field.1 = change(&field.1)?;
        Some(Value::Record(wrong))
    })
}
