//! The data of a recording: the call it belongs to, its origin, and the response. Touches no file.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::prediction::{Options, Request};

/// Hexadecimal digits of a name: enough that no two calls share one.
const DIGITS: usize = 32;

/// The most buffers of a response: Python names far fewer.
pub(super) const MOST_BUFFERS: usize = 4096;

/// What a model responded to a call, before anything of it is interpreted. `recording.json` has it without the bytes of a payload,
/// which are parts of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawResponse {
    /// A result: a pickle, and the buffers that it names where they did not go into its stream.
    Payload {
        /// The pickle.
        #[serde(skip)]
        pickle: Bytes,
        /// Its buffers outside of the stream, in the order in which it names them.
        #[serde(with = "count")]
        buffers: Vec<Bytes>,
    },
    /// A model server's response of another status than 200.
    Status {
        /// The status.
        status: u16,
        /// Where it redirects to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
        /// The beginning of its body, without secrets.
        body: String,
    },
    /// Anything else, such as an exception in a Python process or a body without a valid signature.
    Failure {
        /// The name of the fault that it counts as.
        fault: String,
        /// Whether it arose when the response was read, not in the call.
        #[serde(default)]
        decoding: bool,
        /// The message of the error.
        message: String,
        /// The class of the exception that the model raised, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exception: Option<String>,
    },
}

/// Buffers as how many there are.
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

/// Where a recorded response comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseOrigin {
    /// The backend's name.
    pub backend: String,
    /// Its kind.
    pub kind: String,
    /// Which parameters stand behind the response.
    pub weights: String,
    /// The version of hydrotest that kept it.
    pub hydrotest: String,
}

/// What distinguishes calls in recordings: the model, the configuration of its instance and the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    call: Value,
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

    /// The key of a call that a recording describes.
    pub(super) fn of(call: Value) -> Self {
        // The order of options means nothing.
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

    /// The call as JSON.
    pub(super) const fn call(&self) -> &Value {
        &self.call
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(String, Value)> = entries.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            let entries = entries.into_iter().map(|(name, value)| (name, sorted(value)));
            Value::Object(entries.collect::<Map<_, _>>())
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
