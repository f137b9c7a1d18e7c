//! Reads what a prediction depends on besides its sequences: seed, number of samples and what lies between chains. Predicts nothing.

use serde_json::Value;

use super::chain::Deviation;
use super::input::InputBatch;
use super::random::{hash_text, seed_of};
use super::{ModelError, python};
use crate::prediction::contract::OptionRole;
use crate::prediction::{Contract, Options};

/// Greatest turn of a psi, in degrees, by which models differ, by which samples of a stochastic one differ, and that linkers
/// make.
const MODEL_DEVIATION: f64 = 1.5;
const SAMPLE_DEVIATION: f64 = 5.5;
const SPACING_DEVIATION: f64 = 0.5;

/// Feature of a contract whose results depend on a seed.
const STOCHASTIC: &str = "stochastic";

/// What lies between two chains that a model sees as one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ChainSpacing {
    /// Residues in between; the model does not attend to them.
    pub linker: String,
    /// Position numbers left out.
    pub skip: i64,
}

/// The options of a call to a folding model that matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SamplingOptions {
    /// Seed of a stochastic model; without one it answers the same every time.
    seed: Option<u64>,
    /// Conformations of every complex, at least 1.
    pub samples: usize,
    is_stochastic: bool,
    spacing: ChainSpacing,
}

impl ChainSpacing {
    /// Reads `glycine_linker` and `position_ids_skip`; `None` for a model that declares neither.
    ///
    /// # Errors
    /// For a linker that is no text and a skip that is no whole number.
    pub(super) fn read(contract: &Contract, effective: &Options) -> Result<Option<Self>, ModelError> {
        let option = |name: &str| {
            let is_declared = contract.option(name).is_some();
            is_declared.then(|| effective.get(name).unwrap_or(&Value::Null))
        };
        let (linker, skip) = (option("glycine_linker"), option("position_ids_skip"));
        if linker.is_none() && skip.is_none() {
            return Ok(None);
        }
        let linker = match linker {
            None => String::new(),
            Some(Value::String(residues)) => residues.clone(),
            Some(other) => {
                let name = python::type_name(other);
                return Err(ModelError::wrong_type(format!("object of type '{name}' has no len()")));
            }
        };
        let skip = match skip {
            None => 0,
            Some(value) => value.as_i64().ok_or_else(|| {
                let name = python::type_name(value);
                ModelError::wrong_type(format!("option 'position_ids_skip' must be an integer, not '{name}'"))
            })?,
        };
        Ok(Some(Self { linker, skip }))
    }
}

impl SamplingOptions {
    /// Reads the options that the contract declares.
    ///
    /// # Errors
    /// For a value of the wrong type, where it is needed.
    pub(super) fn read(contract: &Contract, effective: &Options, batch: &InputBatch) -> Result<Self, ModelError> {
        let seed = match contract.seed_option().map(|name| (name, effective.get(name))) {
            None | Some((_, None | Some(Value::Null))) => None,
            Some((name, Some(value))) => {
                // A list of seeds in one text is an option whose default is a text.
                let takes_text = contract.option(name).is_some_and(|option| option.default.is_string());
                let text = value.as_str().filter(|_| takes_text);
                let seed = value.as_u64().or_else(|| text.map(hash_text));
                Some(seed.ok_or_else(|| wrong(contract, name, "a non-negative integer or None", value))?)
            }
        };
        let mut samples: usize = 1;
        for name in contract.options_of(OptionRole::Samples) {
            if let Some(value) = effective.get(name) {
                let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
                let count = count.filter(|&count| count > 0);
                let count = count.ok_or_else(|| wrong(contract, name, "a positive integer", value))?;
                samples = samples.saturating_mul(count);
            }
        }
        // A single chain never looks at what would lie between chains.
        let spacing = if batch.has_complex() {
            ChainSpacing::read(contract, effective)?.unwrap_or_default()
        } else {
            ChainSpacing::default()
        };
        Ok(Self {
            seed,
            samples,
            is_stochastic: contract.features.contains(STOCHASTIC),
            spacing,
        })
    }

    /// The reasons for one conformation to lie as it does: the model's name, the number of the sample of a stochastic model, and
    /// what lies between chains.
    pub(super) fn deviations(&self, model: &str, sample: usize, chains: usize) -> Vec<Deviation> {
        let mut deviations = vec![Deviation {
            seed: hash_text(model),
            size: MODEL_DEVIATION,
        }];
        if self.is_stochastic {
            let seed = self.seed.map_or_else(|| seed_of(&[]), |seed| seed_of(&[seed]));
            deviations.push(Deviation {
                seed: seed_of(&[seed, sample as u64]),
                size: SAMPLE_DEVIATION,
            });
        }
        if chains > 1 {
            deviations.push(Deviation {
                seed: seed_of(&[hash_text(&self.spacing.linker), self.spacing.skip as u64]),
                size: SPACING_DEVIATION,
            });
        }
        deviations
    }
}

fn wrong(contract: &Contract, name: &str, wanted: &str, value: &Value) -> ModelError {
    ModelError::value(format!(
        "{} option {} must be {wanted}, not {}.",
        contract.name,
        python::repr(name),
        python::repr_value(value)
    ))
}
