//! Puts the chains of a sample side by side until their atoms touch. Builds no residue and judges no confidence.

use std::f64::consts::TAU;
use std::ops::Range;

use super::chain::{self, Deviation, SyntheticResidue, label};
use super::geometry::{Position, add, centroid, distance, inner, minus, scale};
use super::input::InputChain;
use super::random::seed_of;
use crate::protein::Label;

/// One conformation of a sample, its middle at the origin.
#[derive(Debug, Clone, Default)]
pub(super) struct SyntheticComplex {
    pub(crate) chains: Vec<SyntheticChain>,
    /// Those of all chains in order: the tokens of a model.
    pub(crate) residues: Vec<SyntheticResidue>,
    /// Fixes every number that has no meaning: equal for equal molecules and deviations.
    pub(crate) seed: u64,
}

/// One chain of a complex.
#[derive(Debug, Clone)]
pub(super) struct SyntheticChain {
    pub(crate) id: Label,
    /// Equal for equal molecules, counted from 0.
    pub(crate) entity: usize,
    pub(crate) residues: Range<usize>,
    pub(crate) is_ligand: bool,
}

/// Two directions across the axis on which all helices begin, and into how many the circle between them is divided.
const ACROSS: [Position; 2] = [[0.616, 0.788, 0.0], [0.465, -0.363, 0.807]];
const SIDES: u8 = 24;
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
        let mut seeds: Vec<u64> = deviations.iter().map(|deviation| deviation.seed).collect();
        for (index, InputChain { id, molecule }) in sample.iter().enumerate() {
            seeds.push(chain::hash(molecule));
            let mut known = complex.chains.iter().zip(sample);
            let same = known.find(|(_, other)| other.molecule == *molecule);
            let highest = complex.chains.iter().map(|chain| chain.entity + 1).max();
            let entity = same.map_or(highest.unwrap_or(0), |(chain, _)| chain.entity);
            let mut residues = chain::build(molecule, index, deviations);
            // The side is that of chains without deviations, so that a seed moves a chain and never to another side.
            let mut plain = chain::build(molecule, index, &[]);
            let side = best_side(&ideal, &plain);
            let shift = shift_beside(&ideal, &plain, side);
            shift_by(&mut plain, shift);
            ideal.extend(plain);
            let shift = shift_beside(&complex.residues, &residues, side);
            shift_by(&mut residues, shift);
            let first = complex.residues.len();
            complex.residues.extend(residues);
            complex.chains.push(SyntheticChain {
                id: label(id),
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
}

/// What brings a chain from a direction beside those before it, up to where it touches.
fn shift_beside(before: &[SyntheticResidue], chain: &[SyntheticResidue], direction: Position) -> Position {
    let shift = minus(middle(before), middle(chain));
    add(shift, scale(direction, clearance(before, chain, shift, direction)))
}

/// The direction from which most residues come into contact.
fn best_side(before: &[SyntheticResidue], chain: &[SyntheticResidue]) -> Position {
    let sides = (0..SIDES).map(|side| (TAU * f64::from(side) / f64::from(SIDES)).sin_cos());
    let sides = sides.map(|(sine, cosine)| add(scale(ACROSS[0], cosine), scale(ACROSS[1], sine)));
    let contacts = |direction: &Position| {
        let shift = shift_beside(before, chain, *direction);
        let near = |own: Position| before.iter().filter(move |other| distance(own, other.beta()) < CONTACT);
        let betas = chain.iter().map(|own| add(own.beta(), shift));
        betas.map(|own| near(own).count()).sum::<usize>()
    };
    sides.max_by_key(contacts).unwrap_or_default()
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
