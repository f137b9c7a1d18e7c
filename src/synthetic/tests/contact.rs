//! What must not touch and what must: clashes within and between chains, and interfaces.

use std::ops::Range;

use serde_json::json;

use super::built_in::{INSULIN, NIPAH, TWENTY, UBIQUITIN, fold, structure};
use super::geometry::{at, folded};
use crate::metric::geometry::clashes;
use crate::metric::geometry::vector::distance;
use crate::protein::Structure;

/// Atoms nearer to others than the sum of their radii less 1.5 Å.
fn overlaps(structure: &Structure) -> Vec<String> {
    let name = |atom: usize| {
        let (chain, number) = (structure.chain_id[atom], structure.res_id[atom]);
        format!("{chain}{number} {} {}", structure.res_name[atom], structure.atom_name[atom])
    };
    clashes(structure, 1.5)
        .into_iter()
        .map(|clash| format!("{} and {} by {:.2}", name(clash.atom), name(clash.other), clash.overlap))
        .collect()
}

#[test]
fn nothing_clashes_within_or_between_chains() {
    let homopolymers = ["W", "P", "R", "I", "G"].map(|letter| letter.repeat(60));
    let mut sequences = vec![TWENTY.to_owned(), UBIQUITIN.to_owned(), NIPAH.to_owned()];
    sequences.push(format!("{INSULIN}:{INSULIN}"));
    sequences.push(format!("{UBIQUITIN}:{INSULIN}:{TWENTY}:{UBIQUITIN}"));
    sequences.extend(homopolymers);
    for sequence in sequences {
        let clashes = overlaps(&folded(&sequence));
        assert!(clashes.is_empty(), "{sequence}: {clashes:?}");
    }
}

#[test]
fn no_seed_makes_a_clash() {
    for seed in 0..8 {
        let sequence = format!("{UBIQUITIN}:{INSULIN}");
        let prediction = fold("boltz2", sequence, json!({ "seed": seed, "include_fields": [] }));
        let clashes = overlaps(structure(&prediction, "atom_array[0]"));
        assert!(clashes.is_empty(), "seed {seed}: {clashes:?}");
    }
}

#[test]
fn chains_meet_in_an_interface() {
    let structure = folded(&format!("{INSULIN}:{UBIQUITIN}"));
    let residues = structure.residues();
    let beta = |residue: &Range<usize>| {
        let name = if structure.res_name[residue.start] == "GLY" { "CA" } else { "CB" };
        at(&structure, residue, name)
    };
    let (first, second): (Vec<_>, Vec<_>) = residues.into_iter().partition(|run| structure.chain_id[run.start] == "A");
    let contacts = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| (a, b)))
        .filter(|(a, b)| distance(beta(a), beta(b)) < 8.0)
        .count();
    assert!(contacts >= 5, "{contacts} contacts");
}
