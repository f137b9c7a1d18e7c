//! A chain's backbone from its torsions, with ideal bonds and angles and planar trans peptides. Chooses nothing.

use std::f64::consts::PI;

use super::geometry::{Point, place};
use super::side_chain::{alpha_angle, place_beta};
use crate::protein::residue::AMINO_ACIDS;

/// Backbone torsions of a residue in radians; omega is always π.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Torsions {
    pub phi: f64,
    pub psi: f64,
}

/// N, CA, C, O and CB of a residue.
pub(super) type Backbone = [Point; 5];

impl Torsions {
    pub(super) fn degrees(phi: f64, psi: f64) -> Self {
        Self {
            phi: phi.to_radians(),
            psi: psi.to_radians(),
        }
    }
}

/// The residue that follows `before`, or the first one of a chain at the origin.
pub(super) fn extend(before: Option<(&Backbone, Torsions)>, amino: usize, torsions: Torsions) -> Backbone {
    // Engh and Huber 1991, with the values of proline where they differ.
    let proline = AMINO_ACIDS.get(amino).is_some_and(|amino| amino.letter == 'P');
    let (peptide_bond, peptide_angle) = if proline { (1.341, 119.3) } else { (1.329, 121.7f64) };
    let alpha = alpha_angle(amino).to_radians();
    let [n, ca, c] = if let Some((&[n0, ca0, c0, ..], torsions0)) = before {
        let n = place(n0, ca0, c0, peptide_bond, 117.2f64.to_radians(), torsions0.psi);
        let ca = place(ca0, c0, n, 1.458, peptide_angle.to_radians(), PI);
        [n, ca, place(c0, n, ca, 1.525, alpha, torsions.phi)]
    } else {
        let (n, ca) = ([0.0; 3], [1.458, 0.0, 0.0]);
        [n, ca, place([0.0, 1.0, 0.0], n, ca, 1.525, alpha, PI)]
    };
    let o = place(n, ca, c, 1.231, 120.5f64.to_radians(), torsions.psi + PI);
    [n, ca, c, o, place_beta(amino, [n, ca, c])]
}

/// The whole chain.
pub(super) fn build(residues: &[usize], torsions: &[Torsions]) -> Vec<Backbone> {
    let mut built: Vec<Backbone> = Vec::with_capacity(residues.len());
    for (index, (&amino, &own)) in residues.iter().zip(torsions).enumerate() {
        let before = index
            .checked_sub(1)
            .and_then(|at| Some((built.get(at)?, *torsions.get(at)?)));
        let next = extend(before, amino, own);
        built.push(next);
    }
    built
}
