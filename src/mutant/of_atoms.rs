//! Hand-made mutants whose structures have wrong atoms, names, numbers or chains. Does not move atoms.

use super::structure_parts::{
    StructureFault, amino_acids, append_residue, insert_glycines, keep, middle_with, other_atoms, plus, rearrange,
    rename, side_chain, two_chains,
};
use crate::protein::{Label, Structure};

/// Checks that look at names, number and order of atoms.
const NAMES: &[&str] = &[
    "contract",
    "sequence",
    "snapshot",
    "agree",
    "structure_text",
    "ensemble",
    "positions",
    "seeded",
    "physical",
    "b_factor",
    "differ",
];

/// Checks that look at the atoms of ligands and nucleic acids.
const OTHERS: &[&str] = &["components", "contract", "snapshot", "agree", "structure_text"];

/// Number of glycines in boileroom's linker.
const LINKER: usize = 25;
/// The gap that boileroom leaves between the positions of two chains.
const SKIP: i32 = 512;
/// The longest input, in residues, that some models process in one piece.
const LONGEST: usize = 1022;

/// All faults of atoms, chains and residues.
pub(crate) fn faults() -> impl Iterator<Item = &'static StructureFault> {
    ATOMS.iter().chain(&CHAINS).chain(&RESIDUES)
}

/// Wrong atoms.
static ATOMS: [StructureFault; 13] = [
    ("elements-all-carbon", "every atom is carbon", NAMES, |it| it.element.fill(Label::literal("C"))),
    ("elements-missing", "no elements", NAMES, |it| it.element.fill(Label::default())),
    ("names-swapped", "the names of C and CB swapped", NAMES, |it| {
        for own in amino_acids(it) {
            if let Some((first, second)) = it.atom_named(&own, "C").zip(it.atom_named(&own, "CB")) {
                it.atom_name.swap(first, second);
            }
        }
    }),
    ("atom-order", "the atoms of every residue in reverse order", NAMES, |it| {
        let order: Vec<usize> = it.residues().into_iter().flat_map(Iterator::rev).collect();
        rearrange(it, &order);
    }),
    ("atom-twice", "one atom is there twice", NAMES, |it| {
        let middle = it.atoms() / 2;
        let order: Vec<usize> = (0..=middle).chain(middle..it.atoms()).collect();
        rearrange(it, &order);
    }),
    ("structure-twice", "all atoms are there twice", NAMES, |it| {
        let order: Vec<usize> = (0..it.atoms()).chain(0..it.atoms()).collect();
        rearrange(it, &order);
    }),
    ("second-model", "a second model behind the one", NAMES, |it| {
        it.coord.extend_from_within(..);
        it.models = Some(2);
    }),
    ("hetero-inverted", "ligands are polymers and polymers are ligands", NAMES, |it| {
        it.hetero.iter_mut().for_each(|flag| *flag = !*flag);
    }),
    ("alpha-carbons-only", "nothing but alpha carbons", NAMES, |it| {
        let names = it.atom_name.clone();
        keep(it, |atom| names[atom] == "CA");
    }),
    ("side-chains-missing", "lysines without their side chains", NAMES, |it| {
        let lysines = amino_acids(it).into_iter().filter(|own| it.res_name[own.start] == "LYS");
        let gone: Vec<usize> = lysines.flat_map(|own| side_chain(it, own)).collect();
        keep(it, |atom| !gone.contains(&atom));
    }),
    ("glycines-with-cb", "glycines have a CB", NAMES, glycines_with_cb),
    ("ligand-atom-missing", "the last atom of a ligand or nucleic acid is missing", OTHERS, |it| {
        let last = other_atoms(it).pop();
        keep(it, |atom| Some(atom) != last);
    }),
    ("ligands-missing", "no ligand and no nucleic acid", OTHERS, |it| {
        let others = other_atoms(it);
        keep(it, |atom| others.binary_search(&atom).is_err());
    }),
];

/// Wrong chains.
static CHAINS: [StructureFault; 10] = [
    ("chain-ids-swapped", "two chains have each other's names", NAMES, |it| {
        if let Some([first, second]) = two_chains(it) {
            let (one, other) = (it.chain_id[first.start], it.chain_id[second.start]);
            it.chain_id[first].fill(other);
            it.chain_id[second].fill(one);
        }
    }),
    ("chains-all-a", "every chain is chain A", NAMES, |it| it.chain_id.fill(Label::literal("A"))),
    ("chains-from-b", "every chain is named as the one after it", NAMES, |it| {
        let next = |name: &Label| Some(char::from(name.as_str().bytes().next()? + 1));
        for name in &mut it.chain_id {
            *name = next(name).and_then(|letter| Label::new(&letter.to_string())).unwrap_or(*name);
        }
    }),
    ("chains-lower-case", "names of chains in small letters", NAMES, |it| {
        for name in &mut it.chain_id {
            *name = Label::of_chain(&name.as_str().to_ascii_lowercase()).unwrap_or(*name);
        }
    }),
    ("chains-unnamed", "chains without names", NAMES, |it| it.chain_id.fill(Label::default())),
    ("chains-reordered", "the second chain comes before the first", NAMES, |it| {
        if let Some([first, second]) = two_chains(it) {
            let order: Vec<usize> = second.clone().chain(first).chain(second.end..it.atoms()).collect();
            rearrange(it, &order);
        }
    }),
    ("last-chain-missing", "the last chain is missing", NAMES, |it| {
        if let [_, .., (_, last)] = it.chains().as_slice() {
            keep(it, |atom| atom < last.start);
        }
    }),
    ("linker-left-in", "the linker between two chains left in", NAMES, |it| {
        let Some([first, second]) = two_chains(it) else { return };
        let (from, to) = (it.coord[first.end - 1], it.coord[second.start]);
        insert_glycines(it, first.end, LINKER, |own, part| {
            let along = (own as f32 + part as f32 / 4.0 + 0.5) / LINKER as f32;
            std::array::from_fn(|axis| from[axis] + along * (to[axis] - from[axis]))
        });
    }),
    ("padding-left-in", "a row of padding became a residue of a chain @", NAMES, |it| {
        append_residue(it, Label::literal("@"), -1, "VAL");
    }),
    ("padding-in-chain", "a row of padding became the last residue", NAMES, |it| {
        if let (Some(&chain), Some(&number)) = (it.chain_id.last(), it.res_id.last()) {
            append_residue(it, chain, number.saturating_add(1), "VAL");
        }
    }),
];

