//! Selects the atoms for a metric: parts of the molecule, and atoms that two structures share. Does not measure.

use std::collections::HashMap;

use super::Point;
use crate::protein::{Label, Structure};

/// A part of every residue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// CA alone.
    AlphaCarbons,
    /// N, CA, C and O.
    Backbone,
    /// Every atom there is.
    All,
}

impl Part {
    /// Whether an atom of this name belongs to the part.
    pub(crate) fn contains(self, atom_name: Label) -> bool {
        const BACKBONE: [Label; 4] =
            [Label::literal("N"), Label::literal("CA"), Label::literal("C"), Label::literal("O")];
        match self {
            Self::AlphaCarbons => atom_name == BACKBONE[1],
            Self::Backbone => BACKBONE.contains(&atom_name),
            Self::All => true,
        }
    }

    /// The atoms of this part, in order. Calcium ions, also named CA, are hetero and do not count as alpha carbons.
    #[must_use]
    pub fn of(self, structure: &Structure) -> Vec<usize> {
        let calcium = Label::literal("CA");
        (0..structure.atoms())
            .filter(|&atom| self.contains(structure.atom_name[atom]))
            .filter(|&atom| self == Self::All || structure.element.get(atom) != Some(&calcium))
            .collect()
    }
}

/// Whether an atom counts for `DockQ`: its program reads neither hydrogens nor HETATM records.
pub(crate) fn is_docked(structure: &Structure, atom: usize) -> bool {
    structure.element.get(atom) != Some(&Label::literal("H")) && structure.hetero.get(atom) != Some(&true)
}

/// The positions of some atoms in the first model; atoms that do not exist are left out.
#[must_use]
pub fn positions(structure: &Structure, atoms: &[usize]) -> Vec<Point> {
    atoms.iter().filter_map(|&atom| structure.coord.get(atom).copied()).collect()
}

/// The run of one chain that each atom belongs to, counted from 0 in the order they come.
pub(crate) fn chain_of_atoms(structure: &Structure) -> Vec<usize> {
    let runs = structure.chains().into_iter().enumerate();
    runs.flat_map(|(number, (_, atoms))| std::iter::repeat_n(number, atoms.len())).collect()
}

/// For every atom the index of its residue, counted from 0 over the whole structure.
#[must_use]
pub fn residue_of_atoms(structure: &Structure) -> Vec<usize> {
    let mut indices = Vec::with_capacity(structure.atoms());
    for (index, residue) in structure.residues().into_iter().enumerate() {
        indices.extend(residue.map(|_| index));
    }
    indices
}

/// Pairs of atoms with the same chain, residue number, insertion code, residue name and atom name, in the order of `first`.
///
/// Atoms that only one side has are left out; of atoms that occur twice on a side, the first counts.
pub(crate) fn shared_atoms(first: &Structure, second: &Structure) -> Vec<(usize, usize)> {
    let identity = |structure: &Structure, atom: usize| {
        let residue = (structure.chain_id[atom], structure.res_id[atom], structure.ins_code[atom]);
        (residue, structure.res_name[atom], structure.atom_name[atom])
    };
    let same = first.atoms() == second.atoms()
        && (0..first.atoms()).all(|atom| identity(first, atom) == identity(second, atom));
    if same {
        return (0..first.atoms()).map(|atom| (atom, atom)).collect();
    }
    let mut places = HashMap::with_capacity(second.atoms());
    for atom in 0..second.atoms() {
        places.entry(identity(second, atom)).or_insert(atom);
    }
    // Removing a place prevents a duplicate in `first` from using it again.
    (0..first.atoms()).filter_map(|atom| Some((atom, places.remove(&identity(first, atom))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn structure(atoms: &[(&str, i32, &str, &str)]) -> Structure {
        let mut structure = Structure::default();
        for &(chain, number, name, element) in atoms {
            let label = |text| Label::new(text).unwrap();
            structure.push(label(chain), number, label("ALA"), label(name), label(element), [number as f32; 3]);
        }
        structure
    }

    #[test]
    fn parts_pick_their_atoms() {
        let structure = structure(&[
            ("A", 1, "N", "N"),
            ("A", 1, "CA", "C"),
            ("A", 1, "CB", "C"),
            ("A", 2, "O", "O"),
            ("A", 3, "CA", "CA"),
        ]);
        assert_eq!(Part::AlphaCarbons.of(&structure), [1]);
        assert_eq!(Part::Backbone.of(&structure), [0, 1, 3]);
        assert_eq!(Part::All.of(&structure).len(), 5);
        assert_eq!(residue_of_atoms(&structure), [0, 0, 0, 1, 2]);
        assert_eq!(positions(&structure, &[3, 99]), [[2.0; 3]]);
    }

    #[test]
    fn hydrogens_and_hetero_atoms_do_not_count_for_dockq() {
        let mut structure = structure(&[("A", 1, "N", "N"), ("A", 1, "H", "H"), ("A", 1, "HG", "HG")]);
        assert_eq!([0, 1, 2].map(|atom| is_docked(&structure, atom)), [true, false, true]);
        structure.hetero[2] = true;
        assert!(!is_docked(&structure, 2));
    }

    #[test]
    fn atoms_are_shared_by_identity_not_by_order() {
        let first = structure(&[("A", 1, "N", "N"), ("A", 1, "CA", "C"), ("A", 1, "CA", "C"), ("B", 1, "N", "N")]);
        let second = structure(&[("B", 1, "N", "N"), ("A", 1, "CA", "C"), ("A", 2, "N", "N")]);
        assert_eq!(shared_atoms(&first, &second), [(1, 1), (3, 0)]);
        assert_eq!(shared_atoms(&first, &first).len(), 4);
    }
}
