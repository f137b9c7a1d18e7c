//! Builds complexes: the molecules of one sample folded, docked and listed as tokens and atoms. Judges no confidence.

use super::super::input::{Chain, Molecule, Sample, Token as Letter};
use super::chain::{Deviation, Fold};
use super::complex::{Complex, Kind, Residue, Strand, Token};
use super::docking::{Pose, Shape, poses};
use super::geometry::{Point, centroid, sub};
use super::molecule::{NamedAtom, Nucleic, Unit, label, ligand, strand};
use super::random::{hash_text, seed_of};
use super::side_chain::chi_angles;
use crate::protein::Label;
use crate::protein::residue::AMINO_ACIDS;

/// Name of a residue that is none of the twenty, and the one that stands in for it: alanine.
const UNKNOWN: &str = "UNK";
const STAND_IN: usize = 0;
/// Name of a ligand that is given by its chemistry only.
const UNNAMED_LIGAND: &str = "LIG";

/// What is needed to build any number of conformations of one sample.
#[derive(Debug)]
pub(super) struct Assembly {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    id: Label,
    /// Equal for equal molecules, counted from 0.
    entity: usize,
    body: Body,
    pose: Pose,
}

#[derive(Debug)]
enum Body {
    Protein {
        fold: Fold,
        /// Whether a letter is none of the twenty, so that another residue stands in for it.
        unknown: Vec<bool>,
    },
    Units {
        units: Vec<Unit>,
        kind: Kind,
    },
}

impl Assembly {
    pub(super) fn new(sample: &Sample) -> Self {
        let bodies: Vec<Body> = sample.chains.iter().map(Body::new).collect();
        let shapes: Vec<Shape> = match bodies.as_slice() {
            // Alone it needs no place to dock, so its side chains can wait.
            [_] => vec![Shape::default()],
            several => several.iter().map(Body::shape).collect(),
        };
        let seeds: Vec<u64> = sample.chains.iter().map(|chain| hash(&chain.molecule)).collect();
        let poses = poses(&shapes, seed_of(&seeds));
        let mut known: Vec<&Molecule> = Vec::new();
        let mut parts = Vec::with_capacity(bodies.len());
        for ((chain, body), pose) in sample.chains.iter().zip(bodies).zip(poses) {
            let entity = known.iter().position(|&molecule| *molecule == chain.molecule);
            let entity = entity.unwrap_or_else(|| {
                known.push(&chain.molecule);
                known.len() - 1
            });
            parts.push(Part {
                id: label(&chain.id),
                entity,
                body,
                pose,
            });
        }
        Self { parts }
    }

    /// A conformation that deviates from the undisturbed one; every chain in its own way.
    pub(super) fn conformation(&self, deviations: &[Deviation]) -> Complex {
        let mut complex = Complex::default();
        let mut placed: Vec<Point> = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let own: Vec<Deviation> = deviations
                .iter()
                .map(|deviation| Deviation {
                    seed: seed_of(&[deviation.seed, index as u64]),
                    ..*deviation
                })
                .collect();
            let first = (complex.tokens.len(), complex.atoms.len());
            let kind = part.body.write(&own, &mut complex, index);
            let atoms: Vec<Point> = complex.atoms[first.1..].iter().map(|atom| atom.position).collect();
            let docked = part.pose.place(&atoms, &placed);
            for (atom, &position) in complex.atoms[first.1..].iter_mut().zip(&docked) {
                atom.position = position;
            }
            placed.extend(docked);
            complex.chains.push(Strand {
                id: part.id,
                entity: part.entity,
                tokens: first.0..complex.tokens.len(),
                kind,
            });
        }
        let middle = centroid(&placed);
        for atom in &mut complex.atoms {
            atom.position = sub(atom.position, middle);
        }
        complex
    }
}

