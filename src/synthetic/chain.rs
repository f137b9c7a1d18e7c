//! Builds one molecule as residues with named atoms: a protein as a helix that its sequence bends a little, nucleic acids and
//! ligands as a row of their parts. Does not place chains beside each other.

use super::input::{InputMolecule, MoleculeKind};
use super::random::{Random, hash_text, seed_of};
use super::residue::{self, BackboneTorsions};
use crate::metric::geometry::vector::{Vector, centroid, distance};
use crate::protein::residue::AMINO_ACIDS;
use crate::protein::{Label, component, smiles};

/// One heavy atom.
#[derive(Debug, Clone, Copy)]
pub(super) struct SyntheticAtom {
    pub name: Label,
    pub element: Label,
    pub position: Vector,
}

/// A residue, a nucleotide or a component of a ligand.
#[derive(Debug, Clone)]
pub(super) struct SyntheticResidue {
    /// Index of the chain in its complex.
    pub chain: usize,
    /// Index within the chain.
    pub index: usize,
    pub name: Label,
    /// Index into [`AMINO_ACIDS`]; `None` for anything else.
    pub amino: Option<usize>,
    /// Index of the atom that represents it: CA, or the atom in the middle.
    pub central: usize,
    pub atoms: Vec<SyntheticAtom>,
}

impl SyntheticResidue {
    /// The position of the central atom.
    pub(super) fn middle(&self) -> Vector {
        self.atoms[self.central].position
    }

    /// The position of CB, or of the central atom if there is none.
    pub(super) fn beta(&self) -> Vector {
        let beta = self.atoms.get(BETA).filter(|_| self.amino.is_some());
        beta.map_or_else(|| self.middle(), |atom| atom.position)
    }
}

/// Index of CA and of CB among the atoms of an amino acid.
const ALPHA: usize = 1;
const BETA: usize = 4;

/// A random change of a chain's torsions, for example due to another seed or another model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deviation {
    pub seed: u64,
    /// The greatest change of psi in degrees.
    pub size: f64,
}

/// Phi at which the ring of proline closes, in degrees.
pub(super) const PROLINE_PHI: f64 = -65.0;

/// Phi and psi of an alpha helix and the greatest change due to the sequence, in degrees.
const HELIX: BackboneTorsions = [-62.0, -42.0];
const SEQUENCE_BEND: f64 = 4.0;
/// Psi one and two residues before a proline, in degrees: the ring fits and the helix keeps its direction. Other values apply if the
/// residue is itself a proline, and if another proline follows two residues later.
const PSI_BEFORE_PROLINE: [f64; 2] = [-61.0, -23.0];
const PSI_OF_PROLINE_BEFORE_PROLINE: f64 = -28.0;
const PSI_BEFORE_TWO_PROLINES: f64 = -50.0;
/// Residues before a proline whose helix must be even.
const EVEN: usize = 5;
/// A change of psi, and how it is undone two and four turns of the helix later, so that displacements do not grow with the length of
/// the chain.
const DETOUR: [(usize, f64); 3] = [(0, 1.0), (7, -2.0), (14, 1.0)];
/// Factor for changes of psi near a proline.
const TIGHT: f64 = 0.4;

/// Name of a residue that is not one of the twenty. It is built as alanine.
const UNKNOWN: &str = "UNK";
const STAND_IN: usize = 0;
/// Name of a ligand that is given as SMILES.
const UNNAMED_LIGAND: &str = "LIG";
/// The only atom of a component that is not in the table.
const CARBON: &str = "C1";
/// The least distance between neighbouring nucleotides and components, and between the atoms of a SMILES ligand, in ångström.
const SPACING: f64 = 1.6;

