//! Reads sequences given as strings: checks the alphabet and splits chains. Does not read objects.

use std::collections::BTreeSet;

use super::{InputBatch, InputChain, InputMolecule, MASKED, ModelError, MoleculeKind};
use crate::prediction::contract::{Contract, ListMeaning};
use crate::protein::residue;
use crate::protein::sequence::{CHAIN_SEPARATOR, MASK, chain_id};
use crate::synthetic::family::{ModelFamily, fill};
use crate::synthetic::python;

/// The other chain separator, if the contract has [`BAR_SEPARATOR`].
pub(super) const BAR: char = '|';

/// Feature of a contract whose model accepts [`MASK`].
const MASKS: &str = "masks";
/// Feature of a contract whose model accepts `|` for `:`.
const BAR_SEPARATOR: &str = "bar_separator";
/// Feature of a contract whose model rejects a chain without residues.
const REJECTS_EMPTY_CHAINS: &str = "rejects_empty_chains";

/// Reads every string. All alphabets are checked first, then the length of the list, then the chains, as boileroom does.
pub(super) fn read(contract: &Contract, family: &ModelFamily, sequences: &[String]) -> Result<InputBatch, ModelError> {
    let reader = SequenceReader { contract, family };
    let letters: Vec<String> = sequences.iter().map(|sequence| reader.letters(sequence)).collect::<Result<_, _>>()?;
    if contract.list == ListMeaning::Single && sequences.len() != 1 {
        return Err(ModelError::value(format!(
            "{} currently supports exactly one top-level sequence per call; use ':' to join chains.",
            contract.name
        )));
    }
    if sequences.is_empty() {
        return Err(reader.refuse(family.no_sequence, "", ""));
    }
    let items = sequences.iter().zip(&letters).map(|(sequence, letters)| reader.chains(sequence, letters));
    let mut items: Vec<Vec<String>> = items.collect::<Result<_, _>>()?;
    let lengths = items.iter().map(|chains| chains.iter().map(|chain| chain.chars().count()).sum()).collect();
    if contract.list == ListMeaning::Chains {
        items = vec![items.concat()];
    }
    if items.iter().any(Vec::is_empty) {
        return Err(reader.refuse(family.empty_sequence, "", ""));
    }
    Ok(InputBatch { items: items.into_iter().map(sample).collect(), lengths })
}

/// Rejects letters other than the twenty amino acids and the contract's extra ones. The message lists each letter once.
pub(super) fn check_amino_acids(extra: &str, sequence: &str) -> Result<(), ModelError> {
    let invalid: BTreeSet<String> =
        sequence.chars().filter(|&letter| !is_residue(extra, letter)).map(String::from).collect();
    if invalid.is_empty() {
        return Ok(());
    }
    let shown = python::repr_list(invalid.iter().map(String::as_str));
    Err(ModelError::value(format!("Invalid amino acid(s) in sequence: {shown}")))
}

fn is_residue(extra: &str, letter: char) -> bool {
    residue::by_letter(letter).is_some() || extra.contains(letter)
}

fn sample(chains: Vec<String>) -> Vec<InputChain> {
    let molecules = chains.into_iter().map(|text| InputMolecule { kind: MoleculeKind::Protein, text });
    molecules.enumerate().map(|(index, molecule)| InputChain { id: chain_id(index), molecule }).collect()
}

struct SequenceReader<'a> {
    contract: &'a Contract,
    family: &'a ModelFamily,
}

impl SequenceReader<'_> {
    /// Returns one letter per residue, [`MASKED`] for a mask, and [`CHAIN_SEPARATOR`] for every chain break.
    fn letters(&self, sequence: &str) -> Result<String, ModelError> {
        if !self.contract.features.contains(MASKS) {
            let residues = sequence.replace(|letter| self.is_break(letter), "");
            check_amino_acids(&self.contract.extra_residues, &residues)?;
        }
        let (mut letters, mut rest) = (String::with_capacity(sequence.len()), sequence);
        while !rest.is_empty() {
            let (letter, after) =
                self.first(rest).ok_or_else(|| self.refuse(self.family.unreadable, sequence, self.unreadable(rest)))?;
            letters.push(letter);
            rest = after;
        }
        Ok(letters)
    }

    /// The first letter of a text and the rest. `None` if the text begins with something that is not a residue.
    fn first<'t>(&self, text: &'t str) -> Option<(char, &'t str)> {
        if self.contract.features.contains(MASKS)
            && let Some(after) = text.strip_prefix(MASK)
        {
            return Some((MASKED, after));
        }
        let mut letters = text.chars();
        let letter = letters.next()?;
        if self.is_break(letter) {
            return Some((CHAIN_SEPARATOR, letters.as_str()));
        }
        is_residue(&self.contract.extra_residues, letter).then_some((letter, letters.as_str()))
    }

    /// The start of `rest` up to the next valid letter.
    fn unreadable<'t>(&self, rest: &'t str) -> &'t str {
        let mut places = rest.char_indices().skip(1).map(|(at, _)| at);
        let end = places.find(|&at| self.first(&rest[at..]).is_some());
        &rest[..end.unwrap_or(rest.len())]
    }

    /// Splits letters into chains. Empty chains are left out unless the model rejects them.
    fn chains(&self, sequence: &str, letters: &str) -> Result<Vec<String>, ModelError> {
        let chains = letters.split(CHAIN_SEPARATOR).map(str::to_owned);
        let (empty, chains): (Vec<_>, Vec<_>) = chains.partition(String::is_empty);
        if !empty.is_empty() && self.contract.features.contains(REJECTS_EMPTY_CHAINS) {
            let ModelFamily { empty_sequence, empty_chain, .. } = self.family;
            return Err(self.refuse(if sequence.is_empty() { empty_sequence } else { empty_chain }, sequence, ""));
        }
        Ok(chains)
    }

    fn is_break(&self, letter: char) -> bool {
        letter == CHAIN_SEPARATOR || (letter == BAR && self.contract.features.contains(BAR_SEPARATOR))
    }

    fn refuse(&self, message: &str, sequence: &str, fragment: &str) -> ModelError {
        let (model, sequence, fragment) = (&self.contract.name, python::repr(sequence), python::repr(fragment));
        let values: [(&str, &str); 3] = [("model", model), ("sequence", &sequence), ("fragment", &fragment)];
        ModelError::value(fill(message, &values))
    }
}
