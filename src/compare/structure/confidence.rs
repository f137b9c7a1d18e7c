//! How confident a model is of each residue of a structure, as fractions of 1, wherever it says so. Judges nothing.

use std::ops::Range;

use crate::prediction::contract::{FactorRule, FactorScale};
use crate::protein::Structure;

/// One confidence for each residue in the order of [`Structure::residues`]: from the temperature factors, where `scale` says
/// how they carry it, else from `plddt`. `None` where neither speaks of every residue.
pub(crate) fn of_residues(
    structure: &Structure,
    scale: Option<FactorScale>,
    plddt: Option<&[f64]>,
) -> Option<Vec<f64>> {
    let residues = structure.residues();
    if let (Some(factors), Some(scale)) = (&structure.b_factor, scale) {
        let factor = |residue| Some(factor_of(structure, factors, residue, scale.rule)? / scale.greatest);
        return residues.iter().map(factor).collect();
    }
    plddt.filter(|plddt| plddt.len() == residues.len()).map(<[f64]>::to_vec)
}

/// The temperature factor that stands for a residue; `None` where the column is too short for it.
pub(crate) fn factor_of(
    structure: &Structure,
    factors: &[f64],
    residue: &Range<usize>,
    rule: FactorRule,
) -> Option<f64> {
    match rule {
        FactorRule::Mean => {
            let own = factors.get(residue.clone()).filter(|own| !own.is_empty())?;
            Some(own.iter().sum::<f64>() / own.len() as f64)
        }
        FactorRule::Alpha | FactorRule::Each => {
            let atom = structure.atom_named(residue, "CA").unwrap_or(residue.start);
            factors.get(atom).copied()
        }
    }
}

/// The confidence behind one of `structures` structures when a field holds `items` arrays: its own, or where several samples
/// were drawn and only the first of them became a structure, that of the first.
pub(crate) fn behind(items: &[Option<Vec<f64>>], structures: usize, index: usize) -> Option<Vec<f64>> {
    let per_structure = items.len().checked_div(structures)?;
    if per_structure * structures != items.len() {
        return None;
    }
    let own = items.chunks_exact(per_structure.max(1)).nth(index)?;
    own.first()?.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::complex::Complex;
    use crate::check::fixture::structure;

    #[test]
    fn temperature_factors_come_before_the_field() {
        let mut structure = structure(&Complex::parse("AC"));
        structure.b_factor = Some((0..structure.atoms()).map(|atom| atom as f64).collect());
        let by = |rule| FactorScale { greatest: 10.0, rule };
        assert_eq!(of_residues(&structure, Some(by(FactorRule::Alpha)), Some(&[0.5, 0.5])), Some(vec![0.1, 0.6]));
        // Five atoms of alanine, six of cysteine.
        assert_eq!(of_residues(&structure, Some(by(FactorRule::Mean)), None), Some(vec![0.2, 0.75]));
        assert_eq!(of_residues(&structure, None, Some(&[0.5, 0.25])), Some(vec![0.5, 0.25]));
        assert_eq!(of_residues(&structure, None, Some(&[0.5])), None);
    }

    #[test]
    fn of_several_samples_behind_one_structure_the_first_is_its_own() {
        let items = [Some(vec![0.5, 1.0]), Some(vec![0.0, 0.5])];
        assert_eq!(behind(&items, 2, 1), items[1]);
        assert_eq!(behind(&items, 1, 0), items[0]);
        assert_eq!(behind(&items, 3, 0), None);
        assert_eq!(behind(&items, 0, 0), None);
    }
}
