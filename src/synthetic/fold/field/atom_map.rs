//! The dense layouts of `AlphaFold`: which of a residue's 14 places and of all 37 atom names exist, and how the two map
//! onto one another. Zero where there is nothing to map.

use crate::protein::residue::{AMINO_ACIDS, ATOM37};

/// Places of the layout that is dense for one residue.
pub(super) const DENSE: usize = 14;
/// Places of the layout that has one for every atom name.
pub(super) const ALL: usize = 37;

fn names(amino: Option<usize>) -> &'static [&'static str] {
    amino
        .and_then(|amino| AMINO_ACIDS.get(amino))
        .map_or(&[], |amino| amino.atoms)
}

pub(super) fn dense_exists(amino: Option<usize>, out: &mut [f32]) {
    let count = names(amino).len();
    for (place, value) in out.iter_mut().enumerate() {
        *value = f32::from(u8::from(place < count));
    }
}

pub(super) fn all_exists(amino: Option<usize>, out: &mut [f32]) {
    for (value, name) in out.iter_mut().zip(ATOM37) {
        *value = f32::from(u8::from(names(amino).contains(&name)));
    }
}

pub(super) fn dense_to_all(amino: Option<usize>, out: &mut [f32]) {
    out.fill(0.0);
    for (value, name) in out.iter_mut().zip(names(amino)) {
        *value = position(&ATOM37, name);
    }
}

pub(super) fn all_to_dense(amino: Option<usize>, out: &mut [f32]) {
    for (value, name) in out.iter_mut().zip(ATOM37) {
        *value = position(names(amino), name);
    }
}

fn position(names: &[&str], wanted: &str) -> f32 {
    names.iter().position(|&name| name == wanted).unwrap_or(0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_maps_undo_each_other_for_all_twenty() {
        for (amino, residue) in AMINO_ACIDS.iter().enumerate() {
            let (mut to_all, mut to_dense, mut exists) = ([9.0; DENSE], [9.0; ALL], [9.0; ALL]);
            dense_to_all(Some(amino), &mut to_all);
            all_to_dense(Some(amino), &mut to_dense);
            all_exists(Some(amino), &mut exists);
            for (place, all) in to_all.into_iter().enumerate().take(residue.atoms.len()) {
                let all = all as usize;
                assert_eq!(to_dense[all] as usize, place, "{} {place}", residue.name);
                assert!(exists[all] > 0.5);
            }
            assert_eq!(exists.iter().sum::<f32>() as usize, residue.atoms.len());
        }
    }

    #[test]
    fn alanine_maps_as_published() {
        let mut to_all = [0.0; DENSE];
        let alanine = AMINO_ACIDS.iter().position(|amino| amino.letter == 'A');
        dense_to_all(alanine, &mut to_all);
        // N, CA, C, O, CB among N, CA, C, CB, O, …
        assert_eq!(to_all[..6], [0.0, 1.0, 2.0, 4.0, 3.0, 0.0]);
    }
}
