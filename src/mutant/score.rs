//! Results of mutants: which case and check killed each, why some survive, and the score of the suites. Does not run mutants.

use std::sync::Arc;

use serde::Serialize;

use super::{Group, Mutant};
use crate::compare::{Agreement, Policy, ToleranceOverrides, compare};
use crate::prediction::{Contract, Prediction};

/// Mutants that no case can tell from a right backend, each with the reason. An entry that is no longer needed is an error.
const EXPLAINED: &[(&str, &str)] = &[
    ("generated/esmfold/sidechain_frames/single/one-element", WITHIN_WHERE_RECORDED),
    ("generated/esmfold/sidechain_frames/batch/one-element", WITHIN_WHERE_RECORDED),
    ("generated/esmfold/states/single/one-element", WITHIN_WHERE_RECORDED),
];
const WITHIN_WHERE_RECORDED: &str =
    "within the gates in the cases that have a recorded result, and beyond them only in a case that has none";

/// Why a mutant survives, if that is known.
pub(crate) fn reason(mutant: &str) -> Option<&'static str> {
    EXPLAINED.iter().find(|(name, _)| *name == mutant).map(|(_, reason)| *reason)
}

/// Whether a changed response is still right by the contract's tolerances and gates, and these measured the change. A change that they
/// do not measure is not within them.
pub(crate) fn is_within_tolerance(contract: &Contract, right: &Prediction, changed: &Prediction) -> bool {
    let found = compare(right, changed, &Policy::new(contract, &ToleranceOverrides::default(), None));
    let is_measured =
        found.fields.iter().any(|field| field.agreement == Agreement::Within && !field.measures.is_empty());
    found.matches() && is_measured
}

/// The result of one mutant.
pub(crate) struct MutantResult {
    /// The mutant.
    pub mutant: Arc<Mutant>,
    /// Number of cases whose outcome it could change.
    pub cases: usize,
    /// The cases that failed on it, in plan order.
    pub kills: Vec<Kill>,
    /// Whether every changed response is right within the model's tolerances.
    pub is_within_tolerance: bool,
}

/// One case that failed on a mutant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Kill {
    /// `model::suite::case`.
    pub case: String,
    /// The checks that found something.
    pub checks: Vec<&'static str>,
    /// Whether one of these checks needs no recorded result.
    pub without_reference: bool,
    /// The first finding, in one line.
    pub message: String,
    /// The likely cause in the findings.
    #[serde(rename = "likely_cause")]
    pub hint: Option<String>,
}

/// What the result of a mutant says about the suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The mutant changed no response: it is not counted.
    NoEffect,
    /// A faulty mutant that some case failed on.
    Killed,
    /// A faulty mutant that some case failed on, but not by a check that is meant to detect its fault.
    KilledByChance,
    /// A faulty mutant that every case passed.
    Survived,
    /// As [`Self::Survived`], for a known reason: it counts as not killed.
    Explained,
    /// A mutant that was killed despite a known reason why it cannot be: the reason is out of date.
    Outdated,
    /// A faulty mutant that every case passed because its changes are within the tolerances: it is not counted.
    Equivalent,
    /// A benign mutant that every case passed.
    Accepted,
    /// A benign mutant that some case failed on.
    FalseAlarm,
}

impl MutantResult {
    /// What it says about the suites.
    pub(crate) fn fate(&self) -> Fate {
        let killers = self.mutant.killers;
        let is_explained = reason(&self.mutant.name).is_some();
        let is_meant = |kill: &Kill| killers.is_empty() || kill.checks.iter().any(|check| killers.contains(check));
        match (self.mutant.group, self.kills.is_empty()) {
            _ if self.cases == 0 => Fate::NoEffect,
            (Group::Benign, true) => Fate::Accepted,
            (Group::Benign, false) => Fate::FalseAlarm,
            (_, true) if self.is_within_tolerance => Fate::Equivalent,
            (_, true) if is_explained => Fate::Explained,
            (_, true) => Fate::Survived,
            (_, false) if is_explained => Fate::Outdated,
            (_, false) if self.kills.iter().any(is_meant) => Fate::Killed,
            (_, false) => Fate::KilledByChance,
        }
    }
}

/// How many mutants had an effect, and how many of them were killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Faulty mutants that had an effect.
    pub mutants: usize,
    /// Killed mutants.
    pub killed: usize,
    /// Mutants that were killed by a check that needs no recorded result.
    pub without_reference: usize,
}

impl Score {
    /// The score of some results; benign mutants do not count.
    pub(crate) fn of<'a>(results: impl IntoIterator<Item = &'a MutantResult>) -> Self {
        let mut score = Self::default();
        for result in results {
            let fate = result.fate();
            if matches!(fate, Fate::NoEffect | Fate::Equivalent | Fate::Accepted | Fate::FalseAlarm) {
                continue;
            }
            score.mutants += 1;
            score.killed += usize::from(fate == Fate::Killed);
            score.without_reference += usize::from(result.kills.iter().any(|kill| kill.without_reference));
        }
        score
    }

    /// Percentage of killed mutants; 0 if there are no mutants.
    pub(crate) fn percent(self) -> f64 {
        if self.mutants == 0 { 0.0 } else { 100.0 * self.killed as f64 / self.mutants as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutant::{MutantFault, hand_made};

    fn result(group: Group, killers: &'static [&'static str], killed_by: Option<&'static str>) -> MutantResult {
        let mut mutant = hand_made("one", "", killers, MutantFault::Crossed);
        mutant.group = group;
        let kill = |check| Kill {
            case: "case".to_owned(),
            checks: vec![check],
            without_reference: check != "snapshot",
            message: String::new(),
            hint: None,
        };
        MutantResult {
            mutant: Arc::new(mutant),
            cases: 1,
            kills: killed_by.map(kill).into_iter().collect(),
            is_within_tolerance: false,
        }
    }

    #[test]
    fn a_kill_by_another_check_is_chance_and_scores_nothing() {
        let results = [
            result(Group::Fault, &["contract"], Some("contract")),
            result(Group::Fault, &["contract"], Some("snapshot")),
            result(Group::Generated, &[], None),
            result(Group::Benign, &[], None),
            result(Group::Benign, &[], Some("contract")),
        ];
        let fates: Vec<Fate> = results.iter().map(MutantResult::fate).collect();
        let expected = [Fate::Killed, Fate::KilledByChance, Fate::Survived, Fate::Accepted, Fate::FalseAlarm];
        assert_eq!(fates, expected);
        let score = Score::of(&results);
        assert_eq!((score.mutants, score.killed, score.without_reference), (3, 1, 1));
    }
}
