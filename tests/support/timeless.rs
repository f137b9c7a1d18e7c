//! Predictions in the form in which two runs of one model must agree.

use hydrotest::prediction::{Prediction, Value};

/// A prediction without its times.
pub fn timeless(mut prediction: Prediction) -> Prediction {
    for (name, value) in &mut prediction.fields {
        if let (Value::Record(metadata), "metadata") = (value, name.as_str()) {
            metadata.fields.retain(|(name, _)| !name.ends_with("_time"));
        }
    }
    prediction
}
