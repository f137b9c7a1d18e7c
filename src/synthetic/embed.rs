//! The embedded language models: representations of residues in their context, in exactly the arrays a contract declares. They are
//! hashes of what stands there, trained on nothing.

use super::ModelError;
use super::array::{ArrayRow, build, noise, published_sizes};
use super::input::{InputBatch, InputChain};
use super::layout::{TokenSite, lay_out, pad, surroundings};
use super::options::ChainSpacing;
use super::random::{Random, hash_text, seed_of};
use super::selection::FieldSelection;
use crate::prediction::contract::{Dimension, FieldKind, FieldSpec, Sizes};
use crate::prediction::{Contract, Options, Value};
use crate::tensor::DType;

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
    contract: &'a Contract,
    batch: &'a InputBatch,
    /// Fixes all numbers: equal for equal models whatever their key.
    name: u64,
    sizes: Sizes,
    sites: Vec<Vec<TokenSite>>,
    /// What every site sees, see [`surroundings`].
    keys: Vec<Vec<u64>>,
    is_multimer: bool,
}

impl<'a> Embedding<'a> {
    /// Lays out a batch.
    ///
    /// # Errors
    /// For options that do not say where chains lie.
    pub(super) fn new(contract: &'a Contract, effective: &Options, batch: &'a InputBatch) -> Result<Self, ModelError> {
        let is_multimer = batch.has_complex();
        let gap = ChainSpacing::read(contract, effective, batch)?.gap();
        let mut places: Vec<_> = batch.items.iter().map(|sample| lay_out(sample, gap)).collect();
        let longest = places.iter().map(Vec::len).max().unwrap_or(0);
        if !is_multimer && !contract.features.contains(PADS_EVERY_BATCH) {
            for own in &mut places {
                pad(own, longest);
            }
        }
        let mut sizes = published_sizes(contract, effective);
        sizes.extend([("B".to_owned(), places.len()), ("L".to_owned(), longest)]);
        let name = contract
            .variant(effective)
            .map_or(&contract.core, |variant| &variant.name);
        Ok(Self {
            contract,
            batch,
            name: hash_text(name),
            sizes,
            keys: places.iter().map(|own| surroundings(own)).collect(),
            sites: places,
            is_multimer,
        })
    }

    /// The selected fields in the order of the contract; the others are `None`.
    ///
    /// # Errors
    /// When an array does not fit into memory, and for structures, which these models do not have.
    pub(super) fn fields(&self, selection: &FieldSelection) -> Result<Vec<(String, Value)>, ModelError> {
        selection.fields(self.contract, |field| self.value(field))
    }

    fn value(&self, field: &FieldSpec) -> Result<Value, ModelError> {
        let count = |name: &str, length: usize| {
            let key = Value::Text(name.into());
            Value::Map(vec![(key, Value::Integer(length as i64))])
        };
        let lengths = &self.batch.lengths;
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
            FieldKind::Mappings => {
                let mappings = lengths.iter().map(|&length| count("sequence_length", length));
                Ok(Value::List(mappings.collect()))
            }
            FieldKind::Mapping => Ok(count("residues", lengths.iter().sum())),
            FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif => Err(ModelError::new(
                "NotImplementedError",
                format!("an embedding model has no structure for {}", field.name),
            )),
        }
    }

    fn array(&self, field: &FieldSpec, sizes: &Sizes, samples: std::ops::Range<usize>) -> Result<Value, ModelError> {
        let lengths: Vec<usize> = self.sites[samples.clone()].iter().map(Vec::len).collect();
        let tensor = build(field, self.dtype(field), sizes, &lengths, |row, values| {
            self.write(field, samples.start + row.sample, row, values);
        })?;
        Ok(Value::Array(tensor))
    }

    /// The first declared type. Of indices, 32 bits in a batch of single chains and 64 in one with a complex, where both are declared:
    /// a tokenizer numbers the former, the complexes' own bookkeeping the latter.
    fn dtype(&self, field: &FieldSpec) -> DType {
        let usual = if self.is_multimer { DType::I64 } else { DType::I32 };
        let first = field.dtypes.first().copied().unwrap_or(DType::F32);
        if first.is_integer() && field.dtypes.contains(&usual) {
            usual
        } else {
            first
        }
    }

    fn write(&self, field: &FieldSpec, sample: usize, row: &ArrayRow, out: &mut [f32]) {
        let [own, partner] = row.residues;
        let sites = self.sites.get(sample).zip(self.keys.get(sample));
        let Some((site, &key)) = sites.and_then(|(sites, keys)| sites.get(own).zip(keys.get(own))) else {
            return;
        };
        match field.name.as_str() {
            "embeddings" | "hidden_states" => self.write_state(field, row, (site, key), out),
            "chain_index" => out.fill(site.chain as f32),
            "residue_index" => out.fill(site.residue as f32),
            name => {
                let partner = self.keys[sample].get(partner).copied().unwrap_or(0);
                let seed = [self.name, hash_text(name), key, partner, row.layer as u64];
                noise(field, &seed, out);
                if name == "lm_logits" {
                    write_scores(site.code, out);
                }
            }
        }
    }

    /// A state of the network: the residue itself fades slowly, its surroundings come in quickly and settle. The last of one more
    /// states than layers is the output, after a layer normalisation (Ba et al. 2016) without gain and offset.
    fn write_state(&self, field: &FieldSpec, row: &ArrayRow, (site, key): (&TokenSite, u64), out: &mut [f32]) {
        let is_layer = |dimension: &&Dimension| matches!(dimension, Dimension::Symbol(name, _) if name == "layers");
        let first = match field.shape.iter().find(is_layer) {
            Some(Dimension::Symbol(_, added)) => 1_usize.saturating_sub(*added),
            _ => 1,
        };
        let layers = row.layers + first - 1;
        let depth = (row.layer + first) as f32 / layers.max(1) as f32;
        let (keep, take) = (1.0 - 0.4 * depth * depth, depth * (2.2 - 1.2 * depth));
        let mut own = Random::new(seed_of(&[self.name, site.code]));
        let mut around = Random::new(seed_of(&[self.name, key]));
        for value in out.iter_mut() {
            *value = UNIFORM_SCALE * (keep * own.signed() as f32 + take * around.signed() as f32);
        }
        if (first == 0 && row.layer + 1 == row.layers) || field.name == "embeddings" {
            let count = out.len().max(1) as f32;
            let mean = out.iter().sum::<f32>() / count;
            let variance = out.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
            let scale = 1.0 / (variance + 1e-5).sqrt();
            for value in out {
                *value = (*value - mean) * scale;
            }
        }
    }
}

/// Makes scores of the ESM alphabet of noise: highest for the residue that is seen; of a hidden one only the noise is left.
fn write_scores(code: u64, out: &mut [f32]) {
    for (token, score) in out.iter_mut().enumerate() {
        let letter = token
            .checked_sub(TOKENS_BEFORE)
            .and_then(|index| LETTERS.chars().nth(index));
        *score += match letter {
            None => NO_RESIDUE,
            Some(letter) if code == u64::from(letter) => SEEN,
            Some(_) => 0.0,
        };
    }
}
