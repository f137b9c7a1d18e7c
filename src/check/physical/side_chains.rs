//! The rules of side chains: bonds, angles, flat groups and the hands of their centres. Counts violations. Does not write findings.

use super::rule::{Rule, RuleKind};
use crate::metric::geometry::{SideChainValue, SideChains};
use crate::prediction::gates::PhysicalGates;
use crate::protein::Structure;

/// The rules, applied to the judged residues.
pub(super) fn side_chain_rules(
    structure: &Structure,
    is_judged: impl Fn(usize) -> bool,
    gates: &PhysicalGates,
) -> Vec<Rule> {
    let measured = SideChains::of(structure, is_judged);
    let off = |words, unit, values: &[SideChainValue], allowed: f64| {
        let mut rule = Rule::new(words, unit, gates.side_chains, RuleKind::Fraction);
        for own in values {
            rule.see(own.residue, own.value, (own.value - own.ideal).abs() - allowed);
        }
        rule
    };
    let mut found = vec![
        off("bonds of side chains have a wrong length", " Å", &measured.bonds, gates.side_bond),
        off("angles of side chains are wrong", "°", &measured.angles, gates.side_angle),
        off("rings and planar groups are not flat", " Å from the plane", &measured.planes, gates.plane),
    ];
    // One rule for each kind of residue: the right ones of another kind excuse nothing.
    let centres = [
        ("ILE", "isoleucines have a wrong hand at CB", gates.second_centres),
        ("THR", "threonines have a wrong hand at CB", gates.second_centres),
        ("LEU", "leucines have the names of CD1 and CD2 swapped", gates.methyl_names),
        ("VAL", "valines have the names of CG1 and CG2 swapped", gates.methyl_names),
    ];
    for (name, words, fraction) in centres.into_iter().filter(|(.., fraction)| *fraction < 1.0) {
        let mut rule = Rule::new(words, " Å³", fraction, RuleKind::Branches);
        for (_, own) in measured.centres.iter().filter(|(residue, _)| *residue == *name) {
            rule.see(own.residue, own.value, -own.value);
        }
        found.push(rule);
    }
    found
}
