//! Mutants that change what the model computed: the class, metadata, arrays and texts of a response. Does not change structures.

use super::generated::{metadata_replaced, replaced};
use super::{Mutant, MutantFault, hand_made};
use crate::mutant::alter::{Operation, altered, array};
use crate::prediction::{Prediction, Value};
use crate::tensor::Tensor;

/// A row of a table: name, description, the checks that may kill the mutant, and its change of a response.
type Row = (&'static str, &'static str, &'static [&'static str], fn(&Prediction) -> Option<Prediction>);

/// All mutants of responses.
pub(super) fn mutants() -> impl Iterator<Item = Mutant> {
    let rows = METADATA.iter().chain(CONFIDENCES).chain(INDICES).chain(EMBEDDINGS).chain(TEXTS);
    rows.map(|&(name, about, killers, change)| {
        hand_made(name, about, killers, MutantFault::response(move |_, right| change(right)))
    })
}

/// The class of a response and its metadata.
const METADATA: &[Row] = &[
    ("another-class", "the response is an object of another class", &["contract"], |right| {
        let mut wrong = right.clone();
        wrong.class.push_str("Base");
        Some(wrong)
    }),
    ("extra-attribute", "the response has an attribute that its class does not have", &["contract"], |right| {
        let mut wrong = right.clone();
        wrong.fields.push(("embedding".to_owned(), Value::Float(0.5)));
        Some(wrong)
    }),
    ("no-metadata", "the response has no metadata", &["contract", "equals"], |right| {
        let mut wrong = right.clone();
        wrong.fields.retain(|(name, _)| name != "metadata");
        Some(wrong)
    }),
    ("metadata-none", "the metadata is None", &["contract", "equals"], |right| {
        replaced(right, "metadata", |_| Some(Value::None))
    }),
    ("another-model-name", "the metadata names another model", &["contract"], |right| {
        metadata_replaced(right, "model_name", |_| Some(Value::Text("AlphaFold".to_owned())))
    }),
    ("constant-lengths", "the metadata gives the lengths of another call", &["contract", "equals"], |right| {
        metadata_replaced(right, "sequence_lengths", |_| Some(Value::List(vec![Value::Integer(11)])))
    }),
    ("padded-lengths", "the metadata gives every sample the longest length", &["contract", "equals"], |right| {
        let lengths = right.sequence_lengths()?;
        let longest = i64::try_from(*lengths.iter().max()?).ok()?;
        metadata_replaced(right, "sequence_lengths", |_| {
            Some(Value::List(vec![Value::Integer(longest); lengths.len()]))
        })
    }),
    ("negative-time", "the time of the inference is negative", &["contract"], |right| {
        metadata_replaced(right, "inference_time", |_| Some(Value::Float(-1.0)))
    }),
    ("time-nan", "the time of the inference is NaN", &["contract"], |right| {
        metadata_replaced(right, "inference_time", |_| Some(Value::Float(f64::NAN)))
    }),
];

/// Confidences.
const CONFIDENCES: &[Row] = &[
    ("plddt-percent", "plddt is in percent", &[], |right| of_numbers(right, "plddt", |value| value * 100.0)),
    ("pae-transposed", "pae is transposed", &[], |right| {
        let axis = if right.field("pae")?.as_items().is_some() { 1 } else { 2 };
        replaced(right, "pae", |value| altered(value, Operation::Transposed(axis)))
    }),
    ("pae-symmetric", "pae is made symmetric", &[], |right| {
        each_array(right, "pae", |tensor| {
            let turned = altered(&Value::Array(tensor.clone()), Operation::Transposed(tensor.shape().len() - 1))?;
            let other = turned.as_array()?.to_f64()?;
            with_values(tensor, |values| {
                values.iter_mut().zip(other).for_each(|(one, other)| *one = f64::midpoint(*one, other));
            })
        })
    }),
    ("pae-nanometres", "pae is in nanometres", &[], |right| of_numbers(right, "pae", |value| value / 10.0)),
    ("iptm-is-ptm", "iptm holds ptm", &[], |right| {
        let ptm = right.field("ptm").filter(|value| !value.is_none())?;
        replaced(right, "iptm", |own| (!own.is_none() && own != ptm).then(|| ptm.clone()))
    }),
    ("ptm-of-the-first", "every sample has the ptm of the first", &[], |right| {
        replaced(right, "ptm", |value| {
            let items = value.as_items()?;
            Some(Value::List(vec![items.first()?.clone(); items.len()]))
        })
    }),
    ("plddt-mean", "every residue has the mean plddt of its sample", &[], |right| {
        each_values(right, "plddt", |values| values.fill(values.iter().sum::<f64>() / values.len() as f64))
    }),
];

/// Indices.
const INDICES: &[Row] = &[
    ("residue-index-from-1", "residue_index counts from 1", &[], |right| {
        of_numbers(right, "residue_index", |value| if value < 0.0 { value } else { value + 1.0 })
    }),
    ("chain-index-zero", "chain_index is 0 throughout", &[], |right| {
        of_numbers(right, "chain_index", |value| value.min(0.0))
    }),
    ("entity-of-every-chain", "entity_id counts chains and not entities", &[], |right| {
        let chains = right.field("pair_chains_iptm")?;
        (!chains.is_none()).then(|| of_numbers(right, "entity_id", |value| value + 1.0))?
    }),
];

