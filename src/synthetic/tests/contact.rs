//! What must not touch and what must: clashes within and between chains, and interfaces.

use std::ops::Range;

use serde_json::json;

use super::super::geometry::distance;
use super::built_in::{INSULIN, NIPAH, TWENTY, UBIQUITIN, fold, structure};
use super::geometry::folded;
use crate::metric::geometry::clashes;
use crate::protein::Structure;

/// Atoms nearer to others than the sum of their radii less 1.5 Å.
fn overlaps(structure: &Structure) -> Vec<String> {
    let name = |atom: usize| {
        let (chain, number) = (structure.chain_id[atom], structure.res_id[atom]);
        format!(
            "{chain}{number} {} {}",
            structure.res_name[atom], structure.atom_name[atom]
        )
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
    let atoms = |residue: &Range<usize>| {
        structure.coord[residue.clone()]
            .iter()
            .map(|at| at.map(f64::from))
            .collect()
    };
    let (first, second): (Vec<_>, Vec<_>) = structure
        .residues()
        .into_iter()
        .partition(|run| structure.chain_id[run.start] == "A");
    let [first, second] = [first, second].map(|runs| runs.iter().map(atoms).collect::<Vec<Vec<_>>>());
    let near = |a: &[_], b: &[_]| a.iter().any(|&a| b.iter().any(|&b| distance(a, b) < 5.0));
    let contacts = first.iter().map(|a| second.iter().filter(|b| near(a, b)).count());
    let contacts: usize = contacts.sum();
    assert!(contacts >= 5, "{contacts} pairs of residues in contact");
}
