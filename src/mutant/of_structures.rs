//! Hand-made mutants whose structures have wrong coordinates. Does not change names, temperature factors or the files beside the
//! structures.

#[cfg(test)]
mod tests;

use half::{bf16, f16};

use super::alter::scattered;
use super::structure_parts::{
    StructureFault, amino_acids, centre, every_structure, longest_chain, middle_with, minus, mirror_side_chain, moved,
    other_atoms, plus, side_chain, trade_places, turn, two_chains,
};
use super::{Mutant, MutantFault, hand_made, of_atoms, of_factors};
use crate::protein::Structure;

/// Checks that look at coordinates.
const PLACES: &[&str] = &["physical", "snapshot", "agree", "structure_text", "seeded", "positions", "ensemble"];
/// Checks that look at coordinates of ligands and nucleic acids.
const OTHERS: &[&str] = &["components", "snapshot", "agree", "structure_text"];
/// The longest input, in residues, that some models process in one piece.
const LONGEST: usize = 1022;
/// As `LONGEST`, for models that process windows.
const WINDOW: usize = 500;

/// All mutants of structures, with those of `of_atoms` and `of_factors`.
pub(crate) fn mutants() -> Vec<Mutant> {
    let rows = WHOLE.iter().chain(&LOCAL).chain(&ASSEMBLIES);
    rows.chain(of_factors::faults()).chain(of_atoms::faults()).map(mutant).collect()
}

fn mutant(&(name, about, killers, change): &StructureFault) -> Mutant {
    let fault = MutantFault::response(move |_, right| every_structure(right, change));
    hand_made(&format!("structure/{name}"), about, killers, fault)
}

/// Wrong everywhere.
static WHOLE: [StructureFault; 16] = [
    ("mirrored", "the mirror image", PLACES, |it| each(it, |[x, y, z]| [-x, y, z])),
    ("axes-exchanged", "x and y exchanged", PLACES, |it| each(it, |[x, y, z]| [y, x, z])),
    ("nanometres", "coordinates in nanometres", PLACES, |it| each(it, |at| at.map(|axis| axis / 10.0))),
    ("bfloat16", "coordinates through bfloat16", PLACES, |it| {
        each(it, |at| at.map(|axis| bf16::from_f32(axis).to_f32()));
    }),
    ("float16", "coordinates through float16", PLACES, |it| each(it, |at| at.map(|axis| f16::from_f32(axis).to_f32()))),
    ("whole-angstroms", "coordinates rounded to whole ångströms", PLACES, |it| each(it, |at| at.map(f32::round))),
    ("noise", "1 Å of noise on everything", PLACES, |it| shaken(it, 0, 1.0)),
    ("line", "alpha carbons on a straight line, 3.8 Å apart", PLACES, straightened),
    ("residues-reversed", "the residues lie in the reverse order", PLACES, reversed_chain),
    ("collapsed", "every atom lies where its alpha carbon lies", PLACES, collapsed),
    ("garbage-after-500", "noise beyond residue 500", PLACES, |it| {
        scatter(it, start_of(it, WINDOW), 50.0);
    }),
    ("zeros-after-1022", "the origin beyond residue 1022", PLACES, |it| {
        let start = start_of(it, LONGEST);
        it.coord[start..].fill([0.0; 3]);
    }),
    ("garbage-after-1022", "noise beyond residue 1022", PLACES, |it| {
        scatter(it, start_of(it, LONGEST), 50.0);
    }),
    ("d-residues", "every residue is a D residue", PLACES, |it| {
        for own in amino_acids(it) {
            mirror_side_chain(it, &own);
        }
    }),
    ("others-in-one-point", "ligands and nucleic acids lie in one point", OTHERS, |it| {
        let others = other_atoms(it);
        let middle = centre(it, &others);
        for atom in others {
            it.coord[atom] = middle;
        }
    }),
    ("others-far-away", "ligands and nucleic acids lie 100 Å away", OTHERS, |it| {
        for atom in other_atoms(it) {
            it.coord[atom] = plus(it.coord[atom], [100.0, 0.0, 0.0]);
        }
    }),
];

