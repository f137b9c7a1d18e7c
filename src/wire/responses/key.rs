//! Which call a recording answers. Names it by content; touches no file.

use std::fmt::Write;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::prediction::{Options, Request};

/// Hexadecimal digits of a name: enough that no two calls of anybody's suites share one.
const DIGITS: usize = 32;

/// A call as recordings tell calls apart: the model, the configuration of its instance and the request.
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
        // The order in which somebody wrote options means nothing.
        let call = sorted(call);
        let mut hash = String::with_capacity(2 * Sha256::output_size());
        for byte in Sha256::digest(call.to_string()) {
            let _ = write!(hash, "{byte:02x}");
        }
        hash.truncate(DIGITS);
        Self { call, hash }
    }

    /// The key of the model.
    #[must_use]
    pub fn model(&self) -> &str {
        self.call.get("model").and_then(Value::as_str).unwrap_or_default()
    }

    /// The name of the call in file names.
    #[must_use]
    pub fn hash(&self) -> &str {
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
        let request = Request {
            method: Method::Fold,
            input: Input::One("MLK".into()),
            options: object(options),
        };
        CallKey::new("esmfold", &object(config), &request)
    }

    #[test]
    fn the_order_of_options_is_no_difference_and_every_value_is() {
        let one = key(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"seed": 1}));
        assert_eq!(one, key(&json!({"b": {"d": 3, "c": 2}, "a": 1}), &json!({"seed": 1})));
        assert_ne!(one.hash(), key(&json!({"a": 1}), &json!({"seed": 1})).hash());
        assert_ne!(
            one.hash(),
            key(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"seed": 2})).hash()
        );
        assert_eq!((one.model(), one.hash().len()), ("esmfold", DIGITS));
    }
}
