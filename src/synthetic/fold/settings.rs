//! What a fold depends on besides its sequences: seed, number of draws and what lies between chains. Reads options;
//! folds nothing.

use serde_json::Value;

use super::super::input::Samples;
use super::super::spacing::Spacing;
use super::super::{ModelError, python};
use super::{DRAW_DEVIATION, Deviation, MODEL_DEVIATION, SPACING_DEVIATION, hash_text, seed_of};
use crate::prediction::contract::OptionRole;
use crate::prediction::{Contract, Options};

/// The options of a call that matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Seed of a stochastic model; without one it answers the same every time.
    seed: Option<u64>,
    /// Conformations of every complex, at least 1.
    pub draws: usize,
    spacing: Spacing,
}

impl Settings {
    /// Reads the options that the contract declares.
    ///
    /// # Errors
    /// For a value of the wrong type, where it is needed.
    pub(super) fn read(contract: &Contract, effective: &Options, samples: &Samples) -> Result<Self, ModelError> {
        let seed_option = contract.seed_option();
        let seed = match seed_option.and_then(|name| Some((name, effective.get(name)?))) {
            None | Some((_, Value::Null)) => None,
            Some((name, value)) => match (value.as_u64(), value.as_str().filter(|_| takes_text(contract, name))) {
                (Some(seed), _) => Some(seed),
                (None, Some(text)) => Some(hash_text(text)),
                (None, None) => return Err(refuse(contract, name, "a non-negative integer or None", value)),
            },
        };
        let mut draws: usize = 1;
        for name in contract.options_of(OptionRole::Samples) {
            if let Some(value) = effective.get(name) {
                let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
                let count = count.filter(|&count| count > 0);
                let count = count.ok_or_else(|| refuse(contract, name, "a positive integer", value))?;
                draws = draws.saturating_mul(count);
            }
        }
        // A single chain never looks at what would lie between chains.
        let spacing = if samples.has_complex() {
            Spacing::read(contract, effective)?.unwrap_or_default()
        } else {
            Spacing::default()
        };
        Ok(Self { seed, draws, spacing })
    }

    /// The reasons for one conformation to lie as it does: the model's name, the draw of a stochastic model, and what
    /// lies between chains.
    pub(super) fn deviations(&self, model: &str, draw: Option<usize>, chains: usize) -> Vec<Deviation> {
        let mut deviations = vec![Deviation {
            seed: hash_text(model),
            size: MODEL_DEVIATION,
        }];
        if let Some(draw) = draw {
            let seed = self.seed.map_or_else(|| seed_of(&[]), |seed| seed_of(&[seed]));
            deviations.push(Deviation {
                seed: seed_of(&[seed, draw as u64]),
                size: DRAW_DEVIATION,
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

/// Whether an option is a text where nobody gives it, as a list of seeds in one text is.
fn takes_text(contract: &Contract, name: &str) -> bool {
    contract.option(name).is_some_and(|option| option.default.is_string())
}

fn refuse(contract: &Contract, name: &str, wanted: &str, value: &Value) -> ModelError {
    ModelError::value(format!(
        "{} option {} must be {wanted}, not {}.",
        contract.name,
        python::repr(name),
        python::repr_value(value)
    ))
}
