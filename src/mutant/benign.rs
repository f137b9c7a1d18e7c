//! Peculiarities that a right backend may have: other last digits, other times, other orders where none is promised. Every case must
//! pass on them. Does not change structure files.

use super::alter::{array, scattered};
use super::generated::metadata_replaced;
use super::structure_parts::every_structure;
use super::{Group, Mutant, MutantFault, MutatedCall};
use crate::prediction::{Contract, Prediction, Value};
use crate::protein::{Bond, Structure};
use crate::tensor::{DType, Tensor};

/// By which part of itself another order of summation changes a number in single precision.
const LAST_DIGIT: f64 = 1e-7;
/// The same for coordinates, in ångström. A backend without noise is allowed twice as much.
const NUDGE: f64 = 5e-6;
/// The feature of models with random results, whose recorded results do not say what else a structure carries.
const STOCHASTIC: &str = "stochastic";

type BenignChange = fn(&MutatedCall<'_>, &Prediction) -> Option<Prediction>;

/// All benign mutants but those of structure files.
pub(crate) fn mutants() -> Vec<Mutant> {
    let rows = NUMBERS.iter().chain(&METADATA).chain(&MAPPINGS).chain(&COLUMNS);
    rows.map(|&(name, about, change)| benign(name, about, MutantFault::response(change))).collect()
}

/// A benign mutant.
pub(crate) fn benign(name: &str, about: &str, fault: MutantFault) -> Mutant {
    Mutant {
        name: format!("benign/{name}"),
        about: about.to_owned(),
        group: Group::Benign,
        model: None,
        killers: &[],
        fault,
    }
}

/// Other digits, types and signs.
static NUMBERS: [(&str, &str, BenignChange); 6] = [
    ("last-digits", "floats of arrays smaller by up to their last digit", |call, right| {
        every_array(call.contract, right, |_, tensor| {
            with_floats(tensor, |place, value| value * (1.0 - LAST_DIGIT * scattered(place).abs()))
        })
    }),
    ("rounded-digits", "floats of arrays rounded to 22 binary digits", |call, right| {
        every_array(call.contract, right, |_, tensor| with_floats(tensor, |_, value| shortened(value)))
    }),
    ("negative-zeros", "-0.0 for 0.0", |call, right| {
        every_array(call.contract, right, |_, tensor| {
            let values = tensor.to_f64().filter(|_| tensor.dtype().is_float())?;
            let signed: Vec<f64> = values.into_iter().map(|value| if value == 0.0 { -0.0 } else { value }).collect();
            array(tensor.dtype(), tensor.shape().to_vec(), &signed)
        })
    }),
    ("coordinates-nudged", "coordinates with other last digits", |_, right| {
        every_structure(right, |it| {
            let axes = it.coord.as_flattened_mut().iter_mut().enumerate();
            axes.for_each(|(place, axis)| *axis = (f64::from(*axis) + NUDGE * scattered(place)) as f32);
        })
    }),
    ("factors-nudged", "temperature factors smaller by up to their last digit", |_, right| {
        every_structure(right, |it| {
            let factors = it.b_factor.iter_mut().flatten().enumerate();
            factors.for_each(|(place, factor)| *factor *= 1.0 - LAST_DIGIT * scattered(place).abs());
        })
    }),
    (
        "wider-integers",
        "whole numbers of the other width that the contract allows, where nothing is recorded of them",
        |call, right| {
            let contract = only_stochastic(call)?;
            every_array(contract, right, |dtypes, tensor| {
                let is_other = |dtype: &&DType| **dtype != tensor.dtype() && dtype.is_integer();
                let other = dtypes.iter().find(is_other).filter(|_| tensor.dtype().is_integer())?;
                array(*other, tensor.shape().to_vec(), &tensor.to_f64()?)
            })
        },
    ),
];

/// Metadata that does not follow from the request.
static METADATA: [(&str, &str, BenignChange); 7] = [
    ("other-times", "other times", |_, right| times(right, |_| Value::Float(12.25))),
    ("short-times", "times of a nanosecond", |_, right| times(right, |_| Value::Float(1e-9))),
    ("long-times", "times of a day", |_, right| times(right, |_| Value::Float(86_400.0))),
    ("whole-times", "times as whole numbers", |_, right| times(right, |_| Value::Integer(1))),
    ("array-times", "times as scalars of NumPy", |_, right| {
        times(right, |value| Value::Array(Tensor::scalar(value.as_number().unwrap_or(1.0))))
    }),
    ("no-times-around", "no time for what comes before and after inference", |_, right| {
        let before = metadata_replaced(right, "preprocessing_time", |_| Some(Value::None))?;
        metadata_replaced(&before, "postprocessing_time", |_| Some(Value::None))
    }),
    ("later-version", "a later version of the model", |_, right| {
        // The version also names the weights, so it is kept as a prefix.
        metadata_replaced(right, "model_version", |value| Some(Value::Text(format!("{}+later", value.as_text()?))))
    }),
];

/// Mappings of scores. Boltz-2 has one for each sample.
static MAPPINGS: [(&str, &str, BenignChange); 4] = [
    ("mapping-order", "entries of mappings in reverse order", |_, right| every_mapping(right, <[_]>::reverse)),
    ("mapping-numbers", "names of chains in mappings as whole numbers", |_, right| {
        every_mapping(right, |entries| {
            for (key, _) in entries {
                if let Some(number) = key.as_text().and_then(|text| text.parse().ok()) {
                    *key = Value::Integer(number);
                }
            }
        })
    }),
    ("mapping-scalars", "numbers in mappings as scalars of NumPy", |_, right| {
        every_number(right, |number| Value::Array(Tensor::scalar(number)))
    }),
    ("mapping-digits", "numbers in mappings in single precision", |_, right| {
        every_number(right, |number| Value::Float(f64::from(number as f32)))
    }),
];

/// Columns that a structure may have if no recorded result says that it has none.
static COLUMNS: [(&str, &str, BenignChange); 5] = [
    ("bonds", "bonds along the chains", |call, right| with_column(call, right, |it| it.bonds = Some(chain_bonds(it)))),
    ("empty-bonds", "a list of no bonds", |call, right| with_column(call, right, |it| it.bonds = Some(Vec::new()))),
    ("cell", "box vectors", |call, right| {
        let cell = Tensor::from_values(vec![3, 3], &[90.0f32, 0.0, 0.0, 0.0, 90.0, 0.0, 0.0, 0.0, 90.0]).ok()?;
        with_column(call, right, |it| it.cell = Some(cell.clone()))
    }),
    ("annotation", "charges and occupancies of atoms", |call, right| {
        with_column(call, right, |it| {
            let atoms = it.atoms();
            it.extra.push(("formal_charge".to_owned(), Tensor::vector(&vec![0i32; atoms])));
            it.extra.push(("tls_group".to_owned(), Tensor::vector(&vec![1.0f32; atoms])));
        })
    }),
    ("attribute-of-none", "one more attribute, which is None", |call, right| {
        only_stochastic(call)?;
        let mut other = right.clone();
        other.fields.push(("of_a_later_release".to_owned(), Value::None));
        Some(other)
    }),
];

fn only_stochastic<'a>(call: &MutatedCall<'a>) -> Option<&'a Contract> {
    call.contract.features.contains(STOCHASTIC).then_some(call.contract)
}

