//! How confident a model is of each residue of a structure, as fractions of 1, wherever it says so. Judges nothing.

use crate::protein::Structure;

/// One confidence for each residue in the order of [`Structure::residues`]: from the temperature factors, whose greatest value
/// is `scale`, else from `plddt`. `None` where neither speaks of every residue.
#[must_use]
pub fn of_residues(structure: &Structure, scale: Option<f64>, plddt: Option<&[f64]>) -> Option<Vec<f64>> {
    let residues = structure.residues();
    if let (Some(factors), Some(scale)) = (&structure.b_factor, scale) {
        let factor = |residue: &std::ops::Range<usize>| {
            // Where atoms have factors of their own, that of CA is the residue's.
            let atom = structure.atom_named(residue, "CA").unwrap_or(residue.start);
            factors.get(atom).map(|factor| factor / scale)
        };
        return residues.iter().map(factor).collect();
    }
    plddt.filter(|plddt| plddt.len() == residues.len()).map(<[f64]>::to_vec)
}

/// The confidence behind one of `structures` structures when a field holds `items` arrays: its own, or where several samples
/// stand behind every structure, the mean of theirs.
#[must_use]
pub fn behind(items: &[Option<Vec<f64>>], structures: usize, index: usize) -> Option<Vec<f64>> {
    let per_structure = items.len().checked_div(structures)?;
    if per_structure * structures != items.len() {
        return None;
    }
    let own = items.chunks_exact(per_structure.max(1)).nth(index)?;
    let own: Vec<&Vec<f64>> = own.iter().map(Option::as_ref).collect::<Option<_>>()?;
    let length = own.first()?.len();
    if own.iter().any(|values| values.len() != length) {
        return None;
    }
    let mean = |residue: usize| own.iter().map(|values| values[residue]).sum::<f64>() / own.len() as f64;
    Some((0..length).map(mean).collect())
}

#[cfg(test)]
mod tests {
    use super::super::super::complex::Complex;
    use super::super::super::fixture::structure;
    use super::*;

    #[test]
    fn temperature_factors_come_before_the_field() {
        let mut structure = structure(&Complex::parse("AC"));
        structure.b_factor = Some((0..structure.atoms()).map(|atom| atom as f64).collect());
        assert_eq!(
            of_residues(&structure, Some(10.0), Some(&[0.5, 0.5])),
            Some(vec![0.1, 0.6])
        );
        assert_eq!(of_residues(&structure, None, Some(&[0.5, 0.25])), Some(vec![0.5, 0.25]));
        assert_eq!(of_residues(&structure, None, Some(&[0.5])), None);
    }

    #[test]
    fn several_samples_behind_one_structure_give_their_mean() {
        let items = [Some(vec![0.5, 1.0]), Some(vec![0.0, 0.5])];
        assert_eq!(behind(&items, 2, 1), items[1]);
        assert_eq!(behind(&items, 1, 0), Some(vec![0.25, 0.75]));
        assert_eq!(behind(&items, 3, 0), None);
        assert_eq!(behind(&items, 0, 0), None);
    }
}
