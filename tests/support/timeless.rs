//! Predictions as two runs of one model must agree on them.

use hydrotest::prediction::{Prediction, Value};

/// A prediction without the times it took.
pub fn timeless(mut prediction: Prediction) -> Prediction {
    for (name, value) in &mut prediction.fields {
        if let (Value::Record(metadata), "metadata") = (value, name.as_str()) {
            metadata.fields.retain(|(name, _)| !name.ends_with("_time"));
        }
    }
    prediction
}
