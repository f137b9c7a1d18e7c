//! What came of mutants: which case and check killed each, and the score of the suites. Data only.

use std::sync::Arc;

use super::explained::reason;
use super::{Group, Mutant};

/// What came of one mutant.
pub(crate) struct MutantResult {
    /// Which.
    pub mutant: Arc<Mutant>,
    /// Cases whose outcome it could change.
    pub cases: usize,
    /// The cases that failed on it, in plan order.
    pub kills: Vec<Kill>,
    /// Whether every response that it changes is the right one within the model's tolerances.
    pub(crate) is_within_tolerance: bool,
}

/// One case that failed on a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kill {
    /// `model::suite::case`.
    pub case: String,
    /// The checks that found something.
    pub checks: Vec<&'static str>,
    /// Whether a check did that needs no recorded result.
    pub without_reference: bool,
    /// The first finding, in one line.
    pub message: String,
    /// The likely cause that it gave.
    pub hint: Option<String>,
}

/// What a result says about the suites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No case came out differently because no response did: it is not counted.
    NoEffect,
    /// A faulty mutant that some case failed on.
    Killed,
    /// A faulty mutant that some case failed on, but none by a check that its fault is about.
    KilledByChance,
    /// A faulty mutant that every case passed.
    Survived,
    /// As [`Self::Survived`], for a reason that is known: it counts as not killed.
    Explained,
    /// A mutant that was killed although a reason is known why it cannot be: the reason is out of date.
    Outdated,
    /// A faulty mutant that every case passed because it changes less than a right port may: it is not counted.
    Equivalent,
    /// A benign mutant that every case passed.
    Accepted,
    /// A benign mutant that some case failed on.
    FalseAlarm,
}

impl MutantResult {
    /// What it says about the suites.
    #[must_use]
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

    /// Whether it was killed by a check that needs no recorded result.
    #[must_use]
    pub(crate) fn is_killed_without_reference(&self) -> bool {
        self.kills.iter().any(|kill| kill.without_reference)
    }
}

/// How many mutants had an effect, and how many of them were killed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Score {
    /// Faulty mutants that had an effect.
    pub mutants: usize,
    /// Those that were killed.
    pub killed: usize,
    /// Those that were killed by a check that needs no recorded result.
    pub without_reference: usize,
}

impl Score {
    /// Of some results; benign ones do not count.
    pub(crate) fn of<'a>(results: impl IntoIterator<Item = &'a MutantResult>) -> Self {
        let mut score = Self::default();
        for result in results {
            let fate = result.fate();
            if matches!(fate, Fate::NoEffect | Fate::Equivalent | Fate::Accepted | Fate::FalseAlarm) {
                continue;
            }
            score.mutants += 1;
            score.killed += usize::from(fate == Fate::Killed);
            score.without_reference += usize::from(result.is_killed_without_reference());
        }
        score
    }

    /// Killed mutants in percent; 0 where there are none.
    #[must_use]
    pub(crate) fn percent(self) -> f64 {
        if self.mutants == 0 {
            return 0.0;
        }
        100.0 * self.killed as f64 / self.mutants as f64
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
