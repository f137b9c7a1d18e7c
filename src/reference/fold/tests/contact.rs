//! What must not touch and what must: clashes within and between chains, and interfaces.

use std::collections::HashMap;
use std::ops::Range;

use super::super::geometry::distance;
use super::fixture::{INSULIN, NIPAH, TWENTY, UBIQUITIN, boltz2, fold, seeded, structure};
use super::geometry::{at, folded};
use crate::protein::Structure;

/// Pairs of atoms of different residues that are nearer than the sum of their radii less 1.5 Å and neither bonded nor
/// bonded to a common atom.
fn clashes(structure: &Structure) -> Vec<String> {
    let radius = |atom: usize| match structure.element[atom].as_str() {
        "N" => 1.55,
        "O" => 1.52,
        "S" | "P" => 1.8,
        _ => 1.7,
    };
    let mut owner = vec![0; structure.atoms()];
    for (index, residue) in structure.residues().into_iter().enumerate() {
        owner[residue].fill(index);
    }
    let mut cells: HashMap<[i32; 3], Vec<usize>> = HashMap::new();
    let cell = |atom: usize| structure.coord[atom].map(|along| (along / 4.0).floor() as i32);
    for atom in 0..structure.atoms() {
        cells.entry(cell(atom)).or_default().push(atom);
    }
    let mut found = Vec::new();
    for first in 0..structure.atoms() {
        let [x, y, z] = cell(first);
        let around = (0..27).filter_map(|step| cells.get(&[x + step % 3 - 1, y + step / 3 % 3 - 1, z + step / 9 - 1]));
        for &second in around.flatten() {
            if owner[second] <= owner[first] || bonded(structure, &owner, first, second) {
                continue;
            }
            let apart = distance(
                structure.coord[first].map(f64::from),
                structure.coord[second].map(f64::from),
            );
            if apart < radius(first) + radius(second) - 1.5 {
                let name = |atom: usize| {
                    let (chain, number) = (structure.chain_id[atom], structure.res_id[atom]);
                    format!(
                        "{chain}{number} {} {}",
                        structure.res_name[atom], structure.atom_name[atom]
                    )
                };
                found.push(format!("{} – {}: {apart:.2}", name(first), name(second)));
            }
        }
    }
    found
}

/// Whether a peptide bond, or one bond beyond it, connects two atoms of different residues.
fn bonded(structure: &Structure, owner: &[usize], first: usize, second: usize) -> bool {
    let follows = owner[second] == owner[first] + 1 && structure.chain_id[first] == structure.chain_id[second];
    let pair = (
        structure.atom_name[first].as_str(),
        structure.atom_name[second].as_str(),
    );
    follows && matches!(pair, ("C", "N" | "CA" | "CD") | ("CA" | "O", "N"))
}

#[test]
fn nothing_clashes_within_or_between_chains() {
    let homopolymers = ["W", "P", "R", "I", "G"].map(|letter| letter.repeat(60));
    let mut sequences = vec![TWENTY.to_owned(), UBIQUITIN.to_owned(), NIPAH.to_owned()];
    sequences.push(format!("{INSULIN}:{INSULIN}"));
    sequences.push(format!("{UBIQUITIN}:{INSULIN}:{TWENTY}:{UBIQUITIN}"));
    sequences.extend(homopolymers);
    for sequence in sequences {
        let clashes = clashes(&folded(&sequence));
        assert!(clashes.is_empty(), "{sequence}: {clashes:?}");
    }
}

#[test]
fn no_seed_makes_a_clash() {
    let boltz = boltz2();
    for seed in 0..8 {
        let sequence = format!("{UBIQUITIN}:{INSULIN}");
        let prediction = fold(&boltz, &[&sequence], &seeded(seed));
        let clashes = clashes(structure(&prediction, "atom_array[0]"));
        assert!(clashes.is_empty(), "seed {seed}: {clashes:?}");
    }
}

#[test]
fn chains_meet_in_an_interface() {
    let structure = folded(&format!("{INSULIN}:{UBIQUITIN}"));
    let residues = structure.residues();
    let beta = |residue: &Range<usize>| {
        let name = if structure.res_name[residue.start] == "GLY" {
            "CA"
        } else {
            "CB"
        };
        at(&structure, residue, name)
    };
    let (first, second): (Vec<_>, Vec<_>) = residues
        .into_iter()
        .partition(|run| structure.chain_id[run.start] == "A");
    let contacts = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| (a, b)))
        .filter(|(a, b)| distance(beta(a), beta(b)) < 8.0)
        .count();
    assert!(contacts >= 5, "{contacts} contacts");
}