/// Builds the residues of a molecule, which is chain number `chain` of its complex.
pub(super) fn build(molecule: &InputMolecule, chain: usize, deviations: &[Deviation]) -> Vec<SyntheticResidue> {
    let text = molecule.text.as_str();
    match molecule.kind {
        MoleculeKind::Protein => protein(text, hash(molecule), chain, deviations),
        MoleculeKind::Dna => row(text.chars().map(|base| named(&format!("D{base}"))), chain),
        MoleculeKind::Rna => row(text.chars().map(|base| named(&base.to_string())), chain),
        MoleculeKind::Components => row(text.split(' ').map(named), chain),
        MoleculeKind::Smiles => row(std::iter::once(unnamed(text)), chain),
    }
}

pub(super) fn hash(molecule: &InputMolecule) -> u64 {
    seed_of(&[molecule.kind as u64, hash_text(&molecule.text)])
}

fn protein(letters: &str, seed: u64, chain: usize, deviations: &[Deviation]) -> Vec<SyntheticResidue> {
    let aminos: Vec<Option<usize>> =
        letters.chars().map(|letter| AMINO_ACIDS.iter().position(|amino| amino.letter == letter)).collect();
    let torsions = torsions(&aminos, seed, chain, deviations);
    let mut built: Vec<SyntheticResidue> = Vec::with_capacity(aminos.len());
    for (index, &amino) in aminos.iter().enumerate() {
        let kind = &AMINO_ACIDS[amino.unwrap_or(STAND_IN)];
        let before = built.last().map(|own| ([0, 1, 2].map(|atom| own.atoms[atom].position), torsions[index - 1][1]));
        let positions = residue::build(before, kind.letter, torsions[index]);
        let atoms = kind.atoms.iter().zip(positions).map(|(name, position)| atom(name, position)).collect();
        let name = label(if amino.is_some() { kind.name } else { UNKNOWN });
        built.push(SyntheticResidue { chain, index, name, amino, central: ALPHA, atoms });
    }
    built
}

fn torsions(aminos: &[Option<usize>], seed: u64, chain: usize, deviations: &[Deviation]) -> Vec<BackboneTorsions> {
    let is_proline = |index: usize| matches!(aminos.get(index), Some(Some(amino)) if AMINO_ACIDS[*amino].letter == 'P');
    let near_proline = |index: usize| (index..index + EVEN).any(is_proline);
    let mut random = Random::new(seed);
    let mut torsions: Vec<BackboneTorsions> = (0..aminos.len())
        .map(|index| {
            let bend = HELIX.map(|_| SEQUENCE_BEND * random.signed());
            let psi = match [0, 1, 2, 3].map(|ahead| is_proline(index + ahead)) {
                [true, true, ..] => PSI_OF_PROLINE_BEFORE_PROLINE,
                [_, true, _, true] => PSI_BEFORE_TWO_PROLINES,
                [_, true, ..] => PSI_BEFORE_PROLINE[0],
                [_, _, true, _] => PSI_BEFORE_PROLINE[1],
                _ => HELIX[1],
            };
            let bend = if near_proline(index) { [0.0; 2] } else { bend };
            let phi = if is_proline(index) { PROLINE_PHI } else { HELIX[0] };
            [phi + bend[0], psi + bend[1]]
        })
        .collect();
    for deviation in deviations {
        let mut random = Random::new(seed_of(&[deviation.seed, chain as u64]));
        for start in 0..torsions.len() {
            let is_tight = DETOUR.iter().any(|(later, _)| near_proline(start + later));
            let turn = deviation.size * random.signed() * if is_tight { TIGHT } else { 1.0 };
            for (later, share) in DETOUR {
                if let Some([_, psi]) = torsions.get_mut(start + later) {
                    *psi += share * turn;
                }
            }
        }
    }
    torsions
}

/// A nucleotide or a component of a ligand: its name and its atoms about any origin.
type BuiltPart = (Label, Vec<SyntheticAtom>);

/// A component by its code. A component that is not in the table has a single atom.
fn named(code: &str) -> BuiltPart {
    let known = component::heavy_atoms(code).unwrap_or(&[(CARBON, [0.0; 3])]);
    (label(code), known.iter().map(|(name, position)| atom(name, *position)).collect())
}

