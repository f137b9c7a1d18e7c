//! Atoms, chains and numbers of a structure in another order or under other names.

use std::collections::{BTreeSet, HashMap};

use super::numbering::{self, join, sorted};
use super::points::{Points, name};
use super::{Cause, MistakeKind, share};
use crate::metric::selection::shared_atoms;
use crate::metric::{Point, Superposition, best_chain_permutation, superpose};
use crate::protein::{Label, Structure};

/// The most atoms of a residue that are matched with each other: every pair of them is looked at. Waters without numbers are one
/// residue of any size.
const MOST_ATOMS: usize = 256;

/// The most chains that are tried in each other's places.
const MOST_CHAINS: usize = 64;

/// The residues of a structure, in whatever order.
pub(super) fn residues(structure: &Structure) -> BTreeSet<(Label, i32, Label, Label)> {
    let identity = |atom: usize| {
        (structure.chain_id[atom], structure.res_id[atom], structure.ins_code[atom], structure.res_name[atom])
    };
    (0..structure.atoms()).map(identity).collect()
}

/// Atoms that are there twice, and nothing else about the names.
pub(super) fn of_duplicates(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let extra = actual.atoms().checked_sub(expected.atoms()).filter(|extra| *extra > 0)?;
    let identity = |structure: &Structure, atom: usize| {
        let residue = (structure.chain_id[atom], structure.res_id[atom], structure.ins_code[atom]);
        (residue, name(structure, atom))
    };
    let mut counts: HashMap<_, usize> = HashMap::new();
    for atom in 0..expected.atoms() {
        *counts.entry(identity(expected, atom)).or_default() += 1;
    }
    let known = counts.clone();
    let mut again = Vec::new();
    let mut seen: HashMap<_, usize> = HashMap::new();
    for atom in 0..actual.atoms() {
        let times = seen.entry(identity(actual, atom)).or_default();
        *times += 1;
        if *times > 1 {
            again.push(atom);
        }
    }
    // Whatever the numbers of residues are, twice is twice.
    if known.values().all(|count| *count == 1) && again.len() == extra {
        return Some(doubled(actual, &again));
    }
    again.clear();
    for atom in 0..actual.atoms() {
        let identity = identity(actual, atom);
        match counts.get_mut(&identity).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None if known.contains_key(&identity) => again.push(atom),
            None => return None,
        }
    }
    (again.len() == extra).then(|| doubled(actual, &again))
}

fn doubled(actual: &Structure, again: &[usize]) -> Cause {
    let first = again.first().copied().unwrap_or(0);
    let more = match again.len() {
        0 | 1 => String::new(),
        count => format!(", and so are {} more", count - 1),
    };
    let what = format!(
        "atom {} of {} {} in chain {} is there twice{more}",
        actual.atom_name[first], actual.res_name[first], actual.res_id[first], actual.chain_id[first]
    );
    Cause::new(MistakeKind::DuplicateAtoms, what, 1.0)
}

/// Names that differ although the atoms are the same.
pub(super) fn of_names(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let atoms = expected.atoms();
    if atoms != actual.atoms() || atoms == 0 {
        return None;
    }
    let same_atoms = (0..atoms).all(|atom| name(expected, atom) == name(actual, atom));
    if same_atoms && expected.chain_id == actual.chain_id {
        return numbering::of_numbers(expected, actual);
    }
    if let Some(cause) = numbering::of_chain_names(expected, actual).filter(|_| same_atoms) {
        return Some(cause);
    }
    let order = |structure: &Structure| -> Vec<Label> { structure.chains().into_iter().map(|chain| chain.0).collect() };
    let (before, after) = (order(expected), order(actual));
    let has_moved = before != after && sorted(&before) == sorted(&after);
    // Within a chain everything is right.
    if has_moved && contents(expected) == contents(actual) {
        let what = format!("chains in the order {} instead of {}", join(&after), join(&before));
        return Some(Cause::new(MistakeKind::PermutedChains, what, 1.0));
    }
    let shared = shared_atoms(expected, actual);
    let moved = shared.iter().filter(|(before, after)| before != after).count();
    if shared.len() == atoms && moved > 0 {
        let what = format!("{moved} of {atoms} atoms stand elsewhere in the list");
        return Some(Cause::new(MistakeKind::PermutedAtoms, what, 1.0));
    }
    (has_moved && same_atoms).then(|| {
        let what = format!("chains are named {} instead of {}", join(&after), join(&before));
        Cause::new(MistakeKind::PermutedChains, what, 1.0)
    })
}

