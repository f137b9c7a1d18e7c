//! Residues and chains with other numbers or names, while their atoms are the same. Looks at no position.

use std::collections::BTreeMap;

use super::{Cause, MistakeKind};
use crate::protein::{Label, Structure};

/// The most chains that are named one by one.
const NAMED: usize = 4;

/// Other numbers of residues: one offset for all, one for each chain, or counted without gaps.
pub(super) fn of_numbers(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let offsets = |atoms: std::ops::Range<usize>| {
        let numbers = atoms.map(|atom| i64::from(actual.res_id[atom]) - i64::from(expected.res_id[atom]));
        numbers.collect::<Vec<i64>>()
    };
    let all = offsets(0..expected.atoms());
    if all.iter().all(|offset| *offset == 0) {
        return None;
    }
    let same = |offsets: &[i64]| offsets.windows(2).all(|pair| pair[0] == pair[1]);
    if same(&all) {
        let what = format!("residue numbers are all {:+} from what they should be", all[0]);
        return Some(Cause::new(MistakeKind::Offset, what, 1.0));
    }
    let chains = expected.chains();
    let of_chains: Vec<(Label, Vec<i64>)> =
        chains.iter().map(|(name, atoms)| (*name, offsets(atoms.clone()))).collect();
    if of_chains.iter().all(|(_, offsets)| same(offsets)) {
        let firsts: Vec<(Label, i64)> = of_chains.iter().map(|(name, offsets)| (*name, offsets[0])).collect();
        return Some(Cause::new(MistakeKind::Offset, describe(expected, actual, &firsts), 1.0));
    }
    // Counted without the gaps that the numbers of a file have.
    let counts_on = |atoms: &std::ops::Range<usize>| {
        let numbers = actual.res_id.get(atoms.clone()).unwrap_or_default();
        numbers.windows(2).all(|pair| (0..=1).contains(&(i64::from(pair[1]) - i64::from(pair[0]))))
    };
    let same_residues = actual.residues() == expected.residues();
    (same_residues && chains.iter().all(|(_, atoms)| counts_on(atoms))).then(|| {
        let what = "residues are counted on where their numbers should have gaps";
        Cause::new(MistakeKind::Offset, what, 1.0)
    })
}

/// The offsets of chains as text: the numbers run through all chains, start anew in each, or each chain has its own offset.
fn describe(expected: &Structure, actual: &Structure, offsets: &[(Label, i64)]) -> String {
    let bounds = |structure: &Structure| -> Vec<(i64, i64)> {
        let number = |atom: usize| i64::from(structure.res_id[atom]);
        structure.chains().into_iter().map(|(_, atoms)| (number(atoms.start), number(atoms.end - 1))).collect()
    };
    let runs_on = |structure: &Structure| bounds(structure).windows(2).all(|pair| pair[1].0 == pair[0].1 + 1);
    let starts_anew = |structure: &Structure| bounds(structure).windows(2).all(|pair| pair[0].0 == pair[1].0);
    if starts_anew(expected) && runs_on(actual) {
        return "residue numbers run on through all chains instead of starting anew in each".to_owned();
    }
    if runs_on(expected) && starts_anew(actual) {
        return "residue numbers start anew in each chain instead of running on through all".to_owned();
    }
    let moved = offsets.iter().filter(|(_, offset)| *offset != 0);
    let mut words: Vec<String> = moved.map(|(name, offset)| format!("of chain {name} {offset:+}")).collect();
    if words.len() > NAMED {
        let more = words.len() - NAMED;
        words.truncate(NAMED);
        words.push(format!("of {more} more chains too"));
    }
    format!("residue numbers {} from what they should be", words.join(", "))
}

/// The same chains in the same order under names that were not expected.
pub(super) fn of_chain_names(expected: &Structure, actual: &Structure) -> Option<Cause> {
    let mut names: BTreeMap<Label, Label> = BTreeMap::new();
    for (before, after) in expected.chain_id.iter().zip(&actual.chain_id) {
        if *names.entry(*before).or_insert(*after) != *after {
            return None;
        }
    }
    let (before, after): (Vec<Label>, Vec<Label>) = names.into_iter().unzip();
    // The same names in another order mean chains in another order, which their contents show.
    if before.is_empty() || sorted(&before) == sorted(&after) {
        return None;
    }
    let what = format!("chains are named {} instead of {}", join(&after), join(&before));
    Some(Cause::new(MistakeKind::PermutedChains, what, 1.0))
}

/// Names separated by commas.
pub(super) fn join(labels: &[Label]) -> String {
    labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub(super) fn sorted(labels: &[Label]) -> Vec<Label> {
    let mut labels = labels.to_vec();
    labels.sort_unstable();
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::complex::Complex;
    use crate::check::fixture::structure;

    #[test]
    fn numbers_at_the_ends_of_their_range_are_compared_too() {
        let expected = structure(&Complex::parse("ACDE"));
        let mut actual = expected.clone();
        let last = actual.residues().len() - 1;
        for (residue, atoms) in expected.residues().into_iter().enumerate() {
            actual.res_id[atoms].fill(if residue == last { i32::MAX } else { i32::MIN + residue as i32 });
        }
        assert_eq!(of_numbers(&expected, &actual), None);
    }
}
