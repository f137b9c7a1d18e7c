//! Writes a conformation as the columns of a structure, numbered and scaled as a field declares. Formats no text.

use super::fold::Conformation;
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
