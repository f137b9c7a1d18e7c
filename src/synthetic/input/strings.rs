//! Reads sequences given as strings: alphabet, masks, chain breaks and what a list means.

use std::collections::BTreeSet;

use super::{InputBatch, InputChain, InputMolecule, InputResidue, InputSample, ModelError, chain_id};
use crate::prediction::contract::{Contract, ListMeaning};
use crate::protein::residue;
use crate::protein::sequence::{CHAIN_SEPARATOR, MASK};
use crate::synthetic::family::{ModelFamily, fill};
use crate::synthetic::python;

/// The other chain separator, where the contract has [`BAR_SEPARATOR`].
pub(super) const BAR: char = '|';

/// Feature of a contract whose model takes [`MASK`].
const MASKS: &str = "masks";
/// Feature of a contract whose model takes `|` for `:`.
const BAR_SEPARATOR: &str = "bar_separator";
/// Feature of a contract whose model refuses a chain without residues.
const REJECTS_EMPTY_CHAINS: &str = "rejects_empty_chains";

/// Reads every string: first all alphabets, then the length of the list, then the chains.
pub(super) fn read(contract: &Contract, family: &ModelFamily, sequences: &[String]) -> Result<InputBatch, ModelError> {
    let reader = SequenceReader { contract, family };
    let batch = sequences
        .iter()
        .map(|sequence| reader.parts(sequence))
        .collect::<Result<Vec<_>, _>>()?;
    if contract.list == ListMeaning::Single && sequences.len() != 1 {
        return Err(ModelError::value(format!(
            "{} currently supports exactly one top-level sequence per call; use ':' to join chains.",
            contract.name
        )));
    }
    if sequences.is_empty() {
        return Err(reader.refuse(family.no_sequence, "", ""));
    }
    let mut items = sequences
        .iter()
        .zip(batch)
        .map(|(sequence, parts)| reader.chains(sequence, parts))
        .collect::<Result<Vec<_>, _>>()?;
    let lengths = items.iter().map(|chains| chains.iter().map(Vec::len).sum()).collect();
    if contract.list == ListMeaning::Chains {
        items = vec![items.concat()];
    }
    if items.iter().any(Vec::is_empty) {
        return Err(reader.refuse(family.empty_sequence, "", ""));
    }
    let items = items.into_iter().map(sample).collect();
    Ok(InputBatch { items, lengths })
}

/// Refuses letters other than the twenty amino acids and the contract's extra ones, listing each once.
pub(super) fn check_amino_acids(extra: &str, sequence: &str) -> Result<(), ModelError> {
    let invalid: BTreeSet<char> = sequence.chars().filter(|&letter| !is_residue(extra, letter)).collect();
    if invalid.is_empty() {
        return Ok(());
    }
    let invalid: Vec<String> = invalid.into_iter().map(String::from).collect();
    Err(ModelError::value(format!(
        "Invalid amino acid(s) in sequence: {}",
        python::repr_list(invalid.iter().map(String::as_str))
    )))
}

fn is_residue(extra: &str, letter: char) -> bool {
    residue::by_letter(letter).is_some() || extra.contains(letter)
}

fn sample(chains: Vec<Vec<InputResidue>>) -> InputSample {
    let chains = chains.into_iter().enumerate().map(|(index, tokens)| InputChain {
        id: chain_id(index),
        molecule: InputMolecule::Protein(tokens),
    });
    InputSample {
        chains: chains.collect(),
    }
}

/// A part of a sequence: a residue or the break between two chains.
enum SequencePart {
    Residue(InputResidue),
    Break,
}

struct SequenceReader<'a> {
    contract: &'a Contract,
    family: &'a ModelFamily,
}

impl SequenceReader<'_> {
    /// Splits a string into residues and chain breaks.
    fn parts(&self, sequence: &str) -> Result<Vec<SequencePart>, ModelError> {
        if self.contract.features.contains(MASKS) {
            return self.tokens(sequence);
        }
        let residues = sequence.replace(|letter| self.is_break(letter), "");
        check_amino_acids(&self.contract.extra_residues, &residues)?;
        let part = |letter| {
            if self.is_break(letter) {
                SequencePart::Break
            } else {
                SequencePart::Residue(InputResidue::Letter(letter))
            }
        };
        Ok(sequence.chars().map(part).collect())
    }

    /// Splits a string that may hold masks.
    fn tokens(&self, sequence: &str) -> Result<Vec<SequencePart>, ModelError> {
        let mut parts = Vec::with_capacity(sequence.len());
        let mut rest = sequence;
        while let Some(letter) = rest.chars().next() {
            let (part, length) = if rest.starts_with(MASK) {
                (SequencePart::Residue(InputResidue::Mask), MASK.len())
            } else if self.is_break(letter) {
                (SequencePart::Break, letter.len_utf8())
            } else if is_residue(&self.contract.extra_residues, letter) {
                (SequencePart::Residue(InputResidue::Letter(letter)), letter.len_utf8())
            } else {
                return Err(self.refuse(self.family.unreadable, sequence, self.unreadable(rest)));
            };
            parts.push(part);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(parts)
    }

    /// The text at the start of `rest` up to the next thing that can be read.
    fn unreadable<'t>(&self, rest: &'t str) -> &'t str {
        let readable = |&(at, letter): &(usize, char)| {
            rest.get(at..).is_some_and(|tail| tail.starts_with(MASK))
                || self.is_break(letter)
                || is_residue(&self.contract.extra_residues, letter)
        };
        let end = rest.char_indices().skip(1).find(readable);
        end.and_then(|(at, _)| rest.get(..at)).unwrap_or(rest)
    }

    /// Groups residues into chains. A model that does not refuse empty ones leaves them out.
    fn chains(&self, sequence: &str, parts: Vec<SequencePart>) -> Result<Vec<Vec<InputResidue>>, ModelError> {
        let mut chains = vec![Vec::new()];
        for part in parts {
            match (part, chains.last_mut()) {
                (SequencePart::Residue(token), Some(chain)) => chain.push(token),
                _ => chains.push(Vec::new()),
            }
        }
        let filled = chains.iter().filter(|chain| !chain.is_empty()).count();
        if filled < chains.len() && self.contract.features.contains(REJECTS_EMPTY_CHAINS) {
            let message = if sequence.is_empty() {
                self.family.empty_sequence
            } else {
                self.family.empty_chain
            };
            return Err(self.refuse(message, sequence, ""));
        }
        chains.retain(|chain| !chain.is_empty());
        Ok(chains)
    }

    fn is_break(&self, letter: char) -> bool {
        letter == CHAIN_SEPARATOR || (letter == BAR && self.contract.features.contains(BAR_SEPARATOR))
    }

    fn refuse(&self, message: &str, sequence: &str, fragment: &str) -> ModelError {
        let (sequence, fragment) = (python::repr(sequence), python::repr(fragment));
        ModelError::value(fill(
            message,
            &[
                ("model", &self.contract.name),
                ("sequence", &sequence),
                ("fragment", &fragment),
            ],
        ))
    }
}
