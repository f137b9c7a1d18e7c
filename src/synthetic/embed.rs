//! The embedded language models: representations of residues in their context, in the arrays that a contract declares. All numbers
//! are hashes of the residues and of those near them; nothing is trained.

use super::ModelError;
use super::array::{ArrayRow, build, noise};
use super::input::{InputBatch, InputChain};
use super::options::ChainSpacing;
use super::random::{Random, hash_text, seed_of};
use crate::prediction::contract::{FieldKind, FieldSpec, Sizes};
use crate::prediction::{Contract, Options, Value};

/// Feature of a contract whose model pads every batch. In the others the rows of single chains continue into the special tokens.
const PADS_EVERY_BATCH: &str = "pads_every_batch";

/// Residue letters of the ESM alphabet in the order of its tokens, and the tokens before the first letter.
const LETTERS: &str = "LAGVSERTIDPKQNFYMHWCXBUZO";
const TOKENS_BEFORE: usize = 4;
/// What is added to the score of the true residue unless it is masked.
const SEEN: f32 = 4.0;
/// What is added to the score of tokens that are not residues.
const NO_RESIDUE: f32 = -6.0;
/// Scales uniform numbers between -1 and 1 to a variance of 1.
const UNIFORM_SCALE: f32 = 1.732;

/// A batch from which every field can be computed.
pub(super) struct Embedding<'a> {
    batch: &'a InputBatch,
    /// Seed of all numbers, equal for equal models whatever their key.
    name: u64,
    sizes: Sizes,
    sites: Vec<Vec<TokenSite>>,
}

impl<'a> Embedding<'a> {
    /// Lays out a batch.
    ///
    /// # Errors
    /// For options of chain spacing with the wrong type.
    pub(super) fn new(contract: &'a Contract, effective: &Options, batch: &'a InputBatch) -> Result<Self, ModelError> {
        let gap = ChainSpacing::read(contract, effective, batch)?.gap();
        let mut tokens: Vec<_> = batch.items.iter().map(|chains| lay_out(chains, gap)).collect();
        let longest = tokens.iter().map(Vec::len).max().unwrap_or(0);
        let is_padded = batch.has_complex() || contract.features.contains(PADS_EVERY_BATCH);
        for own in &mut tokens {
            if !is_padded {
                pad(own, longest);
            }
            look_around(own);
        }
        let mut sizes = contract.sizes(effective);
        sizes.extend([("B".to_owned(), tokens.len()), ("L".to_owned(), longest)]);
        let name = hash_text(contract.variant(effective).map_or(&contract.core, |variant| &variant.name));
        Ok(Self { batch, name, sizes, sites: tokens })
    }

    /// Computes a field.
    ///
    /// # Errors
    /// When an array does not fit into memory, and for fields that are not arrays.
    pub(super) fn value(&self, field: &FieldSpec) -> Result<Value, ModelError> {
        match field.kind {
            FieldKind::Array | FieldKind::Scalar => self.array(field, &self.sizes, 0..self.sites.len()),
            FieldKind::Arrays => {
                let arrays = self.batch.items.iter().enumerate().map(|(index, chains)| {
                    let residues = chains.iter().map(|chain| chain.molecule.text.chars().count()).sum();
                    let mut sizes = self.sizes.clone();
                    sizes.extend([("N".to_owned(), residues), ("C".to_owned(), chains.len())]);
                    self.array(field, &sizes, index..index + 1)
                });
                Ok(Value::List(arrays.collect::<Result<_, _>>()?))
            }
            _ => Err(ModelError::new(
                "NotImplementedError",
                format!("an embedding model has only arrays, and {} is none", field.name),
            )),
        }
    }

    fn array(&self, field: &FieldSpec, sizes: &Sizes, samples: std::ops::Range<usize>) -> Result<Value, ModelError> {
        let lengths: Vec<usize> = self.sites[samples.clone()].iter().map(Vec::len).collect();
        let tensor = build(field, sizes, &lengths, |row, values| {
            if let Some(sites) = self.sites.get(samples.start + row.sample) {
                self.write(field, sites, row, values);
            }
        })?;
        Ok(Value::Array(tensor))
    }

    fn write(&self, field: &FieldSpec, sites: &[TokenSite], row: &ArrayRow, out: &mut [f32]) {
        let [own, partner] = row.residues.map(|residue| sites.get(residue));
        let Some(own) = own else { return };
        match field.name.as_str() {
            "embeddings" | "hidden_states" => self.write_state(row, own, out),
            "chain_index" => out.fill(own.chain as f32),
            "residue_index" => out.fill(own.residue as f32),
            name => {
                let partner = partner.map_or(0, |site| site.key);
                let seed = [self.name, hash_text(name), own.key, partner, row.layer as u64];
                noise(field, &seed, out);
                if name == "lm_logits" {
                    write_scores(own.code, out);
                }
            }
        }
    }

    /// A state of the network. With depth the share of the residue itself falls slowly, that of its surroundings rises quickly and
    /// then settles. The last state is the output.
    fn write_state(&self, row: &ArrayRow, site: &TokenSite, out: &mut [f32]) {
        let depth = row.depth();
        let (keep, take) = (1.0 - 0.4 * depth * depth, depth * (2.2 - 1.2 * depth));
        let mut own = Random::new(seed_of(&[self.name, site.code]));
        let mut around = Random::new(seed_of(&[self.name, site.key]));
        for value in out {
            *value = UNIFORM_SCALE * (keep * own.signed() as f32 + take * around.signed() as f32);
        }
    }
}

