//! The data of a recording: the call, the origin, and the response. Does not access files.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::prediction::{Options, Request};

/// Hexadecimal digits of a name: enough to tell all calls apart.
const DIGITS: usize = 32;

/// The most buffers of a response. Python uses far fewer.
pub(super) const MOST_BUFFERS: usize = 4096;

/// The response of a model to a call, before any of it is interpreted. In `recording.json` it has no bytes of a payload, which are
/// separate parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawResponse {
    /// A result: a pickle, and its buffers outside of the stream.
    Payload {
        /// The pickle.
        #[serde(skip)]
        pickle: Bytes,
        /// The buffers outside of the stream, in the order in which the pickle names them.
        #[serde(with = "count")]
        buffers: Vec<Bytes>,
    },
    /// A model server's response with a status other than 200.
    Status {
        /// The status.
        status: u16,
        /// The target of a redirect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
        /// The beginning of the body, without secrets.
        body: String,
    },
    /// Any other response, such as an exception in a Python process or a body without a valid signature.
    Failure {
        /// The name of the fault.
        fault: String,
        /// Whether the fault occurred while reading the response, not in the call.
        #[serde(default)]
        decoding: bool,
        /// The message of the error.
        message: String,
        /// The class of the model's exception, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exception: Option<String>,
    },
}

/// Serialises buffers as their number.
mod count {
    use bytes::Bytes;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(buffers: &[Bytes], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(buffers.len() as u64)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bytes>, D::Error> {
        let count = usize::deserialize(deserializer)?;
        if count > super::MOST_BUFFERS {
            return Err(D::Error::custom("more buffers than a recording may have"));
        }
        Ok(vec![Bytes::new(); count])
    }
}

/// The origin of a recorded response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseOrigin {
    /// The backend's name.
    pub backend: String,
    /// Its kind.
    pub kind: String,
    /// The weights of the model.
    pub weights: String,
    /// The version of hydrotest that recorded it.
    pub hydrotest: String,
}

/// The key of a call in recordings: the model, the configuration of its instance and the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    pub(super) call: Value,
    hash: String,
}

impl CallKey {
    /// The key of a request to a model's instance with a configuration.
    #[must_use]
    pub fn new(model: &str, config: &Options, request: &Request) -> Self {
        Self::of(serde_json::json!({
            "model": model,
            "config": config,
            "method": request.method.name(),
            "sequences": request.input.to_json(),
            "options": request.options,
        }))
    }

    /// The key of a call from a recording.
    pub(super) fn of(call: Value) -> Self {
        // The order of options does not matter.
        let call = sorted(call);
        let mut hash = hex::encode(Sha256::digest(call.to_string()));
        hash.truncate(DIGITS);
        Self { call, hash }
    }

    /// The key of the model.
    pub(crate) fn model(&self) -> &str {
        self.call.get("model").and_then(Value::as_str).unwrap_or_default()
    }

    /// The name of the call in file names.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().map(|(name, value)| (name, sorted(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prediction::{Input, Method};

    fn key(config: &Value, options: &Value) -> CallKey {
        let object = |value: &Value| value.as_object().unwrap().clone();
        let request = Request { method: Method::Fold, input: Input::One("MLK".into()), options: object(options) };
        CallKey::new("esmfold", &object(config), &request)
    }

    #[test]
    fn the_order_of_options_is_no_difference_and_every_value_is() {
        let one = key(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"seed": 1}));
        assert_eq!(one, key(&json!({"b": {"d": 3, "c": 2}, "a": 1}), &json!({"seed": 1})));
        assert_ne!(one.hash(), key(&json!({"a": 1}), &json!({"seed": 1})).hash());
        assert_ne!(one.hash(), key(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"seed": 2})).hash());
        assert_eq!((one.model(), one.hash().len()), ("esmfold", DIGITS));
    }
}
