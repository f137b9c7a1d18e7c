//! What a conformation looks like in a response: the columns of a structure, and its scores as a mapping under the names that Boltz
//! gives them. Computes no confidence and formats no text.

use super::confidence::Conformation;
use super::geometry::distance;
use crate::prediction::Value;
use crate::prediction::contract::{FactorRule, FactorScale, FieldSpec};
use crate::protein::Structure;
use crate::tensor::DType;

/// Residue number of the first residue where a field does not say.
const FIRST_RESIDUE: i32 = 1;

/// How far the factors of a residue's atoms lie from their mean at most, where they have factors of their own.
const SPREAD: f64 = 0.05;
/// Residues of two chains this near belong to an interface, in ångström.
const INTERFACE: f64 = 8.0;

/// All atoms; the temperature factor is the plddt on the field's scale, and absent where the field has none.
pub(super) fn structure(conformation: &Conformation, field: &FieldSpec) -> Structure {
    let complex = &conformation.complex;
    let mut structure = Structure::default();
    let mut factors: Vec<f64> = Vec::new();
    let rule = field.b_factor.map(|scale| scale.rule);
    for (residue, &plddt) in complex.residues.iter().zip(&conformation.confidence.plddt) {
        let chain = &complex.chains[residue.chain];
        let first = field.first_residue.unwrap_or(FIRST_RESIDUE);
        let number = first.saturating_add(residue.index as i32);
        let (plddt, last) = (f64::from(plddt), residue.atoms.len() - 1);
        for (place, atom) in residue.atoms.iter().enumerate() {
            let position = atom.position.map(|along| along as f32);
            structure.push(chain.id, number, residue.name, atom.name, atom.element, position);
            let most = if rule == Some(FactorRule::Mean) && last > 0 {
                SPREAD.min(plddt).min(1.0 - plddt).max(0.0)
            } else {
                0.0
            };
            factors.push(plddt + most * (2.0 * place as f64 / last.max(1) as f64 - 1.0));
            if let Some(hetero) = structure.hetero.last_mut() {
                *hetero = chain.is_ligand;
            }
        }
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
    let plddt = confidence.mean_plddt();
    let centres = complex.centres();
    let is_interface = |index: &usize| {
        let others = residues.iter().zip(&centres);
        let mut others = others.filter(|(other, _)| other.chain != residues[*index].chain);
        others.any(|(_, &centre)| distance(centre, centres[*index]) < INTERFACE)
    };
    let interface = (0..residues.len()).filter(is_interface);
    let interface: Vec<f64> = interface.map(|index| f64::from(confidence.plddt[index])).collect();
    let pairs = confidence.pde.iter().enumerate().map(|(pair, &error)| {
        let (own, other) = (pair / residues.len(), pair % residues.len());
        (residues[own].chain != residues[other].chain, f64::from(error))
    });
    let (between, all): (Vec<_>, Vec<_>) = (pairs.clone().filter(|(between, _)| *between).collect(), pairs.collect());
    let errors = |pairs: Vec<(bool, f64)>| mean(&pairs.into_iter().map(|(_, error)| error).collect::<Vec<_>>());
    let entries = [
        ("confidence_score", 0.8 * plddt + 0.2 * overall),
        ("ligand_iptm", if has_ligand { confidence.iptm } else { 0.0 }),
        ("protein_iptm", if has_ligand { 0.0 } else { confidence.iptm }),
        ("complex_plddt", plddt),
        (
            "complex_iplddt",
            if interface.is_empty() { plddt } else { mean(&interface) },
        ),
        ("complex_pde", errors(all)),
        ("complex_ipde", errors(between)),
    ];
    let number = |chain: usize| Value::Text(chain.to_string());
    let score = |own: usize, other: usize| Value::Float(confidence.pair_iptm[own * chains + other]);
    let map = |of: &dyn Fn(usize) -> Value| Value::Map((0..chains).map(|chain| (number(chain), of(chain))).collect());
    let pairs = map(&|own| map(&|other| score(own, other)));
    let entries = entries.into_iter().map(|(name, value)| (name, Value::Float(value)));
    let entries = entries.chain([("pair_chains_iptm", pairs), ("chains_ptm", map(&|own| score(own, own)))]);
    Value::Map(entries.map(|(name, value)| (Value::Text(name.into()), value)).collect())
}

/// 0 where there are none.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
