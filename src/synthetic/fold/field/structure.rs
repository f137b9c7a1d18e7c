//! A conformation as the columns of a structure, numbered and scaled as a field declares. Formats no text.

use super::super::Model;
use super::super::complex::Kind;
use crate::prediction::contract::{FactorRule, FactorScale, FieldSpec};
use crate::protein::Structure;
use crate::tensor::DType;

/// Residue number of the first residue where a field does not say.
const FIRST_RESIDUE: i32 = 1;

/// How far the factors of a residue's atoms lie from their mean at most, where they have factors of their own.
const SPREAD: f64 = 0.05;

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
            b_factor.push(f64::from(plddt));
            if let Some(hetero) = structure.hetero.last_mut() {
                *hetero = chain.kind == Kind::Ligand;
            }
        }
    }
    if let Some(FactorScale { greatest, rule }) = field.b_factor {
        if rule == FactorRule::Mean {
            for residue in structure.residues() {
                spread(&mut b_factor[residue]);
            }
        }
        // The array's column is single precision.
        let scaled = b_factor
            .iter()
            .map(|factor| f64::from(*factor as f32 * greatest as f32));
        structure.b_factor = Some(scaled.collect());
        structure.b_factor_dtype = Some(DType::F32);
    }
    structure
}

/// Gives the atoms of a residue confidences of their own, between 0 and 1, with the mean that they had.
fn spread(factors: &mut [f64]) {
    let last = factors.len().saturating_sub(1) as f64;
    let mean = factors.first().copied().unwrap_or(0.0);
    let most = SPREAD.min(mean).min(1.0 - mean).max(0.0);
    for (place, factor) in factors.iter_mut().enumerate().filter(|_| last > 0.0) {
        *factor += most * (2.0 * place as f64 / last - 1.0);
    }
}
