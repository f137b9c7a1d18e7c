//! The embedded language models: deterministic representations of residues in their context, in exactly the arrays a
//! contract declares. They are synthetic: built on published scales of the amino acids, trained on nothing.

mod array;
mod context;
mod layout;
mod logits;
mod mixing;
mod scales;
mod states;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use self::array::{Row, Rows};
use self::context::{Features, features};
use self::layout::{Site, gap, lay_out, pad};
use self::logits::{AnyHead, LanguageHead};
use self::scales::Scales;
use self::states::States;
use super::ModelError;
use super::input::Samples;
use super::selection::Selection;
use super::spacing::Spacing;
use crate::prediction::contract::{FieldKind, FieldSpec, Sizes};
use crate::prediction::{Contract, Options, Value};
use crate::tensor::DType;

/// Feature of a contract whose model pads every batch; the others let single chains run on into their tokens.
const PADS_EVERY_BATCH: &str = "pads_every_batch";

/// A batch with its features, ready to be read off into fields.
pub(super) struct Embedding<'a> {
    contract: &'a Contract,
    samples: &'a Samples,
    /// Name that fixes all weights: equal for equal models whatever their key.
    name: String,
    sizes: Sizes,
    scales: Scales,
    batch: Vec<Vec<Site>>,
    features: Vec<Vec<Features>>,
    multimer: bool,
    states: BTreeMap<usize, States>,
}

/// Fills the row it is asked for.
type Writer<'w> = Box<dyn Fn(&Row, &mut [f32]) + 'w>;

impl<'a> Embedding<'a> {
    /// Lays out a batch and computes the features of every place.
    ///
    /// # Errors
    /// For options that do not say where chains lie.
    pub fn new(contract: &'a Contract, effective: &Options, samples: &'a Samples) -> Result<Self, ModelError> {
        let multimer = samples.has_complex();
        // A batch of single chains never looks at the options between chains.
        let gap = if multimer {
            gap(Spacing::read(contract, effective)?.as_ref())
        } else {
            0
        };
        let mut batch: Vec<_> = samples.items.iter().map(|sample| lay_out(sample, gap)).collect();
        let longest = batch.iter().map(Vec::len).max().unwrap_or(0);
        if !multimer && !contract.features.contains(PADS_EVERY_BATCH) {
            for sites in &mut batch {
                pad(sites, longest);
            }
        }
        let variant = contract.variant(effective);
        let mut sizes = contract.dimensions.clone();
        if let Some(variant) = variant {
            sizes.extend(variant.dimensions.clone());
        }
        sizes.insert("B".into(), batch.len());
        sizes.insert("L".into(), longest);
        let scales = Scales::new();
        Ok(Self {
            contract,
            samples,
            name: variant.map_or_else(|| contract.core.clone(), |variant| variant.name.clone()),
            features: batch.iter().map(|sites| features(sites, &scales)).collect(),
            sizes,
            scales,
            batch,
            multimer,
            states: BTreeMap::new(),
        })
    }

    /// The selected fields in the order of the contract; the others are `None`.
    ///
    /// # Errors
    /// When a declared array has no size or does not fit into memory.
    pub fn fields(&mut self, selection: &Selection) -> Result<Vec<(String, Value)>, ModelError> {
        let fields = self.contract.fields.iter();
        fields
            .map(|field| {
                let value = if selection.wants(field) {
                    self.field(field)?
                } else {
                    Value::None
                };
                Ok((field.name.clone(), value))
            })
            .collect()
    }

