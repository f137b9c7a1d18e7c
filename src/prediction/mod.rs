//! Requests, predictions and the contract of a model, as data. Does not talk to a backend or judge a result.

mod axes;
pub mod contract;
mod dimension;
pub mod gates;
pub(crate) mod identity;
pub mod known;
mod largest;
mod listing;
mod option;
mod own_gates;
mod provision;
mod request;
mod value;

pub(crate) use axes::{Axes, is_symbol};
pub use contract::Contract;
pub use gates::Gates;
pub use largest::largest_response;
pub use listing::TooManyValues;
pub(crate) use listing::{ArrayOrigin, Leaf, Listing, field_of, unescaped};
pub(crate) use own_gates::{OwnGate, OwnGates};
pub use request::{Input, Method, Request};
pub use value::{Record, Value, show_shape};

/// A JSON object in declared order: options of a call, configuration of an instance.
pub type Options = serde_json::Map<String, serde_json::Value>;

/// The attributes of every response's `metadata`, in order.
pub const METADATA_ATTRIBUTES: [&str; 6] =
    ["model_name", "model_version", "sequence_lengths", "preprocessing_time", "inference_time", "postprocessing_time"];

/// A decoded response: the class the backend named and its attributes in order, `metadata` among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prediction {
    /// Dotted Python class, such as `boileroom.models.esm.types.ESM2Output`.
    pub class: String,
    /// Attribute name and value, in the order of the class.
    pub fields: Vec<(String, Value)>,
}

impl Prediction {
    /// The value of a field; `None` when the response has no such attribute.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// The value at a path such as `plddt[0]`, `metadata.sequence_lengths` or `atom_array[1]`.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Value> {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        self.field(&path[..end])?.at(&path[end..])
    }

    /// Residues of every sample as the metadata states them; `None` when absent or not whole numbers.
    #[must_use]
    pub fn sequence_lengths(&self) -> Option<Vec<usize>> {
        let Value::List(items) = self.at("metadata.sequence_lengths")? else {
            return None;
        };
        items.iter().map(|item| usize::try_from(item.as_integer()?).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    #[test]
    fn paths_reach_into_records_and_lists() {
        let metadata = Record {
            class: "boileroom.base.PredictionMetadata".into(),
            fields: vec![("sequence_lengths".into(), Value::List(vec![Value::Integer(3), Value::Integer(4)]))],
        };
        let plddt = Value::List(vec![Value::Array(Tensor::vector(&[0.5f32]))]);
        let prediction = Prediction {
            class: "boileroom.models.esm.types.ESMFoldOutput".into(),
            fields: vec![("metadata".into(), Value::Record(metadata)), ("plddt".into(), plddt)],
        };
        assert_eq!(prediction.sequence_lengths(), Some(vec![3, 4]));
        assert!(matches!(prediction.at("plddt[0]"), Some(Value::Array(_))));
        assert_eq!(prediction.at("plddt[1]"), None);
        assert_eq!(prediction.at("metadata.sequence_lengths[1]"), Some(&Value::Integer(4)));
        assert_eq!(prediction.at("plddt[x]"), None);
    }
}
