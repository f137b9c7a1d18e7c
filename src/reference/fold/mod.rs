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
mod side_chain;
#[cfg(test)]
mod tests;
mod trace;

use self::assembly::Assembly;
use self::chain::Deviation;
use self::complex::Complex;
use self::confidence::{Confidence, Heads};
use self::random::{Random, hash_text, seed_of};
use crate::prediction::Value;
use crate::prediction::contract::{Contract, FieldSpec};

/// One complex to fold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// In the order of the input.
    pub chains: Vec<Chain>,
}

/// One molecule with its identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// As it stands in structures; cut at eight bytes.
    pub id: String,
    /// What it is made of.
    pub molecule: Molecule,
}

/// What a chain is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Molecule {
    /// Amino acids, one letter each of the twenty.
    Protein(String),
    /// Bases of a deoxyribonucleic acid.
    Dna(String),
    /// Bases of a ribonucleic acid.
    Rna(String),
    /// The names of a ligand's components, one token each.
    Ligand(Vec<String>),
}

/// What besides the sequences a result depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldSettings {
    /// Seed of a stochastic model; without one it answers the same every time.
    pub seed: Option<u64>,
    /// Diffusion samples of every complex, at least 1.
    pub samples: usize,
    /// Residues between chains; they leave no trace but a small change.
    pub linker: String,
    /// Position numbers left out between chains; the same.
    pub position_skip: u64,
}

impl Default for FoldSettings {
    fn default() -> Self {
        Self {
            seed: None,
            samples: 1,
            linker: String::new(),
            position_skip: 0,
        }
    }
}

/// Why there is no structure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// A letter of a protein is not one of the twenty.
    #[error("'{0}' is not an amino acid")]
    Residue(char),
    /// A sample has no residues.
    #[error("there is nothing to fold")]
    Empty,
    /// An array would not fit into memory.
    #[error("{0} does not fit into memory")]
    TooLarge(String),
    /// A structure does not fit a file format.
    #[error("{0}")]
    Unwritable(#[from] crate::protein::pdb::WriteError),
}

/// Everything about the complexes of one call, from which any field can be read.
#[derive(Debug)]
pub struct Folding {
    /// Conformations, those of one complex together.
    models: Vec<Model>,
    heads: Heads,
    /// Conformations of every complex.
    copies: usize,
}

/// One conformation with its confidence.
#[derive(Debug)]
struct Model {
    complex: Complex,
    confidence: Confidence,
}

/// Displacement by which models differ, by which samples of a stochastic one differ from their mean, and that linkers
/// make, in ångström.
const MODEL_DEVIATION: f64 = 0.5;
const SAMPLE_DEVIATION: f64 = 0.8;
const LINKER_DEVIATION: f64 = 0.15;

/// Feature of a contract whose results depend on a seed.
const STOCHASTIC: &str = "stochastic";

impl Folding {
    /// Folds every sample.
    ///
    /// # Errors
    /// For a sample without residues and a protein letter outside the twenty.
    pub fn new(contract: &Contract, samples: &[Sample], settings: &FoldSettings) -> Result<Self, FoldError> {
        let heads = Heads::new();
        let copies = settings.samples.max(1);
        let mut models = Vec::with_capacity(samples.len() * copies);
        for sample in samples {
            let assembly = Assembly::new(sample)?;
            for copy in 0..copies {
                let deviations = deviations(contract, settings, assembly.chains(), copy as u64);
                let complex = assembly.conformation(&deviations);
                let seeds: Vec<u64> = deviations.iter().map(|deviation| deviation.seed).collect();
                let confidence = Confidence::of(&complex, &heads, &mut Random::new(seed_of(&seeds)));
                models.push(Model { complex, confidence });
            }
        }
        Ok(Self { models, heads, copies })
    }

    /// The fields of a response in the order of the contract, without `metadata`; those that `wanted` says no to are
    /// [`Value::None`].
    ///
    /// # Errors
    /// When an array does not fit into memory or a structure not into its file format.
    pub fn fields(
        &self,
        contract: &Contract,
        wanted: impl Fn(&FieldSpec) -> bool,
    ) -> Result<Vec<(String, Value)>, FoldError> {
        contract
            .fields
            .iter()
            .map(|field| {
                let value = if wanted(field) {
                    field::value(self, contract, field)?
                } else {
                    Value::None
                };
                Ok((field.name.clone(), value))
            })
            .collect()
    }
}

/// The reasons for one conformation to lie as it does.
fn deviations(contract: &Contract, settings: &FoldSettings, chains: usize, copy: u64) -> Vec<Deviation> {
    let mut deviations = vec![Deviation {
        seed: hash_text(&contract.key),
        size: MODEL_DEVIATION,
    }];
    if contract.features.contains(STOCHASTIC) {
        let seed = settings.seed.map_or_else(|| seed_of(&[]), |seed| seed_of(&[seed]));
        deviations.push(Deviation {
            seed: seed_of(&[seed, copy]),
            size: SAMPLE_DEVIATION,
        });
    }
    if chains > 1 {
        deviations.push(Deviation {
            seed: seed_of(&[hash_text(&settings.linker), settings.position_skip]),
            size: LINKER_DEVIATION,
        });
    }
    deviations
}