/// Embeddings, hidden states and logits.
const EMBEDDINGS: &[Row] = &[
    ("padding-kept", "padding holds what the model computed for it", &[], |right| padding_replaced(right, 0.25)),
    ("layers-late", "hidden_states begin with the second layer", &[], |right| {
        let layers = usize::from(right.class.contains("ESM2"));
        replaced(right, "hidden_states", |value| altered(value, Operation::Rolled(layers)))
    }),
    ("layers-reversed", "hidden_states begin with the last layer", &[], |right| {
        let layers = usize::from(right.class.contains("ESM2"));
        replaced(right, "hidden_states", |value| altered(value, Operation::Reversed(layers)))
    }),
    ("special-tokens-kept", "rows of special tokens shift those of residues", &[], |right| {
        replaced(right, "embeddings", |value| altered(value, Operation::Rolled(1)))
    }),
    ("logits-softmax", "lm_logits are probabilities", &[], |right| {
        each_row(right, "lm_logits", |row| {
            let total: f64 = row.iter().map(|value| value.exp()).sum();
            for value in row {
                *value = value.exp() / total;
            }
        })
    }),
    ("vocabulary-shifted", "lm_logits are late by one letter", &[], |right| {
        let axis = right.field("lm_logits")?.as_array()?.shape().len().checked_sub(1)?;
        replaced(right, "lm_logits", |value| altered(value, Operation::Rolled(axis)))
    }),
    ("vocabulary-cut", "lm_logits lack the last letter", &[], |right| {
        each_array(right, "lm_logits", |tensor| {
            let width = *tensor.shape().last()?;
            let values = tensor.to_f64()?;
            let kept: Vec<f64> = values.chunks(width).flat_map(|row| &row[..width - 1]).copied().collect();
            let mut shape = tensor.shape().to_vec();
            *shape.last_mut()? = width - 1;
            array(tensor.dtype(), shape, &kept)
        })
    }),
    ("embeddings-normalised", "embeddings have length 1", &[], |right| {
        each_row(right, "embeddings", |row| {
            let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length > 0.0 {
                for value in row {
                    *value /= length;
                }
            }
        })
    }),
    ("negative-logits", "lm_logits have the other sign", &[], |right| of_numbers(right, "lm_logits", |value| -value)),
];

/// Structure files.
const TEXTS: &[Row] = &[
    ("pdb-cut", "the PDB text is cut in half", &[], |right| {
        replaced(right, "pdb", |value| altered(value, Operation::Halved))
    }),
    ("cif-cut", "the mmCIF text is cut in half", &[], |right| {
        replaced(right, "cif", |value| altered(value, Operation::Halved))
    }),
    ("texts-exchanged", "the PDB text is an mmCIF text", &[], |right| {
        let cif = right.field("cif").filter(|value| !value.is_none())?.clone();
        replaced(right, "pdb", |own| (!own.is_none()).then(|| cif.clone()))
    }),
];

/// The response with every array of a field changed. Returns `None` if the field has none.
fn each_array(right: &Prediction, name: &str, change: impl Fn(&Tensor) -> Option<Tensor>) -> Option<Prediction> {
    replaced(right, name, |value| match value {
        Value::Array(tensor) => change(tensor).map(Value::Array),
        Value::List(items) => {
            let items = items.iter().map(|item| change(item.as_array()?).map(Value::Array));
            items.collect::<Option<_>>().map(Value::List)
        }
        _ => None,
    })
}

/// The array with its values changed and the same type and shape.
fn with_values(tensor: &Tensor, change: impl FnOnce(&mut [f64])) -> Option<Tensor> {
    let mut values = tensor.to_f64()?;
    change(&mut values);
    array(tensor.dtype(), tensor.shape().to_vec(), &values)
}

/// The values of each array of a field changed.
fn each_values(right: &Prediction, name: &str, change: impl Fn(&mut [f64])) -> Option<Prediction> {
    each_array(right, name, |tensor| with_values(tensor, &change))
}

/// Each row along the last axis changed.
fn each_row(right: &Prediction, name: &str, change: impl Fn(&mut [f64])) -> Option<Prediction> {
    each_array(right, name, |tensor| {
        let width = *tensor.shape().last()?;
        with_values(tensor, |values| values.chunks_mut(width.max(1)).for_each(&change))
    })
}

/// Each number of a field's arrays changed.
fn of_numbers(right: &Prediction, name: &str, change: fn(f64) -> f64) -> Option<Prediction> {
    each_values(right, name, |values| values.iter_mut().for_each(|value| *value = change(*value)))
}

/// Fills the padding after the end of each sample in `embeddings` with a number.
fn padding_replaced(right: &Prediction, number: f64) -> Option<Prediction> {
    let lengths = right.sequence_lengths()?;
    each_array(right, "embeddings", |tensor| {
        let &[samples, rows, width] = tensor.shape() else { return None };
        let lengths = lengths.get(..samples)?;
        with_values(tensor, |values| {
            for (sample, length) in lengths.iter().enumerate() {
                values[(sample * rows + length) * width..(sample + 1) * rows * width].fill(number);
            }
        })
    })
}
