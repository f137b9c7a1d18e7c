//! What a conformation looks like in a response: the columns of a structure, and its scores as a mapping under the names that Boltz
//! gives them. Computes no confidence and formats no text.

use super::confidence::{Conformation, mean};
use crate::prediction::Value;
use crate::prediction::contract::{FactorRule, FactorScale, FieldSpec};
use crate::protein::Structure;
use crate::tensor::DType;

/// Residue number of the first residue where a field does not say.
const FIRST_RESIDUE: i32 = 1;

/// How far the factors of a residue's atoms lie from their mean at most, where they have factors of their own.
const SPREAD: f64 = 0.05;

/// All atoms; the temperature factor is the plddt on the field's scale, and absent where the field has none.
pub(super) fn structure(conformation: &Conformation, field: &FieldSpec) -> Structure {
    let complex = &conformation.complex;
    let mut structure = Structure::default();
    let mut factors: Vec<f64> = Vec::new();
    let is_mean = field.b_factor.is_some_and(|scale| scale.rule == FactorRule::Mean);
    for (residue, &plddt) in complex.residues.iter().zip(&conformation.confidence.plddt) {
        let chain = &complex.chains[residue.chain];
        let first = field.first_residue.unwrap_or(FIRST_RESIDUE);
        let number = first.saturating_add(residue.index as i32);
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
        // The array's column is single precision.
        let scaled = factors.iter().map(|factor| f64::from(*factor as f32 * greatest as f32));
        structure.b_factor = Some(scaled.collect());
        structure.b_factor_dtype = Some(DType::F32);
    }
    structure
}

/// The scores without `ptm` and `iptm`, which boileroom's response class moves to fields of their own.
pub(super) fn scores(conformation: &Conformation) -> Value {
    let (complex, confidence) = (&conformation.complex, &conformation.confidence);
    let (chains, residues) = (complex.chains.len(), &complex.residues);
    let has_ligand = complex.chains.iter().any(|chain| chain.is_ligand);
    let overall = if chains > 1 { confidence.iptm } else { confidence.ptm };
    let plddt = mean(confidence.plddt.iter().map(|&plddt| plddt.into()));
    let errors = |is_chosen: fn(usize, usize) -> bool| {
        let pairs = residues.iter().flat_map(|own| residues.iter().map(|other| is_chosen(own.chain, other.chain)));
        let chosen = pairs.zip(&confidence.pde).filter(|(is_chosen, _)| *is_chosen);
        mean(chosen.map(|(_, &error)| error.into()))
    };
    let entries = [
        ("confidence_score", 0.8 * plddt + 0.2 * overall),
        ("ligand_iptm", if has_ligand { confidence.iptm } else { 0.0 }),
        ("protein_iptm", if has_ligand { 0.0 } else { confidence.iptm }),
        ("complex_plddt", plddt),
        // Residues of an interface weigh no more than others here.
        ("complex_iplddt", plddt),
        ("complex_pde", errors(|_, _| true)),
        ("complex_ipde", errors(|own, other| own != other)),
    ];
    let number = |chain: usize| Value::Text(chain.to_string());
    let score = |own: usize, other: usize| Value::Float(confidence.pair_iptm[own * chains + other]);
    let map = |of: &dyn Fn(usize) -> Value| Value::Map((0..chains).map(|chain| (number(chain), of(chain))).collect());
    let pairs = map(&|own| map(&|other| score(own, other)));
    let entries = entries.into_iter().map(|(name, value)| (name, Value::Float(value)));
    let entries = entries.chain([("pair_chains_iptm", pairs), ("chains_ptm", map(&|own| score(own, own)))]);
    Value::Map(entries.map(|(name, value)| (Value::Text(name.into()), value)).collect())
}
