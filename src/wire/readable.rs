//! Finds the parts of a decoded response that boileroom's own client cannot read. Does not check values.
//!
//! The client is `boileroom.backend.transport.deserialize_transport_payload` with `httpx`; `tests/boileroom` tests each rule against it.
//! Its needs, and the errors for responses that do not meet them:
//!
//! | the client needs | refused as |
//! |---|---|
//! | a JSON object with `pickled` and `hmac` | [`EnvelopeError`](super::envelope::EnvelopeError) |
//! | padded base64 of the standard alphabet, white space allowed | the same |
//! | the signature in lowercase hexadecimal digits, right for these bytes and this secret | the same |
//! | a pickle of protocol 5 at most | [`PickleFault::Header`](super::pickle::PickleFault) |
//! | no instruction for objects from outside the stream | `PickleFault::ForbiddenOpcode` |
//! | tensors in main memory: torch restores a tensor on its device, and fails without that device | [`Obstacle`] |
//! | objects of boileroom's own classes | [`Obstacle`] |
//!
//! It can read protocols 2 to 5, big-endian arrays, every memory layout, the module names of `NumPy` 1 and 2, and unknown keys of the
//! JSON object.

use super::pickle::BOND_LIST;
use crate::prediction::Value;

/// The prefix of boileroom's classes. The contract tells which of them is right.
const CLASSES: &str = "boileroom.";

/// A part of a response that the client cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The path, such as `confidence[0].plddt`.
    pub path: String,
    /// The reason, to follow the path.
    pub reason: String,
}

/// All parts of the value at `path` that the client cannot read.
#[must_use]
pub fn obstacles(path: &str, value: &Value) -> Vec<Obstacle> {
    let mut found = Vec::new();
    search(path, value, &mut found);
    found
}

fn search(path: &str, value: &Value, found: &mut Vec<Obstacle>) {
    let obstacle = |reason| Obstacle { path: path.to_owned(), reason };
    match value {
        Value::Array(tensor) => found.extend(tensor.device().map(|device| {
            let what = if device.starts_with("cuda") { "GPU" } else { "device" };
            obstacle(format!("stored on {device}: a client without that {what} cannot read it"))
        })),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Objects { items, .. } => {
            for (index, item) in items.iter().enumerate() {
                search(&format!("{path}[{index}]"), item, found);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = match key {
                    Value::Text(name) => name.clone(),
                    Value::Integer(number) => number.to_string(),
                    other => other.describe(),
                };
                search(&format!("{path}.{name}"), value, found);
            }
        }
        Value::Record(record) => {
            if !record.class.starts_with(CLASSES) && record.class != BOND_LIST {
                found.push(obstacle(format!("an object of {}, a class that boileroom does not have", record.class)));
            }
            for (name, value) in &record.fields {
                search(&format!("{path}.{name}"), value, found);
            }
        }
        Value::None
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Rows(_)
        | Value::Structure(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prediction::Record;
    use crate::tensor::Tensor;

    #[test]
    fn an_object_of_a_foreign_class_is_found() {
        let record = |class: &str| {
            let class = class.to_owned();
            let fields = vec![("a".to_owned(), Value::None)];
            Value::Record(Record { class, fields })
        };
        assert_eq!(obstacles("metadata", &record("boileroom.base.PredictionMetadata")), []);
        let found = obstacles("confidence", &Value::List(vec![record("score.Score")]));
        assert_eq!(found[0].path, "confidence[0]");
        assert_eq!(found[0].reason, "an object of score.Score, a class that boileroom does not have");
    }

    #[test]
    fn a_tensor_on_a_device_is_found_wherever_it_is() {
        let here = Value::Array(Tensor::scalar(0.5_f32));
        let there = |device: &str| Value::Array(Tensor::scalar(0.5_f32).on_device(device.into()));
        let entry = |name: &str, value| (Value::Text(name.into()), value);
        let value = Value::List(vec![
            Value::Map(vec![entry("ptm", here), entry("plddt", there("cuda:0"))]),
            Value::Tuple(vec![there("mps")]),
        ]);
        let found = obstacles("confidence", &value);
        let shown: Vec<String> = found.iter().map(|part| format!("{} {}", part.path, part.reason)).collect();
        assert_eq!(
            shown,
            [
                "confidence[0].plddt stored on cuda:0: a client without that GPU cannot read it",
                "confidence[1][0] stored on mps: a client without that device cannot read it",
            ]
        );
    }
}