/// Turns noise into scores of the ESM alphabet: highest for the true residue, and only noise for a masked one.
fn write_scores(code: u64, out: &mut [f32]) {
    let letters = std::iter::repeat_n(None, TOKENS_BEFORE).chain(LETTERS.chars().map(Some));
    for (score, letter) in out.iter_mut().zip(letters.chain(std::iter::repeat(None))) {
        *score += match letter {
            None => NO_RESIDUE,
            Some(letter) if code == u64::from(letter) => SEEN,
            Some(_) => 0.0,
        };
    }
}

/// One token of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TokenSite {
    /// The letter of a residue, [`END`] or [`PADDING`].
    code: u64,
    /// Position number that the model sees.
    position: i64,
    /// Index of the chain.
    chain: usize,
    /// Index of the residue within its chain.
    residue: usize,
    /// Hash of the token and its surroundings, set by [`look_around`].
    key: u64,
}

/// The token after the last residue, and the token that pads a batch.
const END: u64 = u64::MAX;
const PADDING: u64 = u64::MAX - 1;
/// Positions on either side that a residue sees.
const WINDOW: u64 = 8;

/// The residues of a sample in order. Linkers are left out, so they only show as a gap of position numbers.
fn lay_out(chains: &[InputChain], gap: i64) -> Vec<TokenSite> {
    let mut sites = Vec::new();
    let mut next = 0_i64;
    for (chain, own) in chains.iter().enumerate() {
        if chain > 0 {
            next = next.saturating_add(gap);
        }
        for (residue, letter) in own.molecule.text.chars().enumerate() {
            sites.push(TokenSite { code: letter.into(), position: next, chain, residue, key: 0 });
            next = next.saturating_add(1);
        }
    }
    sites
}

/// Appends the end token and padding tokens up to `length` tokens.
fn pad(sites: &mut Vec<TokenSite>, length: usize) {
    let first = sites.len();
    sites.extend((first..length).map(|residue| TokenSite {
        code: if residue == first { END } else { PADDING },
        position: residue as i64,
        chain: 0,
        residue,
        key: 0,
    }));
}

/// Hashes every token with its position and the residues near it. Chains with distant positions do not see each other. End and
/// padding tokens neither see nor are seen, because a sample must not depend on its batch.
fn look_around(sites: &mut [TokenSite]) {
    let is_residue = |site: &&TokenSite| site.code < PADDING;
    let key = |site: &TokenSite| {
        let mut parts = vec![site.code, site.position as u64];
        if is_residue(&site) {
            let seen = sites.iter().filter(is_residue);
            let near = seen.filter(|other| other.position.abs_diff(site.position) <= WINDOW);
            parts.extend(near.flat_map(|other| [other.code, other.position as u64]));
        }
        seed_of(&parts)
    };
    let keys: Vec<u64> = sites.iter().map(key).collect();
    for (site, key) in sites.iter_mut().zip(keys) {
        site.key = key;
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::{InputMolecule, MoleculeKind};
    use super::*;

    fn sample(chains: &[&str]) -> Vec<InputChain> {
        let chain = |letters: &&str| InputChain {
            id: String::new(),
            molecule: InputMolecule { kind: MoleculeKind::Protein, text: (*letters).into() },
        };
        chains.iter().map(chain).collect()
    }

    fn positions(chains: &[&str], gap: i64) -> Vec<i64> {
        let sites = lay_out(&sample(chains), gap);
        sites.iter().map(|site| site.position).collect()
    }

    #[test]
    fn a_gap_moves_only_the_chains_that_follow() {
        assert_eq!(positions(&["AC", "DE"], 0), [0, 1, 2, 3]);
        assert_eq!(positions(&["AC", "DE"], 2), [0, 1, 4, 5]);
        assert_eq!(positions(&["AC", "DE", "F"], 514), [0, 1, 516, 517, 1032]);
    }

    #[test]
    fn residue_numbers_restart_with_every_chain() {
        let sites = lay_out(&sample(&["ACD", "EF"]), 1);
        let numbers: Vec<_> = sites.iter().map(|site| (site.chain, site.residue)).collect();
        assert_eq!(numbers, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]);
    }

    #[test]
    fn a_short_sample_ends_with_one_end_token_and_padding() {
        let mut sites = lay_out(&sample(&["A"]), 0);
        pad(&mut sites, 3);
        let codes: Vec<_> = sites.iter().map(|site| site.code).collect();
        assert_eq!(codes[1..], [END, PADDING]);
        assert_eq!(sites[2].residue, 2);
    }

    #[test]
    fn neighbours_count_and_far_chains_do_not() {
        let key = |chains: &[&str], gap: i64| {
            let mut sites = lay_out(&sample(chains), gap);
            look_around(&mut sites);
            sites[0].key
        };
        assert_ne!(key(&["ACD"], 0), key(&["ACE"], 0));
        assert_ne!(key(&["A", "C"], 0), key(&["A", "D"], 0));
        assert_eq!(key(&["A", "C"], 512), key(&["A", "D"], 512));
    }
}