/// Wrong residues.
static RESIDUES: [StructureFault; 13] = [
    ("numbers-shifted", "numbered from 1 in place of 0, or from 0 in place of 1", NAMES, |it| {
        let by = if it.res_id.first() == Some(&0) { 1 } else { -1 };
        it.res_id.iter_mut().for_each(|number| *number += by);
    }),
    ("numbers-run-on", "residues are numbered over all chains", NAMES, |it| {
        let mut last = None;
        for (_, own) in it.chains() {
            let by = last.map_or(0, |last: i32| last.saturating_add(1).saturating_sub(it.res_id[own.start]));
            it.res_id[own.clone()].iter_mut().for_each(|number| *number = number.saturating_add(by));
            last = it.res_id.get(own.end - 1).copied();
        }
    }),
    ("numbers-skip", "the second chain keeps the positions that the model saw", NAMES, |it| {
        if let Some([first, second]) = two_chains(it) {
            let by = SKIP.saturating_add(it.res_id[first.end - 1]);
            it.res_id[second].iter_mut().for_each(|number| *number = number.saturating_add(by));
        }
    }),
    ("numbers-constant", "every residue has the number of the first", NAMES, |it| {
        let first = it.res_id[0];
        it.res_id.fill(first);
    }),
    ("insertion-codes", "residues have insertion codes", NAMES, |it| it.ins_code.fill(Label::literal("A"))),
    ("names-all-alanine", "every residue is named alanine", NAMES, |it| {
        for own in amino_acids(it) {
            it.res_name[own].fill(Label::literal("ALA"));
        }
    }),
    ("names-of-next", "every residue has the name of the one after it", NAMES, |it| {
        let before = it.clone();
        for pair in amino_acids(&before).windows(2) {
            it.res_name[pair[0].clone()].fill(before.res_name[pair[1].start]);
        }
    }),
    ("names-lower-case", "names of residues in small letters", NAMES, |it| {
        for name in &mut it.res_name {
            *name = Label::new(&name.as_str().to_ascii_lowercase()).unwrap_or(*name);
        }
    }),
    ("selenomethionine", "methionine became selenomethionine", NAMES, selenomethionines),
    ("last-missing", "the last residue is missing", NAMES, |it| {
        let last = it.residues().pop().map_or(0, |own| own.start);
        keep(it, |atom| atom < last);
    }),
    ("first-missing", "the first residue is missing", NAMES, |it| {
        let first = it.residues()[0].end;
        keep(it, |atom| atom >= first);
    }),
    ("middle-missing", "a residue in the middle is missing", NAMES, |it| {
        if let Some(gone) = middle_with(it, "CA") {
            keep(it, |atom| !gone.contains(&atom));
        }
    }),
    ("cut-after-1022", "no atoms beyond residue 1022", NAMES, |it| {
        let end = it.residues().get(LONGEST).map_or(it.atoms(), |own| own.start);
        keep(it, |atom| atom < end);
    }),
];

/// The position of the CB does not matter: glycine has none.
fn glycines_with_cb(structure: &mut Structure) {
    let before = structure.clone();
    let is_last_of_glycine = |atom: usize| {
        before.res_name[atom] == "GLY"
            && (atom + 1 == before.atoms()
                || before.res_id[atom + 1] != before.res_id[atom]
                || before.chain_id[atom + 1] != before.chain_id[atom])
    };
    let twice = |atom: usize| std::iter::repeat_n(atom, 1 + usize::from(is_last_of_glycine(atom)));
    let order: Vec<usize> = (0..before.atoms()).flat_map(twice).collect();
    rearrange(structure, &order);
    for (place, pair) in order.windows(2).enumerate() {
        if pair[0] == pair[1] {
            structure.coord[place + 1] = plus(structure.coord[place], [1.5, 0.0, 0.0]);
            rename(structure, place + 1, "CB");
        }
    }
}

fn selenomethionines(structure: &mut Structure) {
    for own in amino_acids(structure) {
        if structure.res_name[own.start] != "MET" {
            continue;
        }
        if let Some(sulphur) = structure.atom_named(&own, "SD") {
            structure.atom_name[sulphur] = Label::literal("SE");
            structure.element[sulphur] = Label::literal("SE");
        }
        structure.hetero[own.clone()].fill(true);
        structure.res_name[own].fill(Label::literal("MSE"));
    }
}
