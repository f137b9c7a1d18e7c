//! The sequences of an input taken apart: items, their chains, the residues of those. Makes inputs of what is kept of them; asks no
//! backend.

use crate::prediction::Input;
use crate::protein::sequence::{CHAIN_SEPARATOR, MASK};

/// An input of text, taken apart.
#[derive(Debug, Clone)]
pub(super) struct InputParts {
    /// A list stays one, also of a single item: it may be what the backend is wrong about.
    is_list: bool,
    /// Items, chains, residues; a mask is one of these.
    items: Vec<Vec<Vec<String>>>,
}

/// What is made shorter.
#[derive(Debug, Clone, Copy)]
pub(super) enum PartLevel {
    /// The list: samples of a batch, or chains for a model that takes them so.
    Items,
    /// The chains of an item.
    Chains(usize),
    /// The residues of a chain of an item.
    Residues(usize, usize),
}

impl InputParts {
    /// `None` for structured input.
    pub(super) fn of(input: &Input) -> Option<Self> {
        let is_list = match input {
            Input::One(_) => false,
            Input::Many(_) => true,
            Input::Structured(_) => return None,
        };
        let chains = |item: &String| item.split(CHAIN_SEPARATOR).map(residues).collect();
        Some(Self { is_list, items: input.strings().iter().map(chains).collect() })
    }

    /// The input of these parts.
    pub(super) fn input(&self) -> Input {
        let chains = |item: &Vec<Vec<String>>| item.iter().map(|chain| chain.concat()).collect::<Vec<_>>();
        let mut items = self.items.iter().map(|item| chains(item).join(&CHAIN_SEPARATOR.to_string()));
        if self.is_list { Input::Many(items.collect()) } else { Input::One(items.next().unwrap_or_default()) }
    }

    /// How many things there are at a level.
    pub(super) fn count(&self, level: PartLevel) -> usize {
        match level {
            PartLevel::Items => self.items.len(),
            PartLevel::Chains(item) => self.items[item].len(),
            PartLevel::Residues(item, chain) => self.items[item][chain].len(),
        }
    }

    /// The same with nothing but these at a level.
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