/// The atoms of every chain in order, numbered from the first residue on.
fn contents(structure: &Structure) -> HashMap<Label, Vec<(i32, Label, Label)>> {
    let mut chains: HashMap<Label, Vec<(i32, Label, Label)>> = HashMap::new();
    let mut firsts: HashMap<Label, i32> = HashMap::new();
    for atom in 0..structure.atoms() {
        let (chain, number) = (structure.chain_id[atom], structure.res_id[atom]);
        let first = *firsts.entry(chain).or_insert(number);
        let (residue, atom) = name(structure, atom);
        let own = chains.entry(chain).or_default();
        own.push((number.saturating_sub(first), residue, atom));
    }
    chains
}

/// Chains of one composition that take each other's places.
pub(super) fn of_chains(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let chains = expected.chains();
    if expected.atoms() != actual.atoms() || !(2..=MOST_CHAINS).contains(&chains.len()) {
        return None;
    }
    let composition =
        |range: &std::ops::Range<usize>| -> Vec<_> { range.clone().map(|atom| name(expected, atom)).collect() };
    let compositions: Vec<_> = chains.iter().map(|(_, range)| composition(range)).collect();
    let kinds: Vec<usize> =
        compositions.iter().map(|own| compositions.iter().position(|other| other == own).unwrap_or(0)).collect();
    let slices = |structure: &Structure| -> Option<Vec<Vec<Point>>> {
        chains.iter().map(|(_, range)| Some(structure.coord.get(range.clone())?.to_vec())).collect()
    };
    let (before, after) = (slices(expected)?, slices(actual)?);
    let best = best_chain_permutation(
        &before.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        &kinds,
        &after.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        &kinds,
    )
    .ok()?;
    if best.order.iter().enumerate().all(|(place, &chain)| place == chain) {
        return None;
    }
    let points = Points::new(before.concat(), after.concat())?;
    let share = share(best.rmsd, points.superposed, points.size)?;
    let names: Vec<Label> = best.order.iter().map(|&chain| chains[chain].0).collect();
    let what = format!("equal chains trade places: {}", join(&names));
    Some(Cause::new(MistakeKind::PermutedChains, what, share))
}

/// Atoms of a residue that have swapped positions.
pub(super) fn of_atoms(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let atoms = expected.atoms();
    if atoms != actual.atoms() {
        return None;
    }
    let (before, after) = (expected.coord.get(..atoms)?, actual.coord.get(..atoms)?);
    let plain = superpose(after, before).ok()?;
    let mut motion = plain;
    let mut assigned: Vec<usize> = (0..atoms).collect();
    // Superposing by wrong pairs blurs the fit a little; a few rounds sharpen it.
    for _ in 0..4 {
        for residue in expected.residues().into_iter().filter(|residue| residue.len() <= MOST_ATOMS) {
            assign(&motion, &residue, before, after, &mut assigned);
        }
        let reordered: Vec<Point> = assigned.iter().map(|&atom| after[atom]).collect();
        motion = superpose(&reordered, before).ok()?;
    }
    let size = Points::new(before.to_vec(), after.to_vec())?.size;
    let share = share(motion.rmsd, plain.rmsd, size)?;
    let mut trades: HashMap<(Label, Label), usize> = HashMap::new();
    let mut moved = 0;
    for (atom, &place) in assigned.iter().enumerate().filter(|(atom, place)| atom != *place) {
        moved += 1;
        let names = (expected.atom_name[atom], expected.atom_name[place]);
        *trades.entry((names.0.min(names.1), names.0.max(names.1))).or_default() += 1;
    }
    let ((first, second), _) = trades.into_iter().max_by_key(|(names, count)| (*count, *names))?;
    let what = format!("{moved} atoms have swapped positions, most often {first} and {second}");
    Some(Cause::new(MistakeKind::PermutedAtoms, what, share))
}

/// Gives every expected atom of a residue the nearest actual one that is left, nearest pairs first.
fn assign(
    motion: &Superposition,
    residue: &std::ops::Range<usize>,
    before: &[Point],
    after: &[Point],
    assigned: &mut [usize],
) {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for place in residue.clone() {
        let moved = motion.apply(after[place]);
        for atom in residue.clone() {
            let squares = (0..3).map(|axis| (moved[axis] - f64::from(before[atom][axis])).powi(2));
            pairs.push((squares.sum(), atom, place));
        }
    }
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut done, mut taken) = (vec![false; residue.len()], vec![false; residue.len()]);
    for (_, atom, place) in pairs {
        if !done[atom - residue.start] && !taken[place - residue.start] {
            done[atom - residue.start] = true;
            taken[place - residue.start] = true;
            assigned[atom] = place;
        }
    }
}
