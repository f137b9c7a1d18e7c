//! The rules that hold for every residue, however unsure the model is of it: chains hang together, and a protein is neither a heap
//! nor a thread. Counts; writes no finding.

use super::rules::{Rule, RuleKind};
use crate::metric::geometry::{Backbone, BackboneBond};
use crate::prediction::gates::PhysicalGates;
use crate::protein::Structure;

/// Shorter chains have no shape that says anything.
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
    for chain in chains(&backbone) {
        let radius = radius(&chain.alphas);
        let length = chain.alphas.len() as f64;
        heaped.see(chain.first, radius, gates.heap * globule(length) - radius);
        stretched.see(chain.first, radius, radius - gates.stretch * helix(length));
    }
    vec![torn, heaped, stretched]
}

/// A chain that is long enough to have a shape.
struct ChainShape {
    /// Its first residue.
    first: usize,
    alphas: Vec<[f64; 3]>,
}

fn chains(backbone: &Backbone) -> Vec<ChainShape> {
    let mut shapes: Vec<(usize, ChainShape)> = Vec::new();
    for (index, residue) in backbone.residues.iter().enumerate() {
        let Some(alpha) = residue.alpha else { continue };
        match shapes.last_mut() {
            Some((chain, shape)) if *chain == residue.chain => shape.alphas.push(alpha),
            _ => shapes.push((residue.chain, ChainShape { first: index, alphas: vec![alpha] })),
        }
    }
    let long = shapes.into_iter().map(|(_, shape)| shape);
    long.filter(|shape| shape.alphas.len() >= FEWEST).collect()
}

/// The distance from the middle within which half of the points lie, which a few stray ones do not change; NaN where one is no
/// number.
fn radius(points: &[[f64; 3]]) -> f64 {
    let middle = [0, 1, 2].map(|axis| median(points.iter().map(|point| point[axis])));
    median(points.iter().map(|point| {
        let square = point.iter().zip(middle).map(|(axis, middle)| (axis - middle).powi(2));
        square.sum::<f64>().sqrt()
    }))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let half = values.len() / 2;
    if half == values.len() {
        return f64::NAN;
    }
    *values.select_nth_unstable_by(half, f64::total_cmp).1
}

/// The radius of gyration of a compact globule of so many residues, in ångström: 2.2·N^0.38 (Skolnick et al. 1997). Half of it lies
/// within about as much.
fn globule(residues: f64) -> f64 {
    2.2 * residues.powf(0.38)
}

/// That of a straight helix, which rises by 1.5 Å with each residue, and of which half lies within less; with room for the ends of short chains, which may be strands.
fn helix(residues: f64) -> f64 {
    10.0 + 1.5 * residues / 12f64.sqrt()
}
