//! An upper bound for the size of a response, from the contract and the request alone. Does not look at a response.
//!
//! It is generous, so that a wrong response can still be read and reported, and small enough to stop an endless one.

use serde_json::Value as Json;

use super::contract::{Contract, Dimension, FieldKind, FieldSpec, ListMeaning, OptionRole, Presence, Sizes};
use super::{Input, Options, Request};

/// Bytes of the widest element of an array.
const ELEMENT: usize = 8;
/// Atoms of the largest residue in the layouts that models predict.
const ATOMS: usize = 37;
/// Bytes of an atom in a pickled structure, with its bonds.
const BYTES_PER_ATOM: usize = 384;
/// Bytes of an atom in a structure file; mmCIF takes more than PDB.
const BYTES_PER_LINE: usize = 256;
/// Tokens of a ligand that is named by a code of the chemical component dictionary.
const LIGAND: usize = 512;
/// The longest such code.
const CODE: usize = 5;
/// A size that the contract leaves to the model.
const UNSTATED: usize = 1024;
/// Tokens that a model may add at the ends of a chain.
const ENDS: usize = 8;

/// What a request asks for, in numbers that are never too small.
struct RequestSize {
    samples: usize,
    residues: usize,
    chains: usize,
    /// Structures that are drawn of each sample.
    draws: usize,
}

/// Bytes that the always given and the requested fields can take at most.
#[must_use]
pub fn largest_response(contract: &Contract, request: &Request, config: &Options) -> usize {
    let options = contract.effective_options(config, &request.options);
    let extent = extent(contract, request, &options);
    let mut sizes = contract.sizes(config);
    if contract.variant(config).is_none() {
        // The variant is not known yet, so each size is that of the largest.
        for (name, &size) in contract.variants.iter().flat_map(|variant| &variant.dimensions) {
            let known = sizes.entry(name.clone()).or_default();
            *known = size.max(*known);
        }
    }
    let RequestSize { samples, residues, chains, .. } = extent;
    for (name, size) in [("B", samples), ("L", residues), ("N", residues), ("C", chains)] {
        sizes.insert(name.into(), size);
    }
    let given = contract.fields.iter().filter(|field| match field.presence {
        Presence::Always => true,
        Presence::Requested => is_requested(&options, &field.name),
        Presence::Never => false,
    });
    given.fold(0, |sum, field| sum.saturating_add(bytes_of(field, &extent, &sizes)))
}

fn is_requested(options: &Options, field: &str) -> bool {
    let names = |name: &Json| name.as_str().is_some_and(|name| name == field || name.contains('*'));
    match options.get("include_fields") {
        Some(Json::Array(items)) => items.iter().any(names),
        Some(name) => names(name),
        None => false,
    }
}

fn bytes_of(field: &FieldSpec, extent: &RequestSize, sizes: &Sizes) -> usize {
    let size = |dimension: &Dimension| dimension.resolve(sizes).unwrap_or(UNSTATED);
    let array = field.shape.iter().map(size).fold(ELEMENT, usize::saturating_mul);
    let residues = extent.residues;
    let one = match field.kind {
        FieldKind::Array | FieldKind::Scalar => return array,
        FieldKind::Arrays => array,
        FieldKind::Structures => residues.saturating_mul(ATOMS * BYTES_PER_ATOM),
        FieldKind::Pdb | FieldKind::Cif => residues.saturating_mul(ATOMS * BYTES_PER_LINE),
        // Scores of the whole, of chains and of their pairs, and perhaps of residues and theirs.
        FieldKind::Mappings | FieldKind::Mapping => 65_536_usize
            .saturating_add(residues.saturating_mul(residues).saturating_mul(ELEMENT))
            .saturating_add(extent.chains.saturating_mul(extent.chains).saturating_mul(1 << 10)),
    };
    one.saturating_mul(extent.samples).saturating_mul(extent.draws)
}

fn extent(contract: &Contract, request: &Request, options: &Options) -> RequestSize {
    let (samples, residues, chains) = match &request.input {
        Input::Structured(value) => {
            let samples = value.as_array().map_or(1, Vec::len);
            let copies = longest_list(value).max(1);
            let (tokens, texts) = tokens(value);
            (samples, tokens.saturating_mul(copies), texts.saturating_mul(copies))
        }
        input => {
            let lengths = input.strings().iter().map(String::len);
            let chains = |text: &String| text.matches(':').count() + 1;
            match contract.list {
                ListMeaning::Chains => (1, lengths.sum(), input.strings().iter().map(chains).sum()),
                ListMeaning::Batch | ListMeaning::Single => (
                    input.strings().len(),
                    lengths.max().unwrap_or(0),
                    input.strings().iter().map(chains).max().unwrap_or(0),
                ),
            }
        }
    };
    // A linker between chains is the only text option that makes a response longer. Options with a role do not.
    let plain = contract.options.iter().filter(|option| option.role.is_none());
    let linker = plain.filter_map(|option| options.get(&option.name)?.as_str()).map(str::len).max().unwrap_or(0);
    let draws = contract
        .options_of(OptionRole::Samples)
        .filter_map(|name| options.get(name)?.as_u64())
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX).max(1))
        .fold(1, usize::saturating_mul);
    RequestSize {
        samples: samples.max(1),
        residues: residues.saturating_add(chains.saturating_mul(linker.saturating_add(ENDS))),
        chains: chains.max(1),
        draws,
    }
}

/// Tokens that the texts of a structured input can stand for, and how many texts there are. A residue, or an atom of a
/// ligand, takes at least one letter; a ligand's code stands for many atoms.
fn tokens(value: &Json) -> (usize, usize) {
    let both = |one: (usize, usize), other: (usize, usize)| (one.0.saturating_add(other.0), one.1 + other.1);
    match value {
        Json::String(text) if text.len() <= CODE => (LIGAND, 1),
        Json::String(text) => (text.len(), 1),
        Json::Array(items) => items.iter().map(tokens).fold((0, 0), both),
        Json::Object(entries) => entries.values().map(tokens).fold((0, 0), both),
        Json::Null | Json::Bool(_) | Json::Number(_) => (0, 0),
    }
}

/// The length of the longest list of texts: the identifiers of the copies of a chain are one.
fn longest_list(value: &Json) -> usize {
    match value {
        Json::Array(items) => {
            let inner = items.iter().map(longest_list).max().unwrap_or(0);
            let is_texts = items.iter().all(Json::is_string);
            if is_texts { items.len().max(inner) } else { inner }
        }
        Json::Object(entries) => entries.values().map(longest_list).max().unwrap_or(0),
        _ => 0,
    }
}