/// A molecule by its SMILES: its atoms on a grid with a spacing of [`SPACING`].
fn unnamed(smiles: &str) -> BuiltPart {
    let elements = smiles::heavy_atoms(smiles).filter(|elements| !elements.is_empty());
    let elements = elements.unwrap_or_else(|| vec![label("C")]);
    let side = (elements.len() as f64).cbrt().ceil() as usize;
    let atoms = elements.iter().enumerate().map(|(index, &element)| {
        let along = [index % side, index / side % side, index / (side * side)];
        let position = along.map(|steps| SPACING * steps as f64);
        SyntheticAtom { name: label(&format!("{element}{}", index + 1)), element, position }
    });
    (label(UNNAMED_LIGAND), atoms.collect())
}

/// Places the parts of a molecule in a row.
fn row(parts: impl Iterator<Item = BuiltPart>, chain: usize) -> Vec<SyntheticResidue> {
    let mut end = 0.0;
    let mut built = Vec::new();
    for (index, (name, mut atoms)) in parts.enumerate() {
        let along = atoms.iter().map(|atom| atom.position[0]);
        let start = along.clone().fold(f64::INFINITY, f64::min);
        let length = along.fold(f64::NEG_INFINITY, f64::max) - start;
        for atom in &mut atoms {
            atom.position[0] += end - start;
        }
        end += length + SPACING;
        let middle = centroid(&atoms.iter().map(|atom| atom.position).collect::<Vec<_>>());
        let from_middle = |place: &usize| distance(atoms[*place].position, middle);
        let nearest = (0..atoms.len()).min_by(|one, other| from_middle(one).total_cmp(&from_middle(other)));
        let central = nearest.unwrap_or(0);
        built.push(SyntheticResidue { chain, index, name, amino: None, central, atoms });
    }
    built
}

/// An atom that is named after its single-letter element.
fn atom(name: &str, position: Vector) -> SyntheticAtom {
    SyntheticAtom { name: label(name), element: label(&name[..1]), position }
}

/// A name, cut to the width of a structure's column.
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

    #[test]
    fn nucleotides_are_named_by_their_bases() {
        let [dna, rna] = [MoleculeKind::Dna, MoleculeKind::Rna].map(|kind| {
            let text = "GA".into();
            build(&InputMolecule { kind, text }, 0, &[])
        });
        assert_eq!([dna[0].name, dna[1].name, rna[1].name], ["DG", "DA", "A"].map(label));
        assert_eq!([dna[0].atoms.len(), dna[1].atoms.len(), rna[1].atoms.len()], [22, 21, 22]);
    }

    #[test]
    fn ligands_have_their_heavy_atoms_and_none_lies_on_another() {
        for (kind, text, atoms) in [
            (MoleculeKind::Smiles, "CC(=O)Oc1ccccc1C(=O)Cl", 13),
            (MoleculeKind::Smiles, "?", 1),
            (MoleculeKind::Components, "SAH", 26),
            (MoleculeKind::Components, "XYZ", 1),
        ] {
            let text = text.to_owned();
            let built = build(&InputMolecule { kind, text }, 0, &[]);
            let own = &built[0].atoms;
            assert_eq!((built.len(), own.len()), (1, atoms));
            for (place, one) in own.iter().enumerate() {
                assert!(own[..place].iter().all(|other| distance(one.position, other.position) > 1.1));
            }
        }
        let text = "CCl".to_owned();
        let built = build(&InputMolecule { kind: MoleculeKind::Smiles, text }, 0, &[]);
        assert_eq!((built[0].atoms[1].name, built[0].atoms[1].element), (label("CL2"), label("CL")));
    }

    #[test]
    fn names_are_cut_to_what_fits() {
        assert_eq!(label("LONGERTHAN8"), "LONGERTH");
        assert_eq!(label("éééééé").as_str(), "éééé");
    }
}
