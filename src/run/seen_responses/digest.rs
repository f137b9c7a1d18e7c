//! The digest of a response, without its metadata, and its size in memory. Does not compare responses.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::prediction::{Prediction, Value};
use crate::protein::Structure;
use crate::tensor::Tensor;

/// The digest of all fields except the metadata. Returns `None` if no field has numbers or atoms, because equality would mean nothing.
pub(super) fn digest_of(prediction: &Prediction) -> Option<u64> {
    let mut digest = Digest::default();
    prediction.class.hash(&mut digest.hasher);
    for (name, value) in prediction.fields.iter().filter(|(name, _)| name != "metadata") {
        name.hash(&mut digest.hasher);
        digest.value(value);
    }
    digest.has_numbers.then(|| digest.hasher.finish())
}

/// The approximate size of a response in bytes.
pub(super) fn bytes_of(prediction: &Prediction) -> usize {
    prediction.fields.iter().map(|(_, value)| bytes(value)).sum()
}

fn bytes(value: &Value) -> usize {
    // Labels, numbers and a position of each atom.
    const ATOM: usize = 80;
    match value {
        Value::Text(text) => text.len(),
        Value::Bytes(own) => own.len(),
        Value::Array(tensor) => tensor.bytes().len(),
        Value::Structure(structure) => ATOM * structure.coord.len(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Objects { items, .. } => {
            items.iter().map(bytes).sum()
        }
        Value::Map(entries) => entries.iter().map(|(key, own)| bytes(key) + bytes(own)).sum(),
        Value::Record(record) => record.fields.iter().map(|(_, own)| bytes(own)).sum(),
        Value::None | Value::Bool(_) | Value::Integer(_) | Value::Float(_) | Value::Rows(_) => size_of::<Value>(),
    }
}

#[derive(Default)]
struct Digest {
    hasher: DefaultHasher,
    has_numbers: bool,
}

impl Digest {
    fn value(&mut self, value: &Value) {
        std::mem::discriminant(value).hash(&mut self.hasher);
        match value {
            Value::None | Value::Rows(_) => {}
            Value::Bool(own) => own.hash(&mut self.hasher),
            Value::Integer(own) => own.hash(&mut self.hasher),
            Value::Float(own) => own.to_bits().hash(&mut self.hasher),
            Value::Text(own) => own.hash(&mut self.hasher),
            Value::Bytes(own) => own.hash(&mut self.hasher),
            Value::Array(tensor) => self.tensor(tensor),
            Value::Structure(structure) => self.structure(structure),
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Objects { items, .. } => {
                items.len().hash(&mut self.hasher);
                for item in items {
                    self.value(item);
                }
            }
            Value::Map(entries) => {
                entries.len().hash(&mut self.hasher);
                for (key, own) in entries {
                    self.value(key);
                    self.value(own);
                }
            }
            Value::Record(record) => {
                record.class.hash(&mut self.hasher);
                for (name, own) in &record.fields {
                    name.hash(&mut self.hasher);
                    self.value(own);
                }
            }
        }
    }

    fn tensor(&mut self, tensor: &Tensor) {
        // A single number, such as a limit, is the same in many responses.
        self.has_numbers |= tensor.len() > 1;
        (tensor.dtype().to_string(), tensor.shape(), tensor.bytes()).hash(&mut self.hasher);
    }

    fn structure(&mut self, structure: &Structure) {
        self.has_numbers |= structure.atoms() > 0;
        for position in &structure.coord {
            position.map(f32::to_bits).hash(&mut self.hasher);
        }
        (&structure.chain_id, &structure.res_id, &structure.ins_code, &structure.res_name).hash(&mut self.hasher);
        (&structure.hetero, &structure.atom_name, &structure.element).hash(&mut self.hasher);
        for factor in structure.b_factor.iter().flatten() {
            factor.to_bits().hash(&mut self.hasher);
        }
        for (name, column) in &structure.extra {
            name.hash(&mut self.hasher);
            self.tensor(column);
        }
    }
}