    fn field(&mut self, field: &FieldSpec) -> Result<Value, ModelError> {
        match field.kind {
            FieldKind::Array | FieldKind::Scalar => {
                let sizes = self.sizes.clone();
                self.array(field, &sizes, 0)
            }
            FieldKind::Arrays => {
                let mut arrays = Vec::new();
                for (index, sample) in self.samples.items.iter().enumerate() {
                    let residues = sample.proteins().map(<[_]>::len).sum();
                    let mut sizes = self.sizes.clone();
                    sizes.extend([("N".to_owned(), residues), ("C".to_owned(), sample.chains.len())]);
                    arrays.push(self.array(field, &sizes, index)?);
                }
                Ok(Value::List(arrays))
            }
            FieldKind::Mappings => {
                let mapping = |length: &usize| {
                    let key = Value::Text("sequence_length".into());
                    Value::Map(vec![(key, Value::Integer(*length as i64))])
                };
                Ok(Value::List(self.samples.lengths.iter().map(mapping).collect()))
            }
            FieldKind::Mapping => {
                let total = self.samples.lengths.iter().sum::<usize>();
                let key = Value::Text("residues".into());
                Ok(Value::Map(vec![(key, Value::Integer(total as i64))]))
            }
            FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif => Err(ModelError::new(
                "NotImplementedError",
                format!("an embedding model has no structure for {}", field.name),
            )),
        }
    }

    fn array(&mut self, field: &FieldSpec, sizes: &Sizes, sample: usize) -> Result<Value, ModelError> {
        let rows = Rows::of(field, sizes, sample)?;
        let dtype = self.dtype(field);
        let index = matches!(field.name.as_str(), "chain_index" | "residue_index");
        let padding = field.padding.unwrap_or(if index { -1.0 } else { 0.0 }) as f32;
        if matches!(field.name.as_str(), "embeddings" | "hidden_states") {
            self.prepare_states(rows.width);
        }
        let writer = self.writer(field, rows.width);
        let tensor = rows.build(&field.name, dtype, |row, values| {
            let places = self.batch.get(row.sample).map_or(0, Vec::len);
            let past_the_end = |place: Option<usize>| place.is_some_and(|place| place >= places);
            if past_the_end(row.residue) || past_the_end(row.partner) {
                values.fill(padding);
            } else {
                writer(row, values);
            }
        })?;
        Ok(Value::Array(tensor))
    }

    /// The first declared type. Of indices, 32 bits in a batch of single chains and 64 in one with a complex, where both
    /// are declared: a tokenizer numbers the former, the complexes' own bookkeeping the latter.
    fn dtype(&self, field: &FieldSpec) -> DType {
        let usual = if self.multimer { DType::I64 } else { DType::I32 };
        let first = field.dtypes.first().copied().unwrap_or(DType::F32);
        if first.is_integer() && field.dtypes.contains(&usual) {
            usual
        } else {
            first
        }
    }

    fn prepare_states(&mut self, width: usize) {
        let layers = self.sizes.get("layers").copied().unwrap_or(1);
        self.states
            .entry(width)
            .or_insert_with(|| States::new(&self.name, layers, width, &self.features));
    }

    /// What writes the rows of a field: a head for the names that mean something, any values for the others.
    fn writer<'w>(&'w self, field: &FieldSpec, width: usize) -> Writer<'w> {
        let place = |row: &Row| self.features.get(row.sample)?.get(row.residue.unwrap_or(0));
        let site = |row: &Row| self.batch.get(row.sample)?.get(row.residue.unwrap_or(0));
        match (field.name.as_str(), self.states.get(&width)) {
            ("embeddings" | "hidden_states", Some(states)) => Box::new(move |row, values| {
                states.write(row.sample, row.residue.unwrap_or(0), row.layer, values);
            }),
            ("chain_index", _) => Box::new(move |row, values| {
                values.fill(site(row).map_or(0.0, |site| site.chain as f32));
            }),
            ("residue_index", _) => Box::new(move |row, values| {
                values.fill(site(row).map_or(0.0, |site| site.residue as f32));
            }),
            ("lm_logits", _) => {
                let head = LanguageHead::new(&self.name, &self.scales, width);
                Box::new(move |row, values| {
                    if let Some(place) = place(row) {
                        head.write(place, values);
                    }
                })
            }
            _ => {
                let head = AnyHead::new(&format!("{} {}", self.name, field.name), width, field.range);
                Box::new(move |row, values| {
                    let partner = row
                        .partner
                        .and_then(|partner| self.features.get(row.sample)?.get(partner));
                    if let Some(place) = place(row) {
                        head.write(place, partner, row.copy(), values);
                    }
                })
            }
        }
    }
}
