//! The folding models: structures with ideal geometry, confidences that fit them, and every other declared field, the same for the
//! same call. They predict nothing: a field without a meaning here holds noise of the right shape, type and range.

use super::ModelError;
use super::array::{ArrayRow, build, noise, published_sizes};
use super::complex::SyntheticComplex;
use super::confidence::{ALIGNED_ERROR, Conformation, ConformationConfidence, LDDT};
use super::geometry::{Position, axes, minus};
use super::input::InputBatch;
use super::options::SamplingOptions;
use super::random::hash_text;
use super::results::{scores, structure};
use crate::prediction::contract::{Dimension, FieldKind, FieldSpec, ListMeaning, Sizes};
use crate::prediction::{Contract, Options, Value};
use crate::protein::{mmcif, pdb};

/// Everything about the complexes of one call, from which any field can be read.
#[derive(Debug)]
pub(super) struct Folding<'a> {
    contract: &'a Contract,
    batch: &'a InputBatch,
    /// Those of one complex together.
    conformations: Vec<Conformation>,
    /// Conformations of every complex.
    samples: usize,
    /// Sizes that hold for the chosen variant.
    sizes: Sizes,
}

/// Feature of a contract that gives back the structure of the first sample only, and a score of the whole complex only where a
/// single one was drawn.
const FIRST_STRUCTURE_ONLY: &str = "first_structure_only";

/// What a residue scores more for being the true one.
const TRUE_RESIDUE: f32 = 4.0;
/// Number of a residue that is none of the twenty.
const UNKNOWN_RESIDUE: f32 = 20.0;

impl<'a> Folding<'a> {
    /// Folds every sample.
    ///
    /// # Errors
    /// For options of the wrong type.
    pub(super) fn new(contract: &'a Contract, effective: &Options, batch: &'a InputBatch) -> Result<Self, ModelError> {
        let options = SamplingOptions::read(contract, effective, batch)?;
        let variant = contract.variant(effective);
        let name = variant.map_or(contract.key.as_str(), |variant| variant.name.as_str());
        let mut conformations = Vec::new();
        for input in &batch.items {
            for sample in 0..options.samples {
                let deviations = options.deviations(name, sample, input.len());
                let complex = SyntheticComplex::new(input, &deviations);
                let confidence = ConformationConfidence::of(&complex);
                conformations.push(Conformation { complex, confidence });
            }
        }
        Ok(Self {
            contract,
            batch,
            conformations,
            samples: options.samples,
            sizes: published_sizes(contract, effective),
        })
    }

    /// Residues as the metadata count them: for a batch once for every conformation, else once for every string given.
    pub(super) fn lengths(&self) -> Vec<usize> {
        let is_batch = self.contract.list == ListMeaning::Batch;
        let repeats = if is_batch { self.samples } else { 1 };
        let repeated = |&length: &usize| std::iter::repeat_n(length, repeats);
        self.batch.lengths.iter().flat_map(repeated).collect()
    }

    /// What a field says.
    ///
    /// # Errors
    /// When an array does not fit into memory or a structure not into its file format.
    pub(super) fn value(&self, field: &FieldSpec) -> Result<Value, ModelError> {
        let of_first = self.contract.features.contains(FIRST_STRUCTURE_ONLY);
        let of_residues = |dimension: &Dimension| matches!(dimension, Dimension::Symbol(name, _) if name == "N");
        let all = self.conformations.iter();
        let every = if of_first { self.samples.max(1) } else { 1 };
        let those_with_structure = all.clone().step_by(every);
        let structures = those_with_structure.map(|conformation| structure(conformation, field));
        let items = match field.kind {
            FieldKind::Array | FieldKind::Scalar => return self.array(field, &self.conformations),
            // Several samples were drawn and one structure came back: which of them a score belongs to cannot be told.
            FieldKind::Arrays if of_first && self.samples > 1 && !field.shape.iter().any(of_residues) => {
                return Ok(Value::None);
            }
            FieldKind::Arrays => all
                .map(|conformation| self.array(field, std::slice::from_ref(conformation)))
                .collect::<Result<_, _>>()?,
            FieldKind::Structures => structures.map(|own| Value::Structure(Box::new(own))).collect(),
            FieldKind::Pdb => structures
                .map(|own| pdb::write(&own).map(Value::Text))
                .collect::<Result<_, _>>()
                .map_err(|error| ModelError::value(error.to_string()))?,
            FieldKind::Cif => structures.map(|own| Value::Text(mmcif::write(&own, &self.contract.key))).collect(),
            FieldKind::Mappings => all.map(scores).collect(),
            FieldKind::Mapping => return Ok(self.conformations.first().map_or(Value::None, scores)),
        };
        Ok(Value::List(items))
    }

