//! The folding models: structures with ideal geometry, confidences that fit them, and every other declared field, equal for equal
//! calls. They predict nothing: a field that has no meaning here holds noise of the right shape, type and range.

use super::ModelError;
use super::array::{ArrayRow, build, noise};
use super::complex::SyntheticComplex;
use super::confidence::{ALIGNED_ERROR, Conformation, ConformationConfidence, LDDT, mean};
use super::input::InputBatch;
use super::options::SamplingOptions;
use super::random::hash_text;
use crate::metric::geometry::vector::{Vector, axes, minus};
use crate::prediction::contract::{Dimension, FactorRule, FactorScale, FieldKind, FieldSpec, ListMeaning, Sizes};
use crate::prediction::{Contract, Options, Value};
use crate::protein::{Structure, mmcif, pdb};
use crate::tensor::DType;

/// The conformations of one call, from which every field can be computed.
#[derive(Debug)]
pub(super) struct Folding<'a> {
    contract: &'a Contract,
    batch: &'a InputBatch,
    /// Grouped by complex.
    conformations: Vec<Conformation>,
    /// Conformations of every complex.
    samples: usize,
    /// Sizes of the chosen variant.
    sizes: Sizes,
}

/// Feature of a contract that returns the structure of the first sample only, and a score of the whole complex only if a single
/// sample was drawn.
const FIRST_STRUCTURE_ONLY: &str = "first_structure_only";

/// What is added to the score of the true residue.
const TRUE_RESIDUE: f32 = 4.0;
/// Number of a residue that is not one of the twenty.
const UNKNOWN_RESIDUE: f32 = 20.0;

/// Residue number of the first residue if a field does not specify one.
const FIRST_RESIDUE: i32 = 1;
/// The greatest deviation of an atom's temperature factor from the mean of its residue, in fields with a factor per atom.
const SPREAD: f64 = 0.05;

impl<'a> Folding<'a> {
    /// Folds every sample.
    ///
    /// # Errors
    /// For options of the wrong type.
    pub(super) fn new(contract: &'a Contract, effective: &Options, batch: &'a InputBatch) -> Result<Self, ModelError> {
        let options = SamplingOptions::read(contract, effective, batch)?;
        let name = contract.variant(effective).map_or(&contract.key, |variant| &variant.name);
        let mut conformations = Vec::new();
        for input in &batch.items {
            for sample in 0..options.samples {
                let complex = SyntheticComplex::new(input, &options.deviations(name, sample, input.len()));
                let confidence = ConformationConfidence::of(&complex);
                conformations.push(Conformation { complex, confidence });
            }
        }
        let sizes = contract.sizes(effective);
        Ok(Self { contract, batch, conformations, samples: options.samples, sizes })
    }

    /// Residues as the metadata count them: once per conformation in a batch, else once per given string.
    pub(super) fn lengths(&self) -> Vec<usize> {
        let repeats = if self.contract.list == ListMeaning::Batch { self.samples } else { 1 };
        self.batch.lengths.iter().flat_map(|&length| std::iter::repeat_n(length, repeats)).collect()
    }

    /// Computes a field.
    ///
    /// # Errors
    /// When an array does not fit into memory or a structure does not fit into its file format.
    pub(super) fn value(&self, field: &FieldSpec) -> Result<Value, ModelError> {
        let of_first = self.contract.features.contains(FIRST_STRUCTURE_ONLY);
        let of_residues = |dimension: &Dimension| matches!(dimension, Dimension::Symbol(name, _) if name == "N");
        let all = self.conformations.iter();
        let every = if of_first { self.samples.max(1) } else { 1 };
        let structures = all.clone().step_by(every).map(|conformation| structure(conformation, field));
        let items = match field.kind {
            FieldKind::Array | FieldKind::Scalar => return self.array(field, &self.conformations),
            // Several samples were drawn but only one structure is returned, so that a score cannot be assigned to it.
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

    /// The array of a field over some conformations: all of them, or one if each has its own array.
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

/// Fills one row of a field, which is identified by its name, its residue axes and the size of the row.
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
            return out.iter_mut().zip(&confidence.pair_iptm).for_each(|(value, score)| *value = *score as f32);
        }
        ("ptm_logits", 2, 64) => return ALIGNED_ERROR.logits(confidence.pae[pair], out),
        ("aligned_confidence_probs", 2, 64) => return ALIGNED_ERROR.probabilities(confidence.pae[pair], out),
        // Equal for all atoms, and flatter in the blocks before the last.
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
            return refine_noise(field, of, row, out);
        }
    };
    out.fill(number);
}

