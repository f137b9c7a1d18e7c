//! Builds complexes: the molecules of one sample folded, docked and listed as tokens and atoms. Judges no confidence.

use super::chain::{Deviation, Fold};
use super::complex::{Complex, Kind, Residue, Strand, Token};
use super::docking::{Pose, Shape, poses};
use super::geometry::{Point, centroid, sub};
use super::molecule::{NamedAtom, Nucleic, Unit, label, ligand, strand};
use super::random::{hash_text, seed_of};
use super::side_chain::chi_angles;
use super::{Chain, FoldError, Molecule, Sample};
use crate::protein::Label;
use crate::protein::residue::AMINO_ACIDS;

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
    Protein(Fold),
    Units { units: Vec<Unit>, hetero: bool },
}

impl Assembly {
    /// # Errors
    /// For a sample without residues, and for a protein letter outside the twenty.
    pub(super) fn new(sample: &Sample) -> Result<Self, FoldError> {
        let bodies = sample.chains.iter().map(Body::new).collect::<Result<Vec<_>, _>>()?;
        if bodies.iter().all(|body| body.tokens() == 0) {
            return Err(FoldError::Empty);
        }
        let shapes: Vec<Shape> = match bodies.as_slice() {
            // Alone it needs no place to dock, so its side chains can wait.
            [_] => vec![Shape::default()],
            several => several.iter().map(Body::shape).collect(),
        };
        let seeds: Vec<u64> = sample.chains.iter().map(|chain| chain.molecule.hash()).collect();
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
        Ok(Self { parts })
    }

    pub(super) fn chains(&self) -> usize {
        self.parts.len()
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
    fn new(chain: &Chain) -> Result<Self, FoldError> {
        Ok(match &chain.molecule {
            Molecule::Protein(sequence) => Self::Protein(Fold::new(indices(sequence)?)),
            Molecule::Dna(sequence) => Self::units(strand(Nucleic::Dna, sequence)),
            Molecule::Rna(sequence) => Self::units(strand(Nucleic::Rna, sequence)),
            Molecule::Ligand(components) => Self::Units {
                units: ligand(components),
                hetero: true,
            },
        })
    }

    const fn units(units: Vec<Unit>) -> Self {
        Self::Units { units, hetero: false }
    }

    fn tokens(&self) -> usize {
        match self {
            Self::Protein(fold) => fold.residues.len(),
            Self::Units { units, .. } => units.len(),
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
            Self::Protein(fold) => {
                write_protein(fold, deviations, complex, chain);
                Kind::Protein
            }
            Self::Units { units, hetero } => {
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
                if *hetero { Kind::Ligand } else { Kind::Nucleic }
            }
        }
    }
}

fn write_protein(fold: &Fold, deviations: &[Deviation], complex: &mut Complex, chain: usize) {
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
            name: label(AMINO_ACIDS[amino].name),
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

/// Indices into [`AMINO_ACIDS`] of a sequence's letters.
fn indices(sequence: &str) -> Result<Vec<usize>, FoldError> {
    sequence
        .chars()
        .map(|letter| {
            let found = AMINO_ACIDS.iter().position(|amino| amino.letter == letter);
            found.ok_or(FoldError::Residue(letter))
        })
        .collect()
}

impl Molecule {
    fn hash(&self) -> u64 {
        match self {
            Self::Protein(sequence) => hash_text(sequence),
            Self::Dna(sequence) => seed_of(&[1, hash_text(sequence)]),
            Self::Rna(sequence) => seed_of(&[2, hash_text(sequence)]),
            Self::Ligand(components) => seed_of(&components.iter().map(|name| hash_text(name)).collect::<Vec<_>>()),
        }
    }
}
