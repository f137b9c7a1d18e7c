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
mod error;
mod family;
mod fold;
mod geometry;
mod input;
mod layout;
mod metadata;
mod options;
mod python;
mod random;
mod residue;
mod sampling;
mod scores;
mod selection;
mod structure;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value as Json;

use self::embed::Embedding;
pub use self::error::ModelError;
use self::family::{ModelFamily, core_class};
use self::fold::Folding;
use self::metadata::Times;
pub use self::metadata::synthetic_version;
use self::selection::FieldSelection;
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
        let (fields, lengths) = match contract.method {
            Method::Embed => {
                let fields = Embedding::new(contract, &effective, &batch)?.fields(&selection)?;
                (fields, batch.lengths)
            }
            Method::Fold => {
                let folding = Folding::new(contract, &effective, &batch)?;
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
