//! The rules of geometry for confident residues, each with the residues that violate it. Counts violations. Does not write
//! findings.

use super::rule::{Rule, RuleKind};
use super::side_chains::side_chain_rules;
use crate::metric::geometry::{Angle, Backbone, BackboneBond, Torsion, clashes};
use crate::metric::selection::residue_of_atoms;
use crate::prediction::gates::PhysicalGates;
use crate::protein::{Label, Structure};

const GLYCINE: Label = Label::literal("GLY");
const PROLINE: Label = Label::literal("PRO");

/// Every rule applied to the residues that are judged. If none is, the rule of hands is applied to all. A rule about two neighbours
/// needs both.
pub(super) fn rules(structure: &Structure, judged: &[bool], gates: &PhysicalGates) -> Vec<Rule> {
    let backbone = Backbone::of(structure);
    let is_judged = |residue: usize| judged.get(residue) == Some(&true);
    let pair = |residue: usize| is_judged(residue) && is_judged(residue + 1);

    let mut bonds = Rule::new("backbone bonds have a wrong length", " Å", gates.bonds, RuleKind::Fraction);
    for bond in
        [BackboneBond::NitrogenAlpha, BackboneBond::AlphaCarbon, BackboneBond::CarbonOxygen, BackboneBond::Peptide]
    {
        let counts = |residue| if bond == BackboneBond::Peptide { pair(residue) } else { is_judged(residue) };
        for measure in backbone.bonds(bond).into_iter().filter(|measure| counts(measure.residue)) {
            bonds.see(measure.residue, measure.value, measure.deviation.abs() - gates.sigmas);
        }
    }

    let mut angles = Rule::new("angles at peptide bonds are wrong", "°", gates.angles, RuleKind::Fraction);
    for angle in [Angle::AlphaCarbonNitrogen, Angle::CarbonNitrogenAlpha] {
        for measure in backbone.angles(angle).into_iter().filter(|measure| pair(measure.residue)) {
            angles.see(measure.residue, measure.value, measure.deviation.abs() - gates.sigmas);
        }
    }

    let mut twisted = Rule::new("peptide bonds are not flat", "°", gates.twisted, RuleKind::Fraction);
    let mut cis = Rule::new("peptide bonds are cis", "°", gates.cis, RuleKind::Fraction);
    for (residue, omega) in backbone.torsions(Torsion::Omega).into_iter().filter(|(residue, _)| pair(*residue)) {
        let from_cis = omega.abs();
        let off = if omega.is_nan() { omega } else { from_cis.min(180.0 - from_cis) };
        twisted.see(residue, omega, off - gates.twist);
        let before_proline = backbone.residues.get(residue + 1).is_some_and(|next| next.name == PROLINE);
        if !before_proline {
            cis.see(residue, omega, 90.0 - from_cis);
        }
    }

    let mut hands = Rule::new("alpha carbons have a wrong hand or shape", " Å³", gates.chirality, RuleKind::Hand);
    // A hand is right or wrong however sure a model is. If the model is sure of no residue, no other rule applies.
    let is_unsure = !judged.contains(&true);
    for (residue, volume) in backbone.chirality_volumes() {
        if is_judged(residue) || is_unsure {
            let excess = (gates.least_volume - volume).max(volume - gates.greatest_volume);
            hands.see(residue, volume, if volume.is_nan() { volume } else { excess });
        }
    }

    let mut breaks = Rule::new("neighbours are too far apart for a chain", " Å", gates.breaks, RuleKind::Fraction);
    let mut gaps = Rule::new("neighbours are torn apart", " Å", 0.0, RuleKind::Every);
    for (residue, distance) in backbone.alpha_distances() {
        if pair(residue) {
            breaks.see(residue, distance, distance - gates.break_distance);
            gaps.see(residue, distance, distance - gates.gap);
        }
    }

    let mut positive = Rule::new("residues have a positive phi", "°", gates.positive_phi, RuleKind::Fraction);
    for (residue, phi) in backbone.torsions(Torsion::Phi) {
        let is_glycine = backbone.residues.get(residue).is_some_and(|residue| residue.name == GLYCINE);
        if !is_glycine && residue > 0 && pair(residue - 1) {
            positive.see(residue, phi, phi);
        }
    }

    let mut found = vec![bonds, angles, twisted, cis, hands, breaks, gaps, positive];
    found.extend(side_chain_rules(structure, is_judged, gates));
    found.push(overlaps(structure, &is_judged, gates));
    found.push(digits(structure, gates));
    found
}

/// Coordinates that lost their digits. Rules of geometry do not detect it: the loss is a few hundredths of an ångström.
fn digits(structure: &Structure, gates: &PhysicalGates) -> Rule {
    // Float16 and TF32 keep eleven bits of a number, bfloat16 eight.
    const LOST: u32 = (1 << 13) - 1;
    let mut rule =
        Rule::new("coordinates hold no more digits than half precision has", " Å", gates.coarse, RuleKind::Digits);
    let mut before = [f32::NAN; 3];
    for (position, residue) in structure.coord.iter().zip(residue_of_atoms(structure)) {
        for (axis, before) in position.iter().zip(before) {
            // Without variation there are no digits to lose.
            let varies = (axis - before).abs() > 0.0;
            let is_coarse = varies && axis.is_finite() && axis.to_bits() & LOST == 0;
            rule.see(residue, f64::from(*axis), if is_coarse { 1.0 } else { 0.0 });
        }
        before = *position;
    }
    rule
}

/// Atoms of confident residues that overlap one of another confident residue.
fn overlaps(structure: &Structure, is_judged: &impl Fn(usize) -> bool, gates: &PhysicalGates) -> Rule {
    let mut rule = Rule::new("atoms overlap others", " Å of overlap", gates.clashes, RuleKind::Fraction);
    let residues = residue_of_atoms(structure);
    let counts = |atom: usize| residues.get(atom).is_some_and(|residue| is_judged(*residue));
    rule.total = (0..structure.atoms()).filter(|&atom| counts(atom)).count();
    let clashes = clashes(structure, gates.overlap);
    let broken = clashes.iter().filter(|clash| counts(clash.atom) && counts(clash.other));
    rule.broken = broken.map(|clash| (residues[clash.atom], clash.overlap, clash.overlap)).collect();
    rule
}
