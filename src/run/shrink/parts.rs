//! Splits the sequences of an input into items, chains and residues, and joins the parts that are kept. Does not make calls.

use crate::prediction::Input;
use crate::protein::sequence::{CHAIN_SEPARATOR, MASK};

/// The parts of an input of text.
#[derive(Debug, Clone)]
pub(super) struct InputParts {
    /// A list with one item stays a list, because the failure may depend on it.
    is_list: bool,
    /// Items, chains, residues. A mask is one residue.
    items: Vec<Vec<Vec<String>>>,
}

/// The level at which parts are removed.
#[derive(Debug, Clone, Copy)]
pub(super) enum PartLevel {
    /// The list: samples of a batch, or chains if the model takes them as a list.
    Items,
    /// The chains of an item.
    Chains(usize),
    /// The residues of a chain of an item.
    Residues(usize, usize),
}

impl InputParts {
    /// Splits an input. Returns `None` for structured input.
    pub(super) fn of(input: &Input) -> Option<Self> {
        let is_list = match input {
            Input::One(_) => false,
            Input::Many(_) => true,
            Input::Structured(_) => return None,
        };
        let chains = |item: &String| item.split(CHAIN_SEPARATOR).map(residues).collect();
        Some(Self { is_list, items: input.strings().iter().map(chains).collect() })
    }

    /// Joins the parts.
    pub(super) fn input(&self) -> Input {
        let chains = |item: &Vec<Vec<String>>| item.iter().map(|chain| chain.concat()).collect::<Vec<_>>();
        let mut items = self.items.iter().map(|item| chains(item).join(&CHAIN_SEPARATOR.to_string()));
        if self.is_list { Input::Many(items.collect()) } else { Input::One(items.next().unwrap_or_default()) }
    }

    /// The number of parts at a level.
    pub(super) fn count(&self, level: PartLevel) -> usize {
        match level {
            PartLevel::Items => self.items.len(),
            PartLevel::Chains(item) => self.items[item].len(),
            PartLevel::Residues(item, chain) => self.items[item][chain].len(),
        }
    }

    /// Keeps only these parts at a level.
    pub(super) fn keep(&self, level: PartLevel, kept: &[usize]) -> Self {
        let mut parts = self.clone();
        match level {
            PartLevel::Items => parts.items = only(&parts.items, kept),
            PartLevel::Chains(item) => parts.items[item] = only(&parts.items[item], kept),
            PartLevel::Residues(item, chain) => parts.items[item][chain] = only(&parts.items[item][chain], kept),
        }
        parts
    }
}

fn only<T: Clone>(all: &[T], kept: &[usize]) -> Vec<T> {
    kept.iter().map(|&index| all[index].clone()).collect()
}

fn residues(chain: &str) -> Vec<String> {
    let mut rest = chain;
    let mut residues = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with(MASK) { MASK.len() } else { first.len_utf8() };
        residues.push(rest[..length].to_owned());
        rest = &rest[length..];
    }
    residues
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_comes_back_as_it_was_and_loses_what_is_not_kept() {
        for input in [
            Input::One("AC<mask>D:EF".into()),
            Input::Many(vec!["AC:D".into(), "EF".into()]),
            Input::Many(vec!["A".into()]),
            Input::One(String::new()),
        ] {
            assert_eq!(InputParts::of(&input).unwrap().input(), input);
        }
        let parts = InputParts::of(&Input::Many(vec!["AC<mask>D:EF".into(), "GH".into()])).unwrap();
        let counts =
            [PartLevel::Items, PartLevel::Chains(0), PartLevel::Residues(0, 0)].map(|level| parts.count(level));
        assert_eq!(counts, [2, 2, 4]);
        let parts = parts.keep(PartLevel::Items, &[0]).keep(PartLevel::Residues(0, 0), &[1, 2]);
        assert_eq!(parts.input(), Input::Many(vec!["C<mask>:EF".into()]));
        let parts = parts.keep(PartLevel::Chains(0), &[1]);
        assert_eq!(parts.input(), Input::Many(vec!["EF".into()]));
        assert!(InputParts::of(&Input::Structured(serde_json::json!({}))).is_none());
    }
}
