//! The embedded models: a test double that answers every contract the same for the same call, and words every error as boileroom
//! does. They prove suites and transports without weights; they predict nothing about proteins and are compared with no real model.
//!
//! A model is served by its contract alone. Only what boileroom's own classes do differently from one another stands in
//! one table, `family`.

mod array;
mod chain;
mod complex;
mod confidence;
mod embed;
mod family;
mod fold;
mod geometry;
mod input;
mod layout;
mod options;
mod python;
mod random;
mod residue;
mod results;
mod selection;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use self::embed::Embedding;
use self::family::{ModelFamily, core_class};
use self::fold::Folding;
use self::selection::FieldSelection;
use crate::prediction::{Contract, Method, Options, Prediction, Record, Request, Value};

/// What stands behind every result of these models, so that they are compared with nothing else.
pub(crate) const WEIGHTS: &str = "synthetic";

/// What stands in `model_version`: the embedded models are synthetic, and this changes when their responses do.
const VERSION: &str = "synthetic-3";
/// What every such version begins with.
const SYNTHETIC: &str = "synthetic-";

/// One embedded model as an instance has it: a contract and a configuration. Calls do not change it.
#[derive(Debug, Clone)]
pub struct SyntheticModel {
    contract: Arc<Contract>,
    config: Options,
}

impl SyntheticModel {
    /// A model with its configuration, which may hold any key, as in boileroom.
    ///
    /// # Errors
    /// When the configuration names a size the model does not have.
    pub fn load(contract: Arc<Contract>, config: Options) -> Result<Self, ModelError> {
        options::check_variant(&contract, ModelFamily::of(&contract), &config)?;
        Ok(Self { contract, config })
    }

    /// Answers one call.
    ///
    /// # Errors
    /// What boileroom says to a method the model lacks, to options it does not take and to input it cannot read.
    pub fn predict(&self, request: &Request) -> Result<Prediction, ModelError> {
        let started = Instant::now();
        let contract = self.contract.as_ref();
        let family = ModelFamily::of(contract);
        if request.method != contract.method {
            let class = core_class(contract);
            let message = format!("'{class}' object has no attribute '{}'", request.method);
            return Err(ModelError::new("AttributeError", message));
        }
        options::check_fixed(contract, &request.options)?;
        let effective = contract.effective_options(&self.config, &request.options);
        options::check_rules(contract, family, &effective)?;
        let selection = FieldSelection::read(contract, family, effective.get("include_fields").unwrap_or(&Json::Null))?;
        let batch = input::read(contract, family, &request.input)?;

        let preprocessing = started.elapsed();
        let started = Instant::now();
        let (mut fields, lengths) = match contract.method {
            Method::Embed => {
                let embedding = Embedding::new(contract, &effective, &batch)?;
                let fields = selection.fields(contract, |field| embedding.value(field))?;
                (fields, batch.lengths)
            }
            Method::Fold => {
                let folding = Folding::new(contract, &effective, &batch)?;
                (selection.fields(contract, |field| folding.value(field))?, folding.lengths())
            }
            // What a prompt should become is a matter of weights; there is no synthetic response to it.
            Method::Generate => {
                let message = format!("the embedded {} does not generate", contract.name);
                return Err(ModelError::new("NotImplementedError", message));
            }
        };
        let metadata = metadata(&contract.name, &lengths, preprocessing, started.elapsed());
        // It stands where the response class has it.
        fields.insert(family.metadata_position.min(fields.len()), ("metadata".into(), metadata));
        Ok(Prediction { class: contract.output.clone(), fields })
    }
}

/// The version that a response gives itself, when it says by it that it is synthetic.
pub(crate) fn synthetic_version(prediction: &Prediction) -> Option<&str> {
    let version = prediction.at("metadata.model_version")?.as_text()?;
    version.starts_with(SYNTHETIC).then_some(version)
}

/// The metadata record of one call. Nothing is left to do after the fields are computed, so the time for that is `None`.
fn metadata(model: &str, lengths: &[usize], preprocessing: Duration, inference: Duration) -> Value {
    let lengths = lengths.iter().map(|&length| Value::Integer(length as i64)).collect();
    let seconds = |time: Duration| Value::Float(time.as_secs_f64());
    Value::Record(Record {
        class: "boileroom.base.PredictionMetadata".into(),
        fields: vec![
            ("model_name".into(), Value::Text(model.into())),
            ("model_version".into(), Value::Text(VERSION.into())),
            ("sequence_lengths".into(), Value::List(lengths)),
            ("preprocessing_time".into(), seconds(preprocessing)),
            ("inference_time".into(), seconds(inference)),
            ("postprocessing_time".into(), Value::None),
        ],
    })
}

/// A Python exception: its class and its message, without a traceback.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{exception}: {message}")]
pub struct ModelError {
    /// Name of the exception class, such as `ValueError`.
    pub exception: &'static str,
    /// What `str(exception)` gives.
    pub message: String,
}

impl ModelError {
    /// A value of the right type that the model does not take.
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new("ValueError", message)
    }

    /// A value of the wrong type.
    pub(crate) fn wrong_type(message: impl Into<String>) -> Self {
        Self::new("TypeError", message)
    }

    /// Any other exception.
    pub(crate) fn new(exception: &'static str, message: impl Into<String>) -> Self {
        Self { exception, message: message.into() }
    }
}
