//! Two files of results held against each other by every metric that applies. Data and numbers; nothing here prints.

mod arrays;
mod load;
mod structures;

pub use load::{Loaded, load};

use crate::cause::Cause;

/// What two results must keep to count as the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gates {
    /// Confidence, as a fraction of 1, from which a residue's place is relied on.
    pub confidence: f64,
    /// Root mean square distance of confident alpha carbons in ångström.
    pub alpha_rmsd: f64,
    /// Root mean square distance of all confident atoms in ångström.
    pub all_atom_rmsd: f64,
    /// Greatest distance of confident alpha carbons in ångström.
    pub farthest: f64,
    /// Least lDDT of confident atoms.
    pub lddt: f64,
    /// Least symmetric lDDT of all atoms.
    pub whole_lddt: f64,
    /// Mean absolute error of confidence, as a fraction of 1, where both sides are confident.
    pub confidence_error: f64,
    /// Absolute bound of the elements of arrays.
    pub absolute: f64,
    /// Relative bound of the elements of arrays.
    pub relative: f64,
}

/// One metric on all of the pair and on its confident part.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The metric with its unit.
    pub metric: &'static str,
    /// Over everything, or why there is no value.
    pub all: Result<f64, String>,
    /// Where both sides are confident; `None` where there is no such part.
    pub confident: Option<Result<f64, String>>,
    /// The bound, in words; `None` where the metric has none.
    pub allowed: Option<String>,
    /// Whether the bound is kept.
    pub is_kept: bool,
    /// The place of an extreme value.
    pub place: Option<String>,
}

/// A pair of structures or arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name, empty where a file holds one thing only.
    pub name: String,
    /// The metrics.
    pub rows: Vec<Row>,
    /// What differs beyond all metrics, such as atoms that only one side has.
    pub differences: Vec<String>,
    /// The likely cause, when something differs.
    pub cause: Option<Cause>,
}

impl Section {
    /// Whether the two sides count as the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && self.rows.iter().all(|row| row.is_kept)
    }

    fn different(name: &str, difference: String) -> Self {
        Self {
            name: name.to_owned(),
            rows: Vec::new(),
            differences: vec![difference],
            cause: None,
        }
    }
}

/// Compares everything that two files hold. The first is the reference.
#[must_use]
pub fn compare(first: &Loaded, second: &Loaded, gates: &Gates) -> Vec<Section> {
    let mut sections = pairs(&first.structures, &second.structures, |name, first, second| {
        structures::compare(name, first, second, gates)
    });
    sections.extend(pairs(&first.arrays, &second.arrays, |name, first, second| {
        arrays::compare(name, first, second, gates)
    }));
    if sections.is_empty() {
        sections.push(Section::different(
            "",
            "one holds structures, the other arrays, or neither anything".into(),
        ));
    }
    sections
}

fn pairs<T>(first: &[(String, T)], second: &[(String, T)], compare: impl Fn(&str, &T, &T) -> Section) -> Vec<Section> {
    // One thing against one thing needs no common name.
    if let ([(name, first)], [(_, second)]) = (first, second) {
        return vec![compare(name, first, second)];
    }
    let missing = |name: &str, side: &str| Section::different(name, format!("only the {side} has it"));
    let mut sections: Vec<Section> = first
        .iter()
        .map(|(name, value)| match second.iter().find(|(other, _)| other == name) {
            Some((_, other)) => compare(name, value, other),
            None => missing(name, "first"),
        })
        .collect();
    let extra = second
        .iter()
        .filter(|(name, _)| !first.iter().any(|(other, _)| other == name));
    sections.extend(extra.map(|(name, _)| missing(name, "second")));
    sections
}
