//! The folding models: synthetic structures with ideal geometry and confidences that fit them, the same for the same
//! call. They satisfy physics and contracts; they predict nothing.
//!
//! Propensities give every residue its local structure (`propensity`), a search gives the chain torsions (`trace`),
//! rotamers fill in the side chains (`packing`), chains are slid together (`docking`), and every field of the contract
//! is read off the result (`field`).

mod assembly;
mod backbone;
mod chain;
mod complex;
mod confidence;
mod conformation;
mod docking;
mod field;
mod geometry;
mod histogram;
mod molecule;
mod neighbours;
mod packing;
mod propensity;
mod random;
mod rigid;
mod settings;
mod side_chain;
#[cfg(test)]
mod tests;
mod trace;

use self::assembly::Assembly;
use self::chain::Deviation;
use self::complex::Complex;
use self::confidence::{Confidence, Heads};
use self::random::{Random, hash_text, seed_of};
use self::settings::Settings;
use super::ModelError;
use super::input::Samples;
use super::selection::Selection;
use crate::prediction::contract::{ListMeaning, Sizes};
use crate::prediction::{Contract, Options, Value};

/// Everything about the complexes of one call, from which any field can be read.
#[derive(Debug)]
pub(super) struct Folding<'a> {
    contract: &'a Contract,
    samples: &'a Samples,
    /// Conformations, those of one complex together.
    models: Vec<Model>,
    heads: Heads,
    /// Conformations of every complex.
    draws: usize,
    /// Sizes that hold for the chosen variant.
    sizes: Sizes,
}

/// One conformation with its confidence.
#[derive(Debug)]
struct Model {
    complex: Complex,
    confidence: Confidence,
}

/// Displacement by which models differ, by which draws of a stochastic one differ from their mean, and that linkers make,
/// in ångström.
const MODEL_DEVIATION: f64 = 0.5;
const DRAW_DEVIATION: f64 = 0.8;
const SPACING_DEVIATION: f64 = 0.15;

/// Feature of a contract whose results depend on a seed.
const STOCHASTIC: &str = "stochastic";

impl<'a> Folding<'a> {
    /// Folds every sample.
    ///
    /// # Errors
    /// For options of the wrong type.
    pub(super) fn new(contract: &'a Contract, effective: &Options, samples: &'a Samples) -> Result<Self, ModelError> {
        let settings = Settings::read(contract, effective, samples)?;
        let variant = contract.variant(effective);
        let name = variant.map_or(contract.key.as_str(), |variant| variant.name.as_str());
        let heads = Heads::new();
        let mut models = Vec::new();
        for sample in &samples.items {
            let assembly = Assembly::new(sample);
            for draw in 0..settings.draws {
                let stochastic = contract.features.contains(STOCHASTIC);
                let deviations = settings.deviations(name, stochastic.then_some(draw), sample.chains.len());
                let complex = assembly.conformation(&deviations);
                let seeds: Vec<u64> = deviations.iter().map(|deviation| deviation.seed).collect();
                let confidence = Confidence::of(&complex, &heads, &mut Random::new(seed_of(&seeds)));
                models.push(Model { complex, confidence });
            }
        }
        let mut sizes = contract.dimensions.clone();
        if let Some(variant) = variant {
            sizes.extend(variant.dimensions.clone());
        }
        Ok(Self {
            contract,
            samples,
            models,
            heads,
            draws: settings.draws,
            sizes,
        })
    }

    /// Residues as the metadata count them: for a batch once for every conformation, else once for every string given.
    pub(super) fn lengths(&self) -> Vec<usize> {
        let repeats = match self.contract.list {
            ListMeaning::Batch => self.draws,
            ListMeaning::Single | ListMeaning::Chains => 1,
        };
        let lengths = self.samples.lengths.iter();
        lengths
            .flat_map(|&length| std::iter::repeat_n(length, repeats))
            .collect()
    }

    /// The selected fields in the order of the contract; the others are `None`.
    ///
    /// # Errors
    /// When an array does not fit into memory or a structure not into its file format.
    pub(super) fn fields(&self, selection: &Selection) -> Result<Vec<(String, Value)>, ModelError> {
        let fields = self.contract.fields.iter();
        fields
            .map(|field| {
                let value = if selection.wants(field) {
                    field::value(self, field)?
                } else {
                    Value::None
                };
                Ok((field.name.clone(), value))
            })
            .collect()
    }
}