/// Adds the true residue, or the true geometry, to a row of noise.
fn refine_noise(field: &FieldSpec, of: &Conformation, row: &ArrayRow, out: &mut [f32]) {
    let Some(residue) = of.complex.residues.get(row.residues[0]) else { return };
    let place = |position: Vector| position.map(|axis| axis as f32 * row.depth());
    match (field.name.as_str(), out.len()) {
        ("lm_logits", _) => {
            if let Some(score) = residue.amino.and_then(|amino| out.get_mut(amino)) {
                *score += TRUE_RESIDUE;
            }
        }
        ("angles", _) => out.chunks_exact_mut(2).for_each(normalise),
        // A quaternion, and the position of the alpha carbon.
        ("frames", 7) => {
            normalise(&mut out[..4]);
            out[4..].copy_from_slice(&place(residue.middle()));
        }
        // Eight matrices of 4 × 4 with the rotation of the backbone, each at an atom, the alpha carbon first.
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

/// A conformation as a structure. Temperature factors are the plddt on the field's scale, if the field has one.
fn structure(conformation: &Conformation, field: &FieldSpec) -> Structure {
    let complex = &conformation.complex;
    let mut structure = Structure::default();
    let mut factors: Vec<f64> = Vec::new();
    let is_mean = field.b_factor.is_some_and(|scale| scale.rule == FactorRule::Mean);
    for (residue, &plddt) in complex.residues.iter().zip(&conformation.confidence.plddt) {
        let chain = &complex.chains[residue.chain];
        let number = field.first_residue.unwrap_or(FIRST_RESIDUE).saturating_add(residue.index as i32);
        let (plddt, last) = (f64::from(plddt), residue.atoms.len() - 1);
        let spread = if is_mean { SPREAD.min(plddt).min(1.0 - plddt) } else { 0.0 };
        for (place, atom) in residue.atoms.iter().enumerate() {
            let position = atom.position.map(|along| along as f32);
            structure.push(chain.id, number, residue.name, atom.name, atom.element, position);
            let along = if last > 0 { 2.0 * place as f64 / last as f64 - 1.0 } else { 0.0 };
            factors.push(plddt + spread * along);
        }
        structure.hetero.truncate(structure.hetero.len() - residue.atoms.len());
        structure.hetero.extend(residue.atoms.iter().map(|_| chain.is_ligand));
    }
    if let Some(FactorScale { greatest, .. }) = field.b_factor {
        // biotite's column has single precision.
        structure.b_factor = Some(factors.iter().map(|factor| f64::from(*factor as f32 * greatest as f32)).collect());
        structure.b_factor_dtype = Some(DType::F32);
    }
    structure
}

/// The scores as a mapping under Boltz' names, without `ptm` and `iptm`: boileroom's response class has fields for these.
fn scores(conformation: &Conformation) -> Value {
    let (complex, confidence) = (&conformation.complex, &conformation.confidence);
    let (chains, residues) = (complex.chains.len(), &complex.residues);
    let has_ligand = complex.chains.iter().any(|chain| chain.is_ligand);
    let overall = if chains > 1 { confidence.iptm } else { confidence.ptm };
    let plddt = mean(confidence.plddt.iter().map(|&plddt| plddt.into()));
    let errors = |is_chosen: fn(usize, usize) -> bool| {
        let pairs = residues.iter().flat_map(|own| residues.iter().map(move |other| (own.chain, other.chain)));
        let chosen = pairs.zip(&confidence.pde).filter(|((own, other), _)| is_chosen(*own, *other));
        mean(chosen.map(|(_, &error)| error.into()))
    };
    let entries = [
        ("confidence_score", 0.8 * plddt + 0.2 * overall),
        ("ligand_iptm", if has_ligand { confidence.iptm } else { 0.0 }),
        ("protein_iptm", if has_ligand { 0.0 } else { confidence.iptm }),
        ("complex_plddt", plddt),
        // Residues of an interface have no extra weight here.
        ("complex_iplddt", plddt),
        ("complex_pde", errors(|_, _| true)),
        ("complex_ipde", errors(|own, other| own != other)),
    ];
    let score = |own: usize, other: usize| Value::Float(confidence.pair_iptm[own * chains + other]);
    let per_chain = |value: &dyn Fn(usize) -> Value| {
        Value::Map((0..chains).map(|chain| (Value::Text(chain.to_string()), value(chain))).collect())
    };
    let entries = entries.into_iter().map(|(name, value)| (name, Value::Float(value))).chain([
        ("pair_chains_iptm", per_chain(&|own| per_chain(&|other| score(own, other)))),
        ("chains_ptm", per_chain(&|own| score(own, own))),
    ]);
    Value::Map(entries.map(|(name, value)| (Value::Text(name.into()), value)).collect())
}
