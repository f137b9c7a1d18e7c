//! Hands a checked call over to the embedded folding models, in their terms. Folds nothing itself.

use serde_json::Value as Json;

use super::fold::{self, FoldError, FoldSettings, Folding};
use super::input::{Chain, Molecule, Sample, Samples, Token};
use super::python;
use super::selection::Selection;
use super::spacing::Spacing;
use super::{Answer, Refusal};
use crate::prediction::contract::ListMeaning;
use crate::prediction::{Contract, Options};

/// Options that say how many structures to sample; a model has one of them.
const SAMPLE_COUNTS: [&str; 3] = ["num_diffusion_samples", "num_diffn_samples", "diffusion_samples"];

/// Name of a ligand that is given by its bonds alone.
const UNNAMED_LIGAND: &str = "LIG";

/// Folds every sample.
///
/// # Errors
/// For options of the wrong type, residues outside the twenty and results that do not fit into memory.
pub(super) fn predict(
    contract: &Contract,
    effective: &Options,
    samples: &Samples,
    selection: &Selection,
) -> Result<Answer, Refusal> {
    let settings = settings(contract, effective, samples)?;
    let complexes: Vec<fold::Sample> = samples.items.iter().map(complex).collect();
    let folding = Folding::new(contract, &complexes, &settings).map_err(|error| refuse(&error))?;
    let fields = folding
        .fields(contract, |field| selection.wants(field))
        .map_err(|error| refuse(&error))?;
    // A batch counts every structure; elsewhere the metadata speak of the input.
    let copies = if contract.list == ListMeaning::Batch {
        settings.samples
    } else {
        1
    };
    let lengths = samples.lengths.iter();
    let lengths = lengths
        .flat_map(|&length| std::iter::repeat_n(length, copies))
        .collect();
    Ok(Answer { fields, lengths })
}

fn settings(contract: &Contract, effective: &Options, samples: &Samples) -> Result<FoldSettings, Refusal> {
    let declared = |name: &str| contract.options.iter().any(|option| option.name == name);
    let count = SAMPLE_COUNTS.into_iter().find(|name| declared(name));
    // A batch of single chains never looks at the options between chains.
    let spacing = if samples.has_complex() {
        Spacing::read(contract, effective)?.unwrap_or_default()
    } else {
        Spacing::default()
    };
    Ok(FoldSettings {
        seed: seed(contract, effective)?,
        samples: count.map_or(Ok(1), |name| sample_count(contract, effective, name))?,
        linker: spacing.linker,
        // Any number will do that differs where the option does.
        position_skip: spacing.skip as u64,
    })
}

fn seed(contract: &Contract, effective: &Options) -> Result<Option<u64>, Refusal> {
    match effective.get("seed") {
        None | Some(Json::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(seed) => Ok(Some(seed)),
            None => Err(refuse_option(contract, "seed", "a non-negative integer or None", value)),
        },
    }
}

fn sample_count(contract: &Contract, effective: &Options, name: &str) -> Result<usize, Refusal> {
    let value = effective.get(name).unwrap_or(&Json::Null);
    value
        .as_u64()
        .and_then(|count| usize::try_from(count).ok())
        .filter(|&count| count > 0)
        .ok_or_else(|| refuse_option(contract, name, "a positive integer", value))
}

fn refuse_option(contract: &Contract, name: &str, wanted: &str, value: &Json) -> Refusal {
    Refusal::value(format!(
        "{} option {} must be {wanted}, not {}.",
        contract.name,
        python::repr(name),
        python::repr_value(value)
    ))
}

fn complex(sample: &Sample) -> fold::Sample {
    let chain = |chain: &Chain| fold::Chain {
        id: chain.id.clone(),
        molecule: match &chain.molecule {
            Molecule::Protein(tokens) => fold::Molecule::Protein(tokens.iter().copied().map(letter).collect()),
            Molecule::Rna(bases) => fold::Molecule::Rna(bases.clone()),
            Molecule::Dna(bases) => fold::Molecule::Dna(bases.clone()),
            Molecule::Components(codes) => fold::Molecule::Ligand(codes.clone()),
            Molecule::Smiles(_) => fold::Molecule::Ligand(vec![UNNAMED_LIGAND.to_owned()]),
        },
    };
    fold::Sample {
        chains: sample.chains.iter().map(chain).collect(),
    }
}

/// A hidden residue has no shape: the letter for an unknown one stands for it, which a model may refuse.
fn letter(token: Token) -> char {
    match token {
        Token::Residue(letter) => letter,
        Token::Mask => 'X',
    }
}

fn refuse(error: &FoldError) -> Refusal {
    let exception = match error {
        FoldError::Residue(letter) => {
            let letter = python::repr_list([letter.encode_utf8(&mut [0; 4]) as &str]);
            return Refusal::value(format!("Invalid amino acid(s) in sequence: {letter}"));
        }
        FoldError::Empty | FoldError::Unwritable(_) => "ValueError",
        FoldError::TooLarge(_) => "MemoryError",
    };
    Refusal::new(exception, error.to_string())
}
