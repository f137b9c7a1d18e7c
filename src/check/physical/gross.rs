//! The rules that hold for every residue, however unsure the model is of it: chains are connected, and a protein is neither a heap
//! nor a thread. Counts violations. Does not write findings.

use super::rule::{Rule, RuleKind};
use crate::metric::geometry::{Backbone, BackboneBond};
use crate::prediction::gates::PhysicalGates;
use crate::protein::Structure;

/// The shape of shorter chains means nothing.
const FEWEST: usize = 20;

/// The gross rules, applied to all residues.
pub(super) fn gross_rules(structure: &Structure, gates: &PhysicalGates) -> Vec<Rule> {
    let backbone = Backbone::of(structure);
    let mut torn = Rule::new("peptide bonds are torn", " Å", gates.torn, RuleKind::Fraction);
    for bond in backbone.bonds(BackboneBond::Peptide) {
        torn.see(bond.residue, bond.value, bond.value - gates.torn_length);
    }
    let mut heaped = Rule::new("chains are heaps", " Å of radius", 0.0, RuleKind::Every);
    let mut stretched = Rule::new("chains are threads", " Å of radius", 0.0, RuleKind::Every);
    for (first, alphas) in chains(&backbone) {
        let radius = radius(&alphas);
        let length = alphas.len() as f64;
        heaped.see(first, radius, gates.heap * globule(length) - radius);
        stretched.see(first, radius, radius - gates.stretch * helix(length));
    }
    vec![torn, heaped, stretched]
}

/// The first residue and the alpha carbons of each chain that is long enough to have a shape.
fn chains(backbone: &Backbone) -> Vec<(usize, Vec<[f64; 3]>)> {
    let alphas: Vec<(usize, usize, [f64; 3])> = backbone
        .residues
        .iter()
        .enumerate()
        .filter_map(|(index, residue)| Some((index, residue.chain, residue.alpha?)))
        .collect();
    let chains = alphas.chunk_by(|one, other| one.1 == other.1).filter(|chain| chain.len() >= FEWEST);
    chains.map(|chain| (chain[0].0, chain.iter().map(|(.., alpha)| *alpha).collect())).collect()
}

/// The distance from the middle within which half of the points lie, which a few stray ones do not change. NaN if one is no number.
fn radius(points: &[[f64; 3]]) -> f64 {
    let middle = [0, 1, 2].map(|axis| median(points.iter().map(|point| point[axis])));
    median(points.iter().map(|point| {
        let squares = point.iter().zip(middle).map(|(axis, middle)| (axis - middle).powi(2));
        squares.sum::<f64>().sqrt()
    }))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let half = values.len() / 2;
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}

/// The radius of gyration of a compact globule, in ångström: 2.2·N^0.38 (Skolnick et al. 1997). About half of it lies within.
fn globule(residues: f64) -> f64 {
    2.2 * residues.powf(0.38)
}

/// The radius of gyration of a straight helix, which rises by 1.5 Å with each residue. Half of it lies within less. The constant
/// allows for the ends of short chains, which may be strands.
fn helix(residues: f64) -> f64 {
    10.0 + 1.5 * residues / 12f64.sqrt()
}