fn with_column(call: &MutatedCall<'_>, right: &Prediction, change: impl Fn(&mut Structure)) -> Option<Prediction> {
    only_stochastic(call)?;
    every_structure(right, change)
}

/// The response with arrays of its fields changed; `change` also gets the element types that the field may have. Returns `None` if no
/// array is changed.
fn every_array(
    contract: &Contract,
    right: &Prediction,
    change: impl Fn(&[DType], &Tensor) -> Option<Tensor>,
) -> Option<Prediction> {
    let mut other = right.clone();
    let mut is_changed = false;
    for (name, value) in &mut other.fields {
        let Some(field) = contract.field(name) else { continue };
        let items = match value {
            Value::List(items) => items.as_mut_slice(),
            whole => std::slice::from_mut(whole),
        };
        for item in items {
            if let Some(changed) = item.as_array().and_then(|tensor| change(&field.dtypes, tensor)) {
                *item = Value::Array(changed);
                is_changed = true;
            }
        }
    }
    is_changed.then_some(other)
}

/// The array with its floats changed. Whole numbers stay: they are padding, masks and limits.
fn with_floats(tensor: &Tensor, change: impl Fn(usize, f64) -> f64) -> Option<Tensor> {
    let values = tensor.to_f64().filter(|_| tensor.dtype().is_float())?;
    let changed: Vec<f64> = values
        .into_iter()
        .enumerate()
        .map(|(place, value)| if value.fract() == 0.0 { value } else { change(place, value) })
        .collect();
    array(tensor.dtype(), tensor.shape().to_vec(), &changed)
}

/// Cuts off two binary digits of single precision, which makes no number greater.
fn shortened(value: f64) -> f64 {
    f64::from(f32::from_bits((value as f32).to_bits() & !0b11))
}

fn times(right: &Prediction, change: impl Fn(&Value) -> Value) -> Option<Prediction> {
    let mut other = right.clone();
    for name in ["preprocessing_time", "inference_time", "postprocessing_time"] {
        let changed = metadata_replaced(&other, name, |value| (!value.is_none()).then(|| change(value)));
        other = changed.unwrap_or(other);
    }
    (other != *right).then_some(other)
}

/// The response with every mapping changed, also those in mappings. Returns `None` if there is none.
fn every_mapping(right: &Prediction, change: impl Fn(&mut [(Value, Value)])) -> Option<Prediction> {
    let mut other = right.clone();
    for (_, value) in &mut other.fields {
        change_mappings(value, &change);
    }
    (other != *right).then_some(other)
}

fn change_mappings(value: &mut Value, change: &impl Fn(&mut [(Value, Value)])) {
    match value {
        Value::List(items) => items.iter_mut().for_each(|item| change_mappings(item, change)),
        Value::Map(entries) => {
            for (_, inner) in entries.iter_mut() {
                change_mappings(inner, change);
            }
            change(entries);
        }
        _ => {}
    }
}

/// The response with every number in mappings changed.
fn every_number(right: &Prediction, change: impl Fn(f64) -> Value) -> Option<Prediction> {
    every_mapping(right, |entries| {
        for (_, value) in entries {
            if let Value::Float(number) = *value {
                *value = change(number);
            }
        }
    })
}

/// Single bonds between neighbouring atoms of a chain. Which atoms they join does not matter here.
fn chain_bonds(structure: &Structure) -> Vec<Bond> {
    let atoms = structure.chains().into_iter().flat_map(|(_, own)| own.start..own.end.saturating_sub(1));
    atoms.map(|atom| Bond { first: atom as u32, second: atom as u32 + 1, order: 1 }).collect()
}
