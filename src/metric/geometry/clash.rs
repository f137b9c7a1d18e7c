//! Atoms of different residues that are closer than atoms can be.

use std::collections::HashMap;

use crate::metric::Point;
use crate::metric::contact::{for_each_near_contact, squared_distance};
use crate::metric::selection::residue_of_atoms;
use crate::protein::{Label, Structure};

/// An atom that is too close to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Clash {
    /// Index of the atom.
    pub(crate) atom: usize,
    /// Index of the atom of another residue that it overlaps most.
    pub(crate) other: usize,
    /// How much closer than the sum of their van der Waals radii they are, in ångström.
    pub(crate) overlap: f64,
}

/// Van der Waals radii in ångström (Bondi 1964).
const RADII: [(Label, f64); 6] = [
    (Label::literal("C"), 1.7),
    (Label::literal("N"), 1.55),
    (Label::literal("O"), 1.52),
    (Label::literal("S"), 1.8),
    (Label::literal("P"), 1.8),
    (Label::literal("SE"), 1.9),
];
const GREATEST_RADIUS: f64 = 1.9;

/// The heavy atoms of the first model that overlap an atom of another residue by more than `tolerance` ångström (1.5 is usual), in
/// order, each with its worst overlap. A pair is listed twice, so no structure has more entries than atoms.
///
/// If hundreds of atoms lie in one place, every atom is listed, but perhaps not with its worst overlap.
///
/// Peptide bonds within a chain and disulfide bonds are not clashes. Atoms of other elements and atoms without a finite position are
/// left out.
pub(crate) fn clashes(structure: &Structure, tolerance: f64) -> Vec<Clash> {
    let reach = 2.0 * GREATEST_RADIUS - tolerance;
    if !(reach > 0.0 && reach.is_finite()) {
        return Vec::new();
    }
    let radii: HashMap<Label, f64> = RADII.into();
    let (sized, points): (Vec<(usize, f64)>, Vec<Point>) = (0..structure.atoms())
        .filter_map(|atom| Some(((atom, *radii.get(&structure.element[atom])?), *structure.coord.get(atom)?)))
        .filter(|(_, point)| point.iter().all(|coordinate| coordinate.is_finite()))
        .unzip();
    let residues = residue_of_atoms(structure);
    let mut worst: Vec<Option<Clash>> = vec![None; structure.atoms()];
    for_each_near_contact(&points, reach, |one, another| {
        let overlap = sized[one].1 + sized[another].1 - squared_distance(points[one], points[another]).sqrt();
        let (first, second) = (sized[one.min(another)].0, sized[one.max(another)].0);
        if overlap > tolerance && residues[first] != residues[second] && !may_bond(structure, &residues, first, second)
        {
            for (atom, other) in [(first, second), (second, first)] {
                if worst[atom].is_none_or(|clash| overlap > clash.overlap) {
                    worst[atom] = Some(Clash { atom, other, overlap });
                }
            }
        }
    });
    worst.into_iter().flatten().collect()
}

/// Whether two atoms of different residues, the first before the second, may be bonded.
fn may_bond(structure: &Structure, residues: &[usize], first: usize, second: usize) -> bool {
    const CARBON: Label = Label::literal("C");
    const NITROGEN: Label = Label::literal("N");
    const SULFUR: Label = Label::literal("SG");
    let names = (structure.atom_name[first], structure.atom_name[second]);
    let peptide = names == (CARBON, NITROGEN)
        && residues[first] + 1 == residues[second]
        && structure.chain_id[first] == structure.chain_id[second];
    peptide || names == (SULFUR, SULFUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(atoms: &[(i32, &str, &str, Point)]) -> Structure {
        let mut structure = Structure::default();
        for &(number, name, element, position) in atoms {
            let label = |text| Label::new(text).unwrap();
            structure.push(label("A"), number, label("CYS"), label(name), label(element), position);
        }
        structure
    }

    #[test]
    fn atoms_of_different_residues_clash_bonded_ones_do_not() {
        let structure = structure(&[
            (1, "CB", "C", [0.0, 0.0, 0.0]),
            (1, "C", "C", [10.0, 0.0, 0.0]),
            (1, "SG", "S", [20.0, 0.0, 0.0]),
            (2, "N", "N", [11.3, 0.0, 0.0]),
            (2, "CB", "C", [1.0, 0.0, 0.0]),
            (2, "CG", "C", [0.0, 1.95, 0.0]),
            (2, "CD", "C", [0.5, 0.0, f32::NAN]),
            (3, "SG", "S", [20.0, 2.04, 0.0]),
            (3, "ZN", "ZN", [0.0, 0.0, 0.0]),
        ]);
        let found = clashes(&structure, 1.5);
        let pairs: Vec<(usize, usize)> = found.iter().map(|clash| (clash.atom, clash.other)).collect();
        assert_eq!(pairs, [(0, 4), (4, 0)]);
        assert!((found[0].overlap - 2.4).abs() < 1e-12);
        let stricter = clashes(&structure, 1.4);
        assert_eq!(stricter.last().map(|clash| (clash.atom, clash.other)), Some((5, 0)), "1.95 Å apart");
        assert_eq!(stricter[0].other, 4, "the worst overlap counts");
        assert_eq!(clashes(&structure, 9.0), []);
        assert_eq!(clashes(&structure, f64::NAN), []);
        assert_eq!(clashes(&Structure::default(), 1.5), []);
    }

    #[test]
    fn every_atom_of_a_heap_clashes() {
        let atoms: Vec<(i32, &str, &str, Point)> =
            (0..20_000).map(|atom| (atom / 8, "CB", "C", [5.0, 5.0, 5.0 + atom as f32 * 1e-6])).collect();
        assert_eq!(clashes(&structure(&atoms), 1.5).len(), atoms.len());
    }
}
