//! The embedded models: a test double that gives equal responses to equal calls and words every error as boileroom does. They test
//! suites and transports without weights. They predict nothing about proteins, and are never compared with a real model.
//!
//! A model is served by its contract alone. Differences between boileroom's own classes are in one table, `family`.

mod array;
mod chain;
mod complex;
mod confidence;
mod embed;
mod error;
mod family;
mod fold;
mod input;
mod options;
mod python;
mod random;
mod residue;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

pub use self::error::ModelError;

use self::embed::Embedding;
use self::family::{ModelFamily, core_class};
use self::fold::Folding;
use crate::prediction::contract::FieldSpec;
use crate::prediction::{Contract, Method, Options, Prediction, Record, Request, Value};

/// The weights of every result of these models. Results are only compared with results of the same weights.
pub(crate) const WEIGHTS: &str = "synthetic";

/// The `model_version` of these models. It changes when their responses do.
const VERSION: &str = "synthetic-3";
/// The prefix of every such version.
const SYNTHETIC: &str = "synthetic-";

/// One embedded model of an instance: a contract and a configuration. Calls do not change it.
#[derive(Debug, Clone)]
pub struct SyntheticModel {
    contract: Arc<Contract>,
    config: Options,
}

impl SyntheticModel {
    /// Loads a model with its configuration, which may hold any key, as in boileroom.
    ///
    /// # Errors
    /// When the configuration names a size that the model does not have.
    pub fn load(contract: Arc<Contract>, config: Options) -> Result<Self, ModelError> {
        options::check_variant(&contract, ModelFamily::of(&contract), &config)?;
        Ok(Self { contract, config })
    }

    /// Answers one call.
    ///
    /// # Errors
    /// With boileroom's exception for a method that the model lacks, an option that it does not accept, or an invalid input.
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
        let include_fields = effective.get("include_fields").unwrap_or(&Json::Null);
        let requested = options::requested_fields(contract, family, include_fields)?;
        let batch = input::read(contract, family, &request.input)?;

        let preprocessing = started.elapsed();
        let started = Instant::now();
        let fill = |value: &dyn Fn(&FieldSpec) -> Result<Value, ModelError>| {
            let filled = contract.fields.iter().map(|field| {
                let is_included = options::is_included(field, &requested);
                Ok((field.name.clone(), if is_included { value(field)? } else { Value::None }))
            });
            filled.collect::<Result<Vec<_>, ModelError>>()
        };
        let (mut fields, lengths) = match contract.method {
            Method::Embed => {
                let embedding = Embedding::new(contract, &effective, &batch)?;
                (fill(&|field| embedding.value(field))?, batch.lengths)
            }
            Method::Fold => {
                let folding = Folding::new(contract, &effective, &batch)?;
                (fill(&|field| folding.value(field))?, folding.lengths())
            }
            // Only trained weights can turn a prompt into a sequence.
            Method::Generate => {
                let message = format!("the embedded {} does not generate", contract.name);
                return Err(ModelError::new("NotImplementedError", message));
            }
        };
        let metadata = metadata(&contract.name, &lengths, preprocessing, started.elapsed());
        fields.insert(family.metadata_position.min(fields.len()), ("metadata".into(), metadata));
        Ok(Prediction { class: contract.output.clone(), fields })
    }
}

/// The version of a response, if it says that the response is synthetic.
pub(crate) fn synthetic_version(prediction: &Prediction) -> Option<&str> {
    let version = prediction.at("metadata.model_version")?.as_text()?;
    version.starts_with(SYNTHETIC).then_some(version)
}

/// The metadata record of one call. There is no postprocessing, so its time is `None`.
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