/// Wrong in some atoms.
static LOCAL: [StructureFault; 15] = [
    ("rings-squeezed", "aromatic rings at 40 % of their size", PLACES, squeezed_rings),
    ("leucine-methyls", "CD1 and CD2 of leucine swapped", PLACES, |it| trade_places(it, Some("LEU"), "CD1", "CD2")),
    ("valine-methyls", "CG1 and CG2 of valine swapped", PLACES, |it| trade_places(it, Some("VAL"), "CG1", "CG2")),
    ("isoleucine-hand", "the second centre of isoleucine inverted", PLACES, inverted_isoleucines),
    ("threonine-hand", "the second centre of threonine inverted", PLACES, |it| {
        trade_places(it, Some("THR"), "OG1", "CG2");
    }),
    ("histidine-turned", "ND1 and CD2, CE1 and NE2 of histidine swapped", PLACES, |it| {
        trade_places(it, Some("HIS"), "ND1", "CD2");
        trade_places(it, Some("HIS"), "CE1", "NE2");
    }),
    ("amides-turned", "the oxygen and the nitrogen of amides swapped", PLACES, |it| {
        trade_places(it, Some("ASN"), "OD1", "ND2");
        trade_places(it, Some("GLN"), "OE1", "NE2");
    }),
    ("carbonyls-swapped", "C and O of every residue swapped", PLACES, |it| trade_places(it, None, "C", "O")),
    ("one-d-residue", "one residue is a D residue", PLACES, |it| {
        if let Some(own) = middle_with(it, "CB") {
            mirror_side_chain(it, &own);
        }
    }),
    ("peptide-flipped", "one carbonyl points the other way", PLACES, flipped_peptide),
    ("one-side-chain", "one side chain 3 Å off", PLACES, |it| {
        if let Some(own) = middle_with(it, "CG") {
            for atom in side_chain(it, own) {
                if it.atom_name[atom] != "CB" {
                    it.coord[atom][2] += 3.0;
                }
            }
        }
    }),
    ("one-residue-at-origin", "one residue lies at the origin", PLACES, |it| {
        if let Some(own) = middle_with(it, "CA") {
            it.coord[own].fill([0.0; 3]);
        }
    }),
    ("chain-broken", "25 Å between two residues", PLACES, |it| {
        if let Some((residues, half)) = longest_chain(it) {
            let end = residues.last().map_or(0, |last| last.end);
            moved(it, residues[half].start..end, [0.0, 25.0, 0.0]);
        }
    }),
    ("hinge", "the second half of a chain turned by 30 degrees", PLACES, |it| {
        let Some((residues, half)) = longest_chain(it) else { return };
        let end = residues.last().map_or(0, |last| last.end);
        if let Some(alpha) = it.atom_named(&residues[half], "CA") {
            turn(it, residues[half].start..end, it.coord[alpha], 30.0);
        }
    }),
    ("late-by-one", "every residue lies where the one before it lies", PLACES, late_residues),
];

/// Right chains in wrong positions.
static ASSEMBLIES: [StructureFault; 6] = [
    ("second-chain-5", "the second chain 5 Å off", PLACES, |it| second_moved(it, 5.0)),
    ("second-chain-25", "the second chain 25 Å off", PLACES, |it| second_moved(it, 25.0)),
    ("second-chain-500", "the second chain 500 Å off", PLACES, |it| second_moved(it, 500.0)),
    ("second-chain-turned", "the second chain turned by 120 degrees", PLACES, |it| {
        if let Some([_, second]) = two_chains(it) {
            let about = it.coord[second.start];
            turn(it, second, about, 120.0);
        }
    }),
    ("chains-exchanged", "two chains have each other's coordinates", PLACES, |it| {
        if let Some([first, second]) = two_chains(it) {
            it.coord[first.start..second.end].rotate_left(first.len());
        }
    }),
    ("second-chain-copied", "the second chain lies where the first lies", PLACES, |it| {
        if let Some([first, second]) = two_chains(it) {
            let count = first.len().min(second.len());
            it.coord.copy_within(first.start..first.start + count, second.start);
        }
    }),
];

fn each(structure: &mut Structure, change: impl Fn([f32; 3]) -> [f32; 3]) {
    structure.coord.iter_mut().for_each(|point| *point = change(*point));
}

