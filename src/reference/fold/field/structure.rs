//! A conformation as the columns of a structure, numbered and scaled as a field declares. Formats no text.

use super::super::Model;
use super::super::complex::Kind;
use crate::prediction::contract::FieldSpec;
use crate::protein::Structure;
use crate::tensor::DType;

/// Residue number of the first residue where a field does not say.
const FIRST_RESIDUE: i32 = 1;

/// All atoms; the temperature factor is the plddt on the field's scale, and absent where the field has none.
pub(super) fn structure(model: &Model, field: &FieldSpec) -> Structure {
    let complex = &model.complex;
    let mut structure = Structure::default();
    let mut b_factor = Vec::new();
    for (token, &plddt) in complex.tokens.iter().zip(&model.confidence.plddt) {
        let chain = &complex.chains[token.chain];
        let number = field
            .first_residue
            .unwrap_or(FIRST_RESIDUE)
            .saturating_add(token.index as i32);
        for atom in &complex.atoms[token.atoms.clone()] {
            let position = atom.position.map(|along| along as f32);
            structure.push(chain.id, number, token.name, atom.name, atom.element, position);
            // The array's column is single precision.
            b_factor.push(f64::from(plddt * field.b_factor.unwrap_or(0.0) as f32));
            if let Some(hetero) = structure.hetero.last_mut() {
                *hetero = chain.kind == Kind::Ligand;
            }
        }
    }
    if field.b_factor.is_some() {
        structure.b_factor = Some(b_factor);
        structure.b_factor_dtype = Some(DType::F32);
    }
    structure
}