    /// The array of a field over some conformations: all of them, or one where each has an array of its own.
    fn array(&self, field: &FieldSpec, conformations: &[Conformation]) -> Result<Value, ModelError> {
        let complexes = conformations.iter().map(|conformation| &conformation.complex);
        let lengths: Vec<usize> = complexes.clone().map(|complex| complex.residues.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let chains = complexes.map(|complex| complex.chains.len()).max().unwrap_or(0);
        let mut sizes = self.sizes.clone();
        for (name, size) in [("B", lengths.len()), ("L", longest), ("N", longest), ("C", chains)] {
            sizes.insert(name.to_owned(), size);
        }
        let tensor = build(field, &sizes, &lengths, |row, values| {
            if let Some(conformation) = conformations.get(row.sample) {
                write(field, conformation, row, values);
            }
        })?;
        Ok(Value::Array(tensor))
    }
}

/// Fills in one row of a field, known by its name, its residue axes and the size of the row.
fn write(field: &FieldSpec, of: &Conformation, row: &ArrayRow, out: &mut [f32]) {
    let (complex, confidence) = (&of.complex, &of.confidence);
    let [own, partner] = row.residues;
    let residue = complex.residues.get(own);
    let pair = own * complex.residues.len() + partner;
    let chain = residue.map_or(0, |residue| residue.chain);
    let number = match (field.name.as_str(), row.residue_axes, out.len()) {
        ("ptm", 0, 1) => confidence.ptm as f32,
        ("iptm", 0, 1) => confidence.iptm as f32,
        ("max_pae", 0, 1) => ALIGNED_ERROR.greatest() as f32,
        ("plddt", 1, 1) => confidence.plddt[own],
        ("residue_index", 1, 1) => residue.map_or(0, |residue| residue.index) as f32,
        ("chain_index", 1, 1) => chain as f32,
        ("entity_id", 1, 1) => complex.chains[chain].entity as f32,
        ("aatype", 1, 1) => residue.and_then(|residue| residue.amino).map_or(UNKNOWN_RESIDUE, |amino| amino as f32),
        ("pae", 2, 1) => confidence.pae[pair],
        ("pde", 2, 1) => confidence.pde[pair],
        ("per_chain_iptm" | "pair_chains_iptm", 0, size) if size == confidence.pair_iptm.len() => {
            let scores = confidence.pair_iptm.iter().map(|&score| score as f32);
            return out.iter_mut().zip(scores).for_each(|(value, score)| *value = score);
        }
        ("ptm_logits", 2, 64) => return ALIGNED_ERROR.logits(confidence.pae[pair], out),
        ("aligned_confidence_probs", 2, 64) => return ALIGNED_ERROR.probabilities(confidence.pae[pair], out),
        // The same for every atom; flatter in the blocks before the last, which know less.
        ("lddt_head", 1, size) if size % 50 == 0 => {
            for logits in out.chunks_exact_mut(50) {
                LDDT.logits(confidence.plddt[own], logits);
            }
            return out.iter_mut().for_each(|logit| *logit *= row.depth());
        }
        _ => {
            let [layer, own, partner] = [row.layer, own, partner].map(|index| index as u64);
            let name = if field.name == "angles" { "unnormalized_angles" } else { &field.name };
            let seed = [hash_text(name), complex.seed, layer, own, partner];
            noise(field, &seed, out);
            return mean_something(field, of, row, out);
        }
    };
    out.fill(number);
}

/// Gives rows of noise the little meaning that they have.
fn mean_something(field: &FieldSpec, of: &Conformation, row: &ArrayRow, out: &mut [f32]) {
    let Some(residue) = of.complex.residues.get(row.residues[0]) else {
        return;
    };
    let place = |position: Position| position.map(|axis| axis as f32 * row.depth());
    match (field.name.as_str(), out.len()) {
        ("lm_logits", _) => {
            if let Some(score) = residue.amino.and_then(|amino| out.get_mut(amino)) {
                *score += TRUE_RESIDUE;
            }
        }
        ("angles", _) => out.chunks_exact_mut(2).for_each(normalise),
        // A quaternion and the position of the alpha carbon.
        ("frames", 7) => {
            normalise(&mut out[..4]);
            out[4..].copy_from_slice(&place(residue.middle()));
        }
        // Eight matrices of 4 × 4, turned as the backbone and each at an atom, the alpha carbon first.
        ("sidechain_frames", 128) => {
            let at = |index: usize| residue.atoms[index].position;
            let turn = match residue.amino {
                Some(_) => axes(minus(at(2), at(1)), minus(at(0), at(1))),
                None => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            };
            let places = residue.atoms.iter().cycle().skip(1).map(|atom| place(atom.position));
            for (matrix, place) in out.chunks_exact_mut(16).zip(places) {
                for line in 0..3 {
                    let [x, y, z] = turn.map(|axis| axis[line] as f32);
                    matrix[4 * line..4 * line + 4].copy_from_slice(&[x, y, z, place[line]]);
                }
                matrix[12..].copy_from_slice(&[0.0, 0.0, 0.0, 1.0]);
            }
        }
        _ => {}
    }
}

/// Brings a vector to length 1.
fn normalise(vector: &mut [f32]) {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    for value in vector {
        *value /= norm;
    }
}
