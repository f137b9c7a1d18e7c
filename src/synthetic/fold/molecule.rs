//! What can be folded besides proteins: nucleic acids as a ladder of labelled atoms on a helix, ligands as one atom for
//! each component. Only enough for a place, a name and a confidence.

use super::geometry::Point;
use crate::protein::Label;

/// One atom with its name and element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NamedAtom {
    pub name: Label,
    pub element: Label,
    pub position: Point,
}

/// One nucleotide or component of a ligand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    pub name: Label,
    pub atoms: Vec<NamedAtom>,
    /// Index of the atom that stands for the whole.
    pub centre: usize,
}

/// Which nucleic acid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nucleic {
    Dna,
    Rna,
}

/// Radius in ångström, angle in degrees and height in ångström of an atom about the helix axis.
type Cylindrical = (f64, f64, f64);

/// P, C4', C1' and the base's glycosidic nitrogen, from the fibre models of S. Arnott and D. W. L. Hukins, Biochem.
/// Biophys. Res. Commun. 47:1504 (1972), rounded: B form for DNA, A form for RNA.
const fn helix(kind: Nucleic) -> ([Cylindrical; 4], f64, f64) {
    match kind {
        Nucleic::Dna => (
            [(8.9, 95.0, 2.1), (9.6, 70.0, 0.8), (5.9, 67.0, 0.5), (4.7, 59.0, 0.3)],
            36.0,
            3.38,
        ),
        Nucleic::Rna => (
            [
                (8.7, 70.0, -3.8),
                (9.6, 46.0, -2.5),
                (8.9, 30.0, -1.1),
                (7.6, 25.0, -0.7),
            ],
            32.7,
            2.81,
        ),
    }
}

/// A single strand; any letter is kept in the residue's name.
pub(super) fn strand(kind: Nucleic, sequence: &str) -> Vec<Unit> {
    let (places, twist, rise) = helix(kind);
    sequence
        .chars()
        .enumerate()
        .map(|(index, letter)| {
            let base_atom = if matches!(letter, 'A' | 'G') { "N9" } else { "N1" };
            let names = [("P", "P"), ("C4'", "C"), ("C1'", "C"), (base_atom, "N")];
            let atoms = names
                .iter()
                .zip(places)
                .map(|(&(name, element), (radius, angle, height))| {
                    let turn = (angle + twist * index as f64).to_radians();
                    NamedAtom {
                        name: label(name),
                        element: label(element),
                        position: [radius * turn.cos(), radius * turn.sin(), height + rise * index as f64],
                    }
                })
                .collect();
            let name = match kind {
                Nucleic::Dna => format!("D{letter}"),
                Nucleic::Rna => letter.to_string(),
            };
            Unit {
                name: label(&name),
                atoms,
                centre: 2,
            }
        })
        .collect()
}

/// A ligand as one carbon for each of its components, in a row.
pub(super) fn ligand(components: &[String]) -> Vec<Unit> {
    components
        .iter()
        .enumerate()
        .map(|(index, component)| Unit {
            name: label(component),
            atoms: vec![NamedAtom {
                name: label("C1"),
                element: label("C"),
                position: [5.0 * index as f64, 0.0, 0.0],
            }],
            centre: 0,
        })
        .collect()
}

/// As much of a name as a structure's column holds.
pub(super) fn label(text: &str) -> Label {
    let mut end = text.len().min(Label::CAPACITY);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Label::new(&text[..end]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::fold::geometry::distance;

    #[test]
    fn strands_name_their_bases_and_keep_atoms_apart() {
        for (kind, name) in [(Nucleic::Dna, "DG"), (Nucleic::Rna, "G")] {
            let strand = strand(kind, "GATTACA");
            assert_eq!(strand[0].name, name);
            assert_eq!(strand[0].atoms[3].name, "N9");
            assert_eq!(strand[2].atoms[3].name, "N1");
            let atoms: Vec<Point> = strand
                .iter()
                .flat_map(|unit| unit.atoms.iter().map(|atom| atom.position))
                .collect();
            for (index, &atom) in atoms.iter().enumerate() {
                for &other in &atoms[..index] {
                    assert!(distance(atom, other) > 1.3, "{kind:?}: {}", distance(atom, other));
                }
            }
        }
    }

    #[test]
    fn names_are_cut_to_what_fits() {
        assert_eq!(label("LONGERTHAN8"), "LONGERTH");
        assert_eq!(label("éééééé").as_str(), "éééé");
    }
}
