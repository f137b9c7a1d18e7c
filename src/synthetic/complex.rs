//! Puts the chains of a sample side by side until their atoms touch. Builds no residue and judges no confidence.

use std::f64::consts::TAU;
use std::ops::Range;

use super::chain::{self, Deviation, SyntheticResidue, label};
use super::geometry::{Position, add, centroid, cross, distance, inner, minus, scale};
use super::input::{InputChain, InputMolecule};
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

/// Two directions across the axis on which all helices begin, and into how many the circle between them is divided.
const ACROSS: [Position; 2] = [[0.616, 0.788, 0.0], [0.465, -0.363, 0.807]];
const SIDES: u8 = 12;
/// How far a chain is slid along that axis, in ångström: where it stands is where most residues are in contact.
const SLIDES: [f64; 3] = [0.0, -12.0, 12.0];
/// Distance of the nearest atoms of two chains, and below which two CB are in contact, in ångström.
const TOUCH: f64 = 2.8;
const CONTACT: f64 = 8.0;
/// No atoms of two residues that touch have centres farther apart, in ångström.
const REACH: f64 = 20.0;

impl SyntheticComplex {
    /// The molecules of a sample, each with the deviations in its own way.
    pub(super) fn new(sample: &[InputChain], deviations: &[Deviation]) -> Self {
        let mut complex = Self::default();
        let mut ideal: Vec<SyntheticResidue> = Vec::new();
        let mut entities: Vec<&InputMolecule> = Vec::new();
        let mut seeds: Vec<u64> = deviations.iter().map(|deviation| deviation.seed).collect();
        for (index, input) in sample.iter().enumerate() {
            let molecule = &input.molecule;
            seeds.push(chain::hash(molecule));
            let entity = entities.iter().position(|known| *known == molecule);
            let entity = entity.unwrap_or_else(|| {
                entities.push(molecule);
                entities.len() - 1
            });
            let mut residues = chain::build(molecule, index, deviations);
            // The place is that of chains without deviations, so that a seed moves a chain and never to another side.
            let mut plain = chain::build(molecule, index, &[]);
            let place = best_place(&ideal, &plain);
            let shift = place.shift(&ideal, &plain);
            shift_by(&mut plain, shift);
            ideal.extend(plain);
            let shift = place.shift(&complex.residues, &residues);
            shift_by(&mut residues, shift);
            let first = complex.residues.len();
            complex.residues.extend(residues);
            complex.chains.push(SyntheticChain {
                id: label(&input.id),
                entity,
                residues: first..complex.residues.len(),
                is_ligand: molecule.kind.is_ligand(),
            });
        }
        let origin = scale(middle(&complex.residues), -1.0);
        shift_by(&mut complex.residues, origin);
        complex.seed = seed_of(&seeds);
        complex
    }

    /// Where every residue's central atom is.
    pub(super) fn centres(&self) -> Vec<Position> {
        self.residues.iter().map(SyntheticResidue::middle).collect()
    }
}

/// Where a chain stands beside those before it: the direction to come from, and how far it is slid.
#[derive(Debug, Clone, Copy, Default)]
struct DockingPlace {
    direction: Position,
    slide: Position,
}

impl DockingPlace {
    /// What brings a chain there, up to where it touches.
    fn shift(self, before: &[SyntheticResidue], chain: &[SyntheticResidue]) -> Position {
        let shift = add(minus(middle(before), middle(chain)), self.slide);
        let clear = clearance(before, chain, shift, self.direction);
        add(shift, scale(self.direction, clear))
    }
}

/// The place where most residues are in contact.
fn best_place(before: &[SyntheticResidue], chain: &[SyntheticResidue]) -> DockingPlace {
    if before.is_empty() {
        return DockingPlace::default();
    }
    let axis = cross(ACROSS[0], ACROSS[1]);
    let sides = (0..SIDES).map(|side| (TAU * f64::from(side) / f64::from(SIDES)).sin_cos());
    let sides = sides.map(|(sine, cosine)| add(scale(ACROSS[0], cosine), scale(ACROSS[1], sine)));
    let along = SLIDES.map(|way| scale(axis, way));
    let places = sides.flat_map(|direction| along.map(|slide| DockingPlace { direction, slide }));
    let contacts = |place: &DockingPlace| {
        let shift = place.shift(before, chain);
        let near = |own: Position| before.iter().filter(move |other| distance(own, other.beta()) < CONTACT);
        let betas = chain.iter().map(|own| add(own.beta(), shift));
        betas.map(|own| near(own).count()).sum::<usize>()
    };
    places.max_by_key(contacts).unwrap_or_default()
}

fn shift_by(residues: &mut [SyntheticResidue], shift: Position) {
    for atom in residues.iter_mut().flat_map(|residue| &mut residue.atoms) {
        atom.position = add(atom.position, shift);
    }
}

fn middle(residues: &[SyntheticResidue]) -> Position {
    let atoms = residues.iter().flat_map(|residue| &residue.atoms);
    centroid(&atoms.map(|atom| atom.position).collect::<Vec<_>>())
}

/// How far along a direction residues, shifted first, must move so that no atom is nearer to one of those placed than [`TOUCH`].
fn clearance(placed: &[SyntheticResidue], moving: &[SyntheticResidue], shift: Position, direction: Position) -> f64 {
    let way = |own: Position, other: Position, least: f64| {
        let apart = minus(minus(other, own), shift);
        let along = inner(apart, direction);
        let room = least * least - (inner(apart, apart) - along * along);
        if room > 0.0 { along + room.sqrt() } else { 0.0 }
    };
    let mut farthest: f64 = 0.0;
    for own in moving {
        for other in placed {
            // What residues need at most decides quickly about nearly all pairs.
            if way(own.middle(), other.middle(), REACH) > farthest {
                for atom in &own.atoms {
                    for against in &other.atoms {
                        farthest = farthest.max(way(atom.position, against.position, TOUCH));
                    }
                }
            }
        }
    }
    farthest
}
