//! What a fold depends on besides its sequences: seed, number of draws and what lies between chains. Reads options;
//! folds nothing.

use serde_json::Value;

use super::super::input::Samples;
use super::super::spacing::Spacing;
use super::super::{Refusal, python};
use super::{DRAW_DEVIATION, Deviation, MODEL_DEVIATION, SPACING_DEVIATION, hash_text, seed_of};
use crate::prediction::{Contract, Options};

/// The options that say how many conformations are drawn of each complex; a model's count is their product.
const DRAW_OPTIONS: [&str; 4] = [
    "num_diffusion_samples",
    "num_diffn_samples",
    "num_trunk_samples",
    "diffusion_samples",
];

/// The options of a call that matter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// Seed of a stochastic model; without one it answers the same every time.
    seed: Option<i64>,
    /// Conformations of every complex, at least 1.
    pub draws: usize,
    spacing: Spacing,
}

impl Settings {
    /// Reads the options that the contract declares.
    ///
    /// # Errors
    /// For a value of the wrong type, where it is needed.
    pub(super) fn read(contract: &Contract, effective: &Options, samples: &Samples) -> Result<Self, Refusal> {
        let several = samples.has_complex();
        let option = |name: &str| {
            let declared = contract.options.iter().any(|option| option.name == name);
            effective.get(name).filter(|value| declared && !value.is_null())
        };
        let seed = option("seed").map(|value| whole("seed", value)).transpose()?;
        let mut draws: usize = 1;
        for name in DRAW_OPTIONS {
            if let Some(value) = option(name) {
                let count = usize::try_from(whole(name, value)?).ok().filter(|&count| count > 0);
                let count = count.ok_or_else(|| Refusal::value(format!("option '{name}' must be positive")))?;
                draws = draws.saturating_mul(count);
            }
        }
        // A single chain never looks at what would lie between chains.
        let spacing = if several {
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
            let seed = self.seed.map_or_else(|| seed_of(&[]), |seed| seed_of(&[seed as u64]));
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

fn whole(name: &str, value: &Value) -> Result<i64, Refusal> {
    value.as_i64().ok_or_else(|| {
        let kind = python::type_name(value);
        Refusal::wrong_type(format!("option '{name}' must be an integer, not '{kind}'"))
    })
}
