//! What a response must hold because of its request: samples, chains, lengths and the sizes that symbols stand for. Reads requests
//! and contracts. Never looks at a response.

use super::complex::{self, Complex};
use crate::prediction::contract::{Contract, FieldKind, FieldSpec, ListMeaning, Presence, Sizes};
use crate::prediction::is_symbol;
use crate::prediction::{Input, Options, Request};

/// A feature of models that return only the structure of their first sample, whatever its score, and a score of the whole complex
/// only if a single sample was drawn.
pub(crate) const FIRST_STRUCTURE_ONLY: &str = "first_structure_only";

/// A feature of models that pad the rows past a sample's end in every batch. Other models pad only batches with a complex of
/// several chains.
pub(crate) const PADS_EVERY_BATCH: &str = "pads_every_batch";

/// Whether options request a field, by name or by `*`.
pub(super) fn requests(options: &Options, field: &str) -> bool {
    match options.get("include_fields") {
        Some(serde_json::Value::Array(names)) => names.iter().any(|name| name == field || name == "*"),
        Some(serde_json::Value::String(names)) => names.contains('*'),
        _ => false,
    }
}

/// What a request demands of a model, as its contract reads it.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// The complexes to be predicted, in order. A single chain is a complex too.
    pub(crate) complexes: Vec<Complex>,
    /// Residues as `metadata.sequence_lengths` must state them.
    pub(crate) lengths: Vec<usize>,
    /// Defaults, configuration and options of the call, merged.
    pub(crate) options: Options,
    /// Whether rows past a sample's end must hold the field's padding value.
    pub(crate) pads: bool,
    /// The sizes that hold for the whole response.
    pub(crate) sizes: Sizes,
    draws: usize,
    first_structure_only: bool,
}

impl Expected {
    /// What `request` demands of an instance with this configuration.
    pub(crate) fn new(contract: &Contract, request: &Request, config: &Options) -> Self {
        let options = contract.effective_options(config, &request.options);
        let complexes = complexes(contract.list, &request.input);
        let draws = contract.draws(&options);
        let lengths = match (contract.list, &request.input) {
            (ListMeaning::Batch, _) | (_, Input::Structured(_)) => {
                complexes.iter().flat_map(|complex| std::iter::repeat_n(complex.length, draws)).collect()
            }
            (ListMeaning::Single | ListMeaning::Chains, input) => {
                input.strings().iter().map(|text| Complex::parse(text).length).collect()
            }
        };
        let mut sizes: Sizes = contract.dimensions.clone();
        // Only the configuration selects the variant: the option is fixed when the instance starts.
        if let Some(variant) = contract.variant(config) {
            sizes.extend(variant.dimensions.clone());
        }
        sizes.insert("B".into(), complexes.len());
        sizes.insert("L".into(), complexes.iter().map(|complex| complex.length).max().unwrap_or(0));
        Self {
            pads: contract.features.contains(PADS_EVERY_BATCH)
                || complexes.iter().any(|complex| complex.chains.len() > 1),
            first_structure_only: contract.features.contains(FIRST_STRUCTURE_ONLY),
            complexes,
            lengths,
            options,
            draws,
            sizes,
        }
    }

    /// Whether a field was requested, by name or by `*`.
    pub(crate) fn requests(&self, field: &str) -> bool {
        requests(&self.options, field)
    }

    /// Whether a field must be filled: it always is, or it was requested and the model can fill it.
    pub(crate) fn fills(&self, field: &FieldSpec) -> bool {
        match field.presence {
            Presence::Always => true,
            Presence::Requested => self.requests(&field.name) && !self.withholds(field),
            Presence::Never => false,
        }
    }

    /// Scores of a whole complex belong to no known sample if several samples were drawn and one structure was returned.
    fn withholds(&self, field: &FieldSpec) -> bool {
        let of_residues = field.shape.iter().any(|dimension| is_symbol(dimension, "N"));
        self.first_structure_only && self.draws > 1 && field.kind == FieldKind::Arrays && !of_residues
    }

    /// The number of items that a field's list must have.
    pub(crate) fn samples(&self, kind: FieldKind) -> usize {
        self.complexes.len() * self.draws_of(kind)
    }

    /// The complex that an item of a field's list is about.
    pub(crate) fn complex(&self, kind: FieldKind, sample: usize) -> Option<&Complex> {
        self.complexes.get(sample / self.draws_of(kind).max(1))
    }

    /// The sizes that hold for one sample: `N` residues and `C` chains besides those of the whole response. `N` is absent if the
    /// model chooses the number of tokens, as for ligands.
    pub(crate) fn sizes_of(&self, complex: &Complex) -> Sizes {
        let mut sizes = self.sizes.clone();
        sizes.insert("C".into(), complex.chains.len());
        if complex.has_known_tokens() {
            sizes.insert("N".into(), complex.length);
        }
        sizes
    }

    /// Residues of every complex, in order.
    pub(crate) fn complex_lengths(&self) -> Vec<usize> {
        self.complexes.iter().map(|complex| complex.length).collect()
    }

    const fn draws_of(&self, kind: FieldKind) -> usize {
        let is_structure = matches!(kind, FieldKind::Structures | FieldKind::Pdb | FieldKind::Cif);
        if self.first_structure_only && is_structure { 1 } else { self.draws }
    }
}

fn complexes(list: ListMeaning, input: &Input) -> Vec<Complex> {
    match (list, input) {
        (_, Input::Structured(value)) => complex::structured(value),
        (ListMeaning::Chains, Input::Many(strings)) => vec![Complex::parse(&strings.join(":"))],
        (_, input) => input.strings().iter().map(|text| Complex::parse(text)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::folded::declared;
    use super::*;
    use crate::prediction::Method;

    #[test]
    fn an_absurd_number_of_samples_neither_overflows_nor_exhausts_memory() {
        let contract = declared("chai1");
        let expected = |options: serde_json::Value| {
            let options = options.as_object().unwrap().clone();
            let request = Request { method: Method::Fold, input: Input::One("MKV".into()), options };
            Expected::new(&contract, &request, &Options::new()).samples(FieldKind::Arrays)
        };
        assert_eq!(expected(json!({ "num_diffn_samples": 3, "num_trunk_samples": 2 })), 6);
        assert_eq!(expected(json!({ "num_diffn_samples": u64::MAX, "num_trunk_samples": u64::MAX })), 1 << 20);
    }
}