impl Body {
    fn new(chain: &Chain) -> Self {
        match &chain.molecule {
            Molecule::Protein(letters) => Self::Protein {
                fold: Fold::new(
                    letters
                        .iter()
                        .map(|&letter| amino(letter).unwrap_or(STAND_IN))
                        .collect(),
                ),
                unknown: letters.iter().map(|&letter| amino(letter).is_none()).collect(),
            },
            Molecule::Dna(sequence) => Self::nucleic(strand(Nucleic::Dna, sequence)),
            Molecule::Rna(sequence) => Self::nucleic(strand(Nucleic::Rna, sequence)),
            Molecule::Components(components) => Self::ligand(components),
            Molecule::Smiles(_) => Self::ligand(&[UNNAMED_LIGAND.to_owned()]),
        }
    }

    const fn nucleic(units: Vec<Unit>) -> Self {
        Self::Units {
            units,
            kind: Kind::Nucleic,
        }
    }

    fn ligand(components: &[String]) -> Self {
        Self::Units {
            units: ligand(components),
            kind: Kind::Ligand,
        }
    }

    /// The undisturbed molecule.
    fn shape(&self) -> Shape {
        let mut complex = Complex::default();
        self.write(&[], &mut complex, 0);
        Shape {
            atoms: complex.atoms.iter().map(|atom| atom.position).collect(),
            anchors: complex.tokens.iter().map(|token| token.beta).collect(),
        }
    }

    /// Appends tokens and atoms where the undisturbed molecule lies.
    fn write(&self, deviations: &[Deviation], complex: &mut Complex, chain: usize) -> Kind {
        match self {
            Self::Protein { fold, unknown } => {
                write_protein(fold, unknown, deviations, complex, chain);
                Kind::Protein
            }
            Self::Units { units, kind } => {
                for (index, unit) in units.iter().enumerate() {
                    let first = complex.atoms.len();
                    complex.atoms.extend_from_slice(&unit.atoms);
                    complex.tokens.push(Token {
                        chain,
                        index,
                        name: unit.name,
                        atoms: first..complex.atoms.len(),
                        centre: first + unit.centre,
                        beta: first + unit.centre,
                        residue: None,
                    });
                }
                *kind
            }
        }
    }
}

fn write_protein(fold: &Fold, unknown: &[bool], deviations: &[Deviation], complex: &mut Complex, chain: usize) {
    let conformer = fold.conformer(deviations);
    for (index, &amino) in fold.residues.iter().enumerate() {
        let first = complex.atoms.len();
        let names = AMINO_ACIDS[amino].atoms;
        for (&name, &position) in names.iter().zip(&conformer.residues[index]) {
            complex.atoms.push(NamedAtom {
                name: label(name),
                // The heavy atoms of amino acids are C, N, O and S, the first letter of their names.
                element: label(&name[..1]),
                position,
            });
        }
        complex.tokens.push(Token {
            chain,
            index,
            name: label(if unknown[index] {
                UNKNOWN
            } else {
                AMINO_ACIDS[amino].name
            }),
            atoms: first..complex.atoms.len(),
            centre: first + 1,
            beta: first + if names.len() > 4 { 4 } else { 1 },
            residue: Some(Residue {
                amino,
                assignment: fold.assigned[index],
                phi: conformer.torsions[index].phi,
                psi: conformer.torsions[index].psi,
                chi: chi_angles(amino, &conformer.residues[index]),
            }),
        });
    }
}

/// The index of a letter in [`AMINO_ACIDS`]; `None` for others and for hidden residues.
fn amino(letter: Letter) -> Option<usize> {
    match letter {
        Letter::Residue(letter) => AMINO_ACIDS.iter().position(|amino| amino.letter == letter),
        Letter::Mask => None,
    }
}

/// A number that tells molecules apart.
fn hash(molecule: &Molecule) -> u64 {
    let text = |kind: u64, text: &str| seed_of(&[kind, hash_text(text)]);
    match molecule {
        Molecule::Protein(letters) => {
            let amino = |&letter: &Letter| amino(letter).map_or(u64::MAX, |amino| amino as u64);
            seed_of(&letters.iter().map(amino).collect::<Vec<_>>())
        }
        Molecule::Dna(sequence) => text(1, sequence),
        Molecule::Rna(sequence) => text(2, sequence),
        Molecule::Smiles(line) => text(3, line),
        Molecule::Components(components) => seed_of(&components.iter().map(|name| text(4, name)).collect::<Vec<_>>()),
    }
}
