//! Puts the chains of a sample side by side until their atoms touch. Builds no residue and judges no confidence.

use std::f64::consts::TAU;
use std::ops::Range;

use super::chain::{self, Deviation, SyntheticResidue, label};
use super::geometry::{Position, add, centroid, dot, scale, sub};
use super::input::{InputMolecule, InputSample};
use super::random::seed_of;
use crate::protein::Label;

/// One conformation of a sample, its middle at the origin.
#[derive(Debug, Clone, Default)]
pub(super) struct SyntheticComplex {
    pub chains: Vec<SyntheticChain>,
    /// Those of all chains in order: the tokens of a model.
    pub residues: Vec<SyntheticResidue>,
    /// Fixes every number that has no meaning: equal for equal molecules and deviations.
    pub seed: u64,
}

/// One chain of a complex.
#[derive(Debug, Clone)]
pub(super) struct SyntheticChain {
    pub id: Label,
    /// Equal for equal molecules, counted from 0.
    pub entity: usize,
    pub residues: Range<usize>,
    pub is_ligand: bool,
}

/// Two directions across the axis on which all helices begin, and into how many the circle between them is divided: a chain stands
/// beside those before it where it comes nearest.
const ACROSS: [Position; 2] = [[0.616, 0.788, 0.0], [0.465, -0.363, 0.807]];
const SIDES: u8 = 8;
/// Distance of the nearest atoms of two chains, in ångström.
const TOUCH: f64 = 2.8;

impl SyntheticComplex {
    /// The molecules of a sample, each with the deviations in its own way.
    pub(super) fn new(sample: &InputSample, deviations: &[Deviation]) -> Self {
        let mut complex = Self::default();
        let mut placed: Vec<Position> = Vec::new();
        let mut entities: Vec<&InputMolecule> = Vec::new();
        let mut seeds: Vec<u64> = deviations.iter().map(|deviation| deviation.seed).collect();
        for (index, input) in sample.chains.iter().enumerate() {
            let molecule = &input.molecule;
            seeds.push(chain::hash(molecule));
            let entity = entities.iter().position(|known| *known == molecule);
            let entity = entity.unwrap_or_else(|| {
                entities.push(molecule);
                entities.len() - 1
            });
            let mut residues = chain::build(molecule, index, deviations);
            let atoms: Vec<Position> = positions(&residues).collect();
            let aside = sub(centroid(&placed), centroid(&atoms));
            let moved: Vec<Position> = atoms.iter().map(|&atom| add(atom, aside)).collect();
            let sides = (0..SIDES).map(|side| {
                let (sine, cosine) = (TAU * f64::from(side) / f64::from(SIDES)).sin_cos();
                let direction = add(scale(ACROSS[0], cosine), scale(ACROSS[1], sine));
                scale(direction, clearance(&placed, &moved, direction))
            });
            let nearest = sides.min_by(|one, other| dot(*one, *one).total_cmp(&dot(*other, *other)));
            let shift = add(aside, nearest.unwrap_or_default());
            for atom in residues.iter_mut().flat_map(|residue| &mut residue.atoms) {
                atom.position = add(atom.position, shift);
            }
            placed.extend(positions(&residues));
            let first = complex.residues.len();
            complex.residues.extend(residues);
            complex.chains.push(SyntheticChain {
                id: label(&input.id),
                entity,
                residues: first..complex.residues.len(),
                is_ligand: matches!(molecule, InputMolecule::Components(_) | InputMolecule::Smiles(_)),
            });
        }
        let middle = centroid(&placed);
        for atom in complex.residues.iter_mut().flat_map(|residue| &mut residue.atoms) {
            atom.position = sub(atom.position, middle);
        }
        complex.seed = seed_of(&seeds);
        complex
    }

    /// Where every residue's central atom is.
    pub(super) fn centres(&self) -> Vec<Position> {
        let residues = self.residues.iter();
        residues.map(|residue| residue.atoms[residue.centre].position).collect()
    }
}

fn positions(residues: &[SyntheticResidue]) -> impl Iterator<Item = Position> {
    residues
        .iter()
        .flat_map(|residue| residue.atoms.iter().map(|atom| atom.position))
}

/// How far along a direction atoms must move so that none is nearer to one of those placed than [`TOUCH`].
fn clearance(placed: &[Position], moving: &[Position], direction: Position) -> f64 {
    let mut farthest: f64 = 0.0;
    for &atom in moving {
        for &other in placed {
            let apart = sub(other, atom);
            let along = dot(apart, direction);
            let room = TOUCH * TOUCH - (dot(apart, apart) - along * along);
            if room > 0.0 {
                farthest = farthest.max(along + room.sqrt());
            }
        }
    }
    farthest
}
