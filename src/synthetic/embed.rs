//! The embedded language models: representations of residues in their context, in exactly the arrays a contract declares. They are
//! hashes of what stands there, trained on nothing.

use super::ModelError;
use super::array::{ArrayRow, build, noise, published_sizes};
use super::input::{InputBatch, InputChain};
use super::layout::{TokenSite, lay_out, look_around, pad};
use super::options::ChainSpacing;
use super::random::{Random, hash_text, seed_of};
use crate::prediction::contract::{FieldKind, FieldSpec, Sizes};
use crate::prediction::{Contract, Options, Value};

/// Feature of a contract whose model pads every batch; the others let single chains run on into their tokens.
const PADS_EVERY_BATCH: &str = "pads_every_batch";

/// Residue letters of the ESM alphabet in the order of its tokens, and the tokens before the first letter.
const LETTERS: &str = "LAGVSERTIDPKQNFYMHWCXBUZO";
const TOKENS_BEFORE: usize = 4;
/// How much more a residue that is seen scores for being what it is.
const SEEN: f32 = 4.0;
/// Score of tokens that are no residue.
const NO_RESIDUE: f32 = -6.0;
/// Brings a uniform number between -1 and 1 to a variance of 1.
const UNIFORM_SCALE: f32 = 1.732;

/// A batch, ready to be read off into fields.
pub(super) struct Embedding<'a> {
    batch: &'a InputBatch,
    /// Fixes all numbers: equal for equal models whatever their key.
    name: u64,
    sizes: Sizes,
    sites: Vec<Vec<TokenSite>>,
}

impl<'a> Embedding<'a> {
    /// Lays out a batch.
    ///
    /// # Errors
    /// For options that do not say where chains lie.
    pub(super) fn new(contract: &'a Contract, effective: &Options, batch: &'a InputBatch) -> Result<Self, ModelError> {
        let gap = ChainSpacing::read(contract, effective, batch)?.gap();
        let mut places: Vec<_> = batch.items.iter().map(|chains| lay_out(chains, gap)).collect();
        let longest = places.iter().map(Vec::len).max().unwrap_or(0);
        let is_padded = batch.has_complex() || contract.features.contains(PADS_EVERY_BATCH);
        for own in &mut places {
            if !is_padded {
                pad(own, longest);
            }
            look_around(own);
        }
        let mut sizes = published_sizes(contract, effective);
        sizes.extend([("B".to_owned(), places.len()), ("L".to_owned(), longest)]);
        let variant = contract.variant(effective);
        Ok(Self {
            batch,
            name: hash_text(variant.map_or(&contract.core, |variant| &variant.name)),
            sizes,
            sites: places,
        })
    }

    /// What a field says.
    ///
    /// # Errors
    /// When an array does not fit into memory, and for anything else than arrays.
    pub(super) fn value(&self, field: &FieldSpec) -> Result<Value, ModelError> {
        match field.kind {
            FieldKind::Array | FieldKind::Scalar => self.array(field, &self.sizes, 0..self.sites.len()),
            FieldKind::Arrays => {
                let own = |(index, chains): (usize, &Vec<InputChain>)| {
                    let residues = chains.iter().map(|chain| chain.molecule.text.chars().count()).sum();
                    let mut sizes = self.sizes.clone();
                    sizes.extend([("N".to_owned(), residues), ("C".to_owned(), chains.len())]);
                    self.array(field, &sizes, index..index + 1)
                };
                let arrays = self.batch.items.iter().enumerate().map(own);
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

    /// A state of the network: the residue itself fades slowly, its surroundings come in quickly and settle. The last is the output.
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

/// Makes scores of the ESM alphabet of noise: highest for the residue that is seen; of a hidden one only the noise is left.
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
