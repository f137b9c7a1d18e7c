//! Places the chains of a sample side by side so that their atoms touch. Does not build residues or compute confidences.

use std::f64::consts::TAU;
use std::ops::Range;

use super::chain::{self, Deviation, SyntheticResidue, label};
use super::input::InputChain;
use super::random::seed_of;
use crate::metric::geometry::vector::{Vector, add, centroid, distance, inner, minus, scale};
use crate::protein::Label;

/// One conformation of a sample, its middle at the origin.
#[derive(Debug, Default)]
pub(super) struct SyntheticComplex {
    pub chains: Vec<SyntheticChain>,
    /// The residues of all chains in order, which are the tokens of a model.
    pub residues: Vec<SyntheticResidue>,
    /// Seed of all noise, equal for equal molecules and deviations.
    pub seed: u64,
}

/// One chain of a complex.
#[derive(Debug)]
pub(super) struct SyntheticChain {
    pub id: Label,
    /// Equal for equal molecules, counted from 0.
    pub entity: usize,
    pub residues: Range<usize>,
    pub is_ligand: bool,
}

/// Two directions across the axis on which all helices begin, and the number of directions on the circle that they span.
const ACROSS: [Vector; 2] = [[0.616, 0.788, 0.0], [0.465, -0.363, 0.807]];
const SIDES: u8 = 24;
/// The distance of the nearest atoms of two chains, and the distance below which two CB are in contact, in ångström.
const TOUCH: f64 = 2.8;
const CONTACT: f64 = 8.0;
/// The greatest distance between the middles of two residues that touch, in ångström.
const REACH: f64 = 20.0;

impl SyntheticComplex {
    /// Builds the molecules of a sample, all with the same deviations.
    pub(super) fn new(sample: &[InputChain], deviations: &[Deviation]) -> Self {
        let mut complex = Self::default();
        let mut ideal: Vec<SyntheticResidue> = Vec::new();
        let mut seeds: Vec<u64> = deviations.iter().map(|deviation| deviation.seed).collect();
        for (index, InputChain { id, molecule }) in sample.iter().enumerate() {
            seeds.push(chain::hash(molecule));
            let same = complex.chains.iter().zip(sample).find(|(_, other)| other.molecule == *molecule);
            let next_entity = complex.chains.iter().map(|chain| chain.entity + 1).max().unwrap_or(0);
            let entity = same.map_or(next_entity, |(chain, _)| chain.entity);
            let mut residues = chain::build(molecule, index, deviations);
            // The side is chosen without deviations, so that a seed never moves a chain to another side.
            let mut plain = chain::build(molecule, index, &[]);
            let side = best_side(&ideal, &plain);
            let shift = shift_beside(&ideal, &plain, side);
            shift_by(&mut plain, shift);
            ideal.extend(plain);
            let shift = shift_beside(&complex.residues, &residues, side);
            shift_by(&mut residues, shift);
            let first = complex.residues.len();
            complex.residues.extend(residues);
            let (residues, is_ligand) = (first..complex.residues.len(), molecule.kind.is_ligand());
            complex.chains.push(SyntheticChain { id: label(id), entity, residues, is_ligand });
        }
        let to_origin = scale(middle(&complex.residues), -1.0);
        shift_by(&mut complex.residues, to_origin);
        complex.seed = seed_of(&seeds);
        complex
    }
}

/// The shift that brings a chain from a direction beside the chains before it, so that it touches them.
fn shift_beside(before: &[SyntheticResidue], chain: &[SyntheticResidue], direction: Vector) -> Vector {
    let shift = minus(middle(before), middle(chain));
    add(shift, scale(direction, clearance(before, chain, shift, direction)))
}

/// The direction in which most residues come into contact.
fn best_side(before: &[SyntheticResidue], chain: &[SyntheticResidue]) -> Vector {
    let sides = (0..SIDES).map(|side| (TAU * f64::from(side) / f64::from(SIDES)).sin_cos());
    let sides = sides.map(|(sine, cosine)| add(scale(ACROSS[0], cosine), scale(ACROSS[1], sine)));
    let contacts = |direction: &Vector| {
        let shift = shift_beside(before, chain, *direction);
        let near = |own: Vector| before.iter().filter(move |other| distance(own, other.beta()) < CONTACT);
        let betas = chain.iter().map(|own| add(own.beta(), shift));
        betas.map(|own| near(own).count()).sum::<usize>()
    };
    sides.max_by_key(contacts).unwrap_or_default()
}

fn shift_by(residues: &mut [SyntheticResidue], shift: Vector) {
    for atom in residues.iter_mut().flat_map(|residue| &mut residue.atoms) {
        atom.position = add(atom.position, shift);
    }
}

fn middle(residues: &[SyntheticResidue]) -> Vector {
    let atoms = residues.iter().flat_map(|residue| &residue.atoms);
    centroid(&atoms.map(|atom| atom.position).collect::<Vec<_>>())
}

/// How far shifted residues must move in a direction until no atom is nearer to a placed atom than [`TOUCH`].
fn clearance(placed: &[SyntheticResidue], moving: &[SyntheticResidue], shift: Vector, direction: Vector) -> f64 {
    let way = |own: Vector, other: Vector, least: f64| {
        let apart = minus(minus(other, own), shift);
        let along = inner(apart, direction);
        let missing = least * least - (inner(apart, apart) - along * along);
        if missing > 0.0 { along + missing.sqrt() } else { 0.0 }
    };
    let mut farthest: f64 = 0.0;
    for own in moving {
        for other in placed {
            // An upper bound for whole residues rules out nearly all pairs.
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
