//! The metadata record of a response, as boileroom's class has it.

use std::time::Duration;

use crate::prediction::{Prediction, Record, Value};

/// What stands in `model_version`: the embedded models are synthetic, and this changes when their answers do.
const VERSION: &str = "synthetic-2";
/// What every such version begins with.
const SYNTHETIC: &str = "synthetic-";

/// How long the parts of a call took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Reading and checking options and input.
    pub preprocessing: Duration,
    /// Computing the fields.
    pub inference: Duration,
}

/// The version that an answer gives itself, when it says by it that it is synthetic.
#[must_use]
pub fn synthetic_version(prediction: &Prediction) -> Option<&str> {
    let version = prediction.at("metadata.model_version")?.as_text()?;
    version.starts_with(SYNTHETIC).then_some(version)
}

/// The record of one call. Nothing is left to do after the fields are computed, so the time for that is `None`.
pub(super) fn record(model: &str, lengths: &[usize], times: Times) -> Value {
    let lengths = lengths.iter().map(|&length| Value::Integer(length as i64)).collect();
    let seconds = |time: Duration| Value::Float(time.as_secs_f64());
    Value::Record(Record {
        class: "boileroom.base.PredictionMetadata".into(),
        fields: vec![
            ("model_name".into(), Value::Text(model.into())),
            ("model_version".into(), Value::Text(VERSION.into())),
            ("sequence_lengths".into(), Value::List(lengths)),
            ("preprocessing_time".into(), seconds(times.preprocessing)),
            ("inference_time".into(), seconds(times.inference)),
            ("postprocessing_time".into(), Value::None),
        ],
    })
}
