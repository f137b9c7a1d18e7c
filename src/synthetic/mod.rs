//! The embedded models: deterministic, honestly synthetic answers to every contract, with boileroom's wording for what it
//! refuses. They prove suites and transports without weights; they predict nothing about proteins.
//!
//! A model is served by its contract alone. Only what boileroom's own classes do differently from one another stands in
//! one table, `family`.

mod embed;
mod encode;
mod error;
mod family;
#[cfg(test)]
mod fixture;
mod fold;
mod input;
mod metadata;
mod options;
mod python;
mod selection;
mod spacing;

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value as Json;

use self::embed::Embedding;
pub use self::error::ModelError;
use self::family::{Family, core_class};
use self::fold::Folding;
use self::metadata::Times;
pub use self::metadata::synthetic_version;
use self::selection::Selection;
use crate::prediction::{Contract, Method, Options, Prediction, Request, Value};

/// What stands behind every result of these models, so that they are compared with nothing else.
pub const WEIGHTS: &str = "synthetic";

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
        options::check_variant(&contract, Family::of(&contract), &config)?;
        Ok(Self { contract, config })
    }

    /// Answers one call.
    ///
    /// # Errors
    /// What boileroom says to a method the model lacks, to options it does not take and to input it cannot read.
    pub fn predict(&self, request: &Request) -> Result<Prediction, ModelError> {
        let started = Instant::now();
        let contract = self.contract.as_ref();
        let family = Family::of(contract);
        if request.method != contract.method {
            let class = core_class(contract);
            let message = format!("'{class}' object has no attribute '{}'", request.method);
            return Err(ModelError::new("AttributeError", message));
        }
        options::check_fixed(contract, &request.options)?;
        let effective = contract.effective_options(&self.config, &request.options);
        options::check_rules(contract, family, &effective)?;
        let selection = Selection::read(contract, family, effective.get("include_fields").unwrap_or(&Json::Null))?;
        let samples = input::read(contract, family, &request.input)?;

        let preprocessing = started.elapsed();
        let started = Instant::now();
        let (fields, lengths) = match contract.method {
            Method::Embed => {
                let fields = Embedding::new(contract, &effective, &samples)?.fields(&selection)?;
                (fields, samples.lengths)
            }
            Method::Fold => {
                let folding = Folding::new(contract, &effective, &samples)?;
                (folding.fields(&selection)?, folding.lengths())
            }
            // What a prompt should become is a matter of weights; there is no synthetic answer to it.
            Method::Generate => {
                let message = format!("the embedded {} does not generate", contract.name);
                return Err(ModelError::new("NotImplementedError", message));
            }
        };
        let times = Times {
            preprocessing,
            inference: started.elapsed(),
        };
        let metadata = metadata::record(&contract.name, &lengths, times);
        Ok(Prediction {
            class: contract.output.clone(),
            fields: with_metadata(fields, metadata, family.metadata_position),
        })
    }
}

/// Puts the metadata where the response class has it.
fn with_metadata(mut fields: Vec<(String, Value)>, metadata: Value, position: usize) -> Vec<(String, Value)> {
    fields.insert(position.min(fields.len()), ("metadata".into(), metadata));
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prediction::Input;

    #[test]
    fn a_method_the_model_lacks_is_an_attribute_error() {
        let model = fixture::load(fixture::esm2(), json!({})).unwrap();
        let request = Request {
            method: Method::Fold,
            input: Input::One("A".into()),
            options: Options::new(),
        };
        assert_eq!(
            model.predict(&request).unwrap_err().to_string(),
            "AttributeError: 'ESM2Core' object has no attribute 'fold'"
        );
    }

    #[test]
    fn calls_share_nothing() {
        let model = fixture::load(fixture::esm2(), json!({})).unwrap();
        let lengths = |sequence: &str| {
            fixture::call(&model, json!(sequence), json!({}))
                .unwrap()
                .sequence_lengths()
        };
        assert_eq!((lengths("ACDE"), lengths("ACDEFG")), (Some(vec![4]), Some(vec![6])));
    }
}