/// The first atom of a residue, counted over all chains, or the number of atoms if there is no such residue.
fn start_of(structure: &Structure, residue: usize) -> usize {
    structure.residues().get(residue).map_or(structure.atoms(), |own| own.start)
}

/// Moves the atoms from `start` on by up to `most` along each axis.
fn shaken(structure: &mut Structure, start: usize, most: f32) {
    let axes = structure.coord[start..].as_flattened_mut().iter_mut().enumerate();
    axes.for_each(|(place, axis)| *axis += most * scattered(place) as f32);
}

/// Puts the atoms from `start` on anywhere in a cube around the origin.
fn scatter(structure: &mut Structure, start: usize, most: f32) {
    structure.coord[start..].fill([0.0; 3]);
    shaken(structure, start, most);
}

fn straightened(structure: &mut Structure) {
    for (place, own) in amino_acids(structure).into_iter().enumerate() {
        if let Some(alpha) = structure.atom_named(&own, "CA") {
            let by = minus([3.8 * place as f32, 0.0, 0.0], structure.coord[alpha]);
            moved(structure, own, by);
        }
    }
}

/// Moves every residue to the alpha carbon of another one.
fn reversed_chain(structure: &mut Structure) {
    let acids = amino_acids(structure);
    let alphas: Vec<Option<[f32; 3]>> =
        acids.iter().map(|own| structure.atom_named(own, "CA").map(|atom| structure.coord[atom])).collect();
    for ((own, from), to) in acids.into_iter().zip(&alphas).zip(alphas.iter().rev()) {
        if let (Some(from), Some(to)) = (from, to) {
            moved(structure, own, minus(*to, *from));
        }
    }
}

fn collapsed(structure: &mut Structure) {
    for own in amino_acids(structure) {
        if let Some(alpha) = structure.atom_named(&own, "CA") {
            let place = structure.coord[alpha];
            structure.coord[own].fill(place);
        }
    }
}

fn squeezed_rings(structure: &mut Structure) {
    for own in amino_acids(structure) {
        if !["PHE", "TYR", "TRP", "HIS"].contains(&structure.res_name[own.start].as_str()) {
            continue;
        }
        let is_of_ring = |atom: &usize| !["CB", "OH"].contains(&structure.atom_name[*atom].as_str());
        let ring: Vec<usize> = side_chain(structure, own).into_iter().filter(is_of_ring).collect();
        let middle = centre(structure, &ring);
        for atom in ring {
            let from = minus(structure.coord[atom], middle);
            structure.coord[atom] = plus(middle, from.map(|axis| 0.4 * axis));
        }
    }
}

/// CG1 and CG2 change places, and CD1 goes with the atom that it is bound to.
fn inverted_isoleucines(structure: &mut Structure) {
    for own in amino_acids(structure) {
        if structure.res_name[own.start] != "ILE" {
            continue;
        }
        let at = |name| structure.atom_named(&own, name);
        if let (Some(first), Some(second), Some(end)) = (at("CG1"), at("CG2"), at("CD1")) {
            let by = minus(structure.coord[second], structure.coord[first]);
            structure.coord.swap(first, second);
            structure.coord[end] = plus(structure.coord[end], by);
        }
    }
}

fn flipped_peptide(structure: &mut Structure) {
    let Some(own) = middle_with(structure, "O") else { return };
    let at = |name| structure.atom_named(&own, name);
    if let (Some(carbon), Some(oxygen)) = (at("C"), at("O")) {
        let bond = minus(structure.coord[oxygen], structure.coord[carbon]);
        structure.coord[oxygen] = minus(structure.coord[carbon], bond);
    }
}

/// Moves every atom to the atom of the same name in the residue before, or to the first atom of that residue.
fn late_residues(structure: &mut Structure) {
    let before = structure.clone();
    for pair in amino_acids(&before).windows(2) {
        for atom in pair[1].clone() {
            let same = before.atom_named(&pair[0], before.atom_name[atom].as_str());
            structure.coord[atom] = before.coord[same.unwrap_or(pair[0].start)];
        }
    }
}

fn second_moved(structure: &mut Structure, distance: f32) {
    if let Some([_, second]) = two_chains(structure) {
        moved(structure, second, [distance, 0.0, 0.0]);
    }
}
