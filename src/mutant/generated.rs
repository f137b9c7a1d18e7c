//! Mutants made by rule: for every field of a model, every class of input and every operation, one that is wrong there and
//! nowhere else. Does not alter values itself.

use std::fmt;
use std::sync::Arc;

use super::alter::{Operation, altered};
use super::{Group, Mutant, MutantFault, MutatedCall};
use crate::prediction::contract::{FieldKind, FieldSpec, ListMeaning, Presence};
use crate::prediction::{Contract, Input, METADATA_ATTRIBUTES, Prediction, Request, Value};

/// The generated mutants of a model.
pub(crate) fn mutants(contract: &Arc<Contract>) -> Vec<Mutant> {
    let mut all = Vec::new();
    for field in contract.fields.iter().filter(|field| field.presence != Presence::Never) {
        for class in InputClass::ALL {
            for operation in Operation::of_rank(rank(field)) {
                let name = field.name.clone();
                let change = move |right: &Prediction| replaced(right, &name, |value| altered(value, operation));
                all.push(of_class(contract, &field.name, class, operation.name_and_about(), change));
            }
            all.push(from_another_call(contract, &field.name, class));
            let is_per_sample = !matches!(field.kind, FieldKind::Array | FieldKind::Scalar | FieldKind::Mapping);
            if class == InputClass::Batch && is_per_sample {
                let name = field.name.clone();
                let change = move |right: &Prediction| replaced(right, &name, samples_reversed);
                let words = ("samples-reversed".to_owned(), "samples reversed".to_owned());
                all.push(of_class(contract, &field.name, class, words, change));
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
            let mutants =
                InputClass::ALL.map(|class| of_class(contract, &field, class, operation.name_and_about(), change));
            all.extend(mutants);
        }
    }
    all
}

/// The number of axes of an array, or of the array of one sample.
fn rank(field: &FieldSpec) -> usize {
    match field.kind {
        FieldKind::Array | FieldKind::Arrays => field.shape.len(),
        FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif => 1,
        FieldKind::Scalar | FieldKind::Mapping | FieldKind::Mappings => 0,
    }
}

/// A generated mutant of a model; `path` is the rest of its name.
pub(super) fn generated(contract: &Contract, path: &str, about: String, fault: MutantFault) -> Mutant {
    Mutant {
        name: format!("generated/{}/{path}", contract.key),
        about,
        group: Group::Generated,
        model: Some(contract.key.clone()),
        killers: &[],
        fault,
    }
}

/// The mutant that changes a field for one class of input.
fn of_class(
    contract: &Contract,
    field: &str,
    class: InputClass,
    (operation, about): (String, String),
    change: impl Fn(&Prediction) -> Option<Prediction> + Send + Sync + 'static,
) -> Mutant {
    let fault = MutantFault::response(move |call, right| {
        (InputClass::of(call.contract, call.request) == class).then(|| change(right))?
    });
    generated(contract, &format!("{field}/{class}/{operation}"), format!("{field}: {about}"), fault)
}

/// The mutant that takes a field from another call of the same class.
fn from_another_call(contract: &Contract, field: &str, class: InputClass) -> Mutant {
    let name = field.to_owned();
    let fault = MutantFault::response(move |call: &MutatedCall<'_>, right| {
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
    });
    generated(contract, &format!("{field}/{class}/another-call"), format!("{field}: of another call"), fault)
}

fn samples_reversed(value: &Value) -> Option<Value> {
    let items = value.as_items().filter(|items| items.len() > 1)?;
    Some(Value::List(items.iter().rev().cloned().collect()))
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

/// The kind of input of a request. Does not say whether a model accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InputClass {
    /// One chain.
    Single,
    /// Several chains or molecules that belong together.
    Complex,
    /// Several samples.
    Batch,
}

impl InputClass {
    const ALL: [Self; 3] = [Self::Single, Self::Complex, Self::Batch];

    /// The class of a request to a model.
    fn of(contract: &Contract, request: &Request) -> Self {
        let of_text = |text: &str| if text.contains([':', '|']) { Self::Complex } else { Self::Single };
        match &request.input {
            Input::One(text) => of_text(text),
            Input::Many(texts) => match (texts.as_slice(), contract.list) {
                ([only], _) => of_text(only),
                (_, ListMeaning::Chains) => Self::Complex,
                _ => Self::Batch,
            },
            Input::Structured(serde_json::Value::Array(_)) => Self::Batch,
            Input::Structured(object) => {
                let molecules = object.get("sequences").and_then(|list| list.as_array());
                if molecules.is_some_and(|molecules| molecules.len() > 1) { Self::Complex } else { Self::Single }
            }
        }
    }
}

impl fmt::Display for InputClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Complex => "complex",
            Self::Batch => "batch",
        })
    }
}
