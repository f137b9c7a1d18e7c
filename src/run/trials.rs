//! The selection of trials of a plan, and the form in which they are shown, as on libtest's command line. Does not run them.

use std::collections::HashSet;

use libtest_mimic::{Arguments, ColorSetting, FormatSetting};

use crate::plan::Plan;
use crate::prediction::known::matches_pattern;

/// Which trials of a plan to run, and how to show them.
#[derive(Debug, Clone, Default)]
pub struct Trials {
    /// Only trials whose name contains one of these. All if empty.
    pub filters: Vec<String>,
    /// Only trials with one of these names. All if `None`.
    pub names: Option<Vec<String>>,
    /// How names are compared with `filters` and `skip`.
    pub matching: Matching,
    /// No trials whose name contains one of these.
    pub skip: Vec<String>,
    /// How each is shown.
    pub format: TrialFormat,
    /// Number of trials at once, in place of the default.
    pub workers: Option<usize>,
    /// Whether the output is coloured.
    pub colours: Colours,
}

/// How a name is compared with another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Matching {
    /// It contains the other, or matches it as a pattern with `*`.
    #[default]
    Part,
    /// It equals the other.
    Exact,
}

/// How a trial is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrialFormat {
    /// A line for each, for people.
    Cases,
    /// A line for each, as libtest prints it.
    #[default]
    Pretty,
    /// A letter for each.
    Terse,
    /// A JSON object for each.
    Json,
}

/// Whether the output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Colours {
    /// With colours.
    On,
    /// Without colours.
    #[default]
    Off,
}

impl Trials {
    /// The indices of the trials of a plan that are selected.
    pub(crate) fn select(&self, plan: &Plan) -> Vec<usize> {
        let named: Option<HashSet<&str>> = self.names.as_ref().map(|names| names.iter().map(String::as_str).collect());
        let selected = plan.trials.iter().enumerate().filter(|(_, trial)| {
            named.as_ref().is_none_or(|names| names.contains(trial.name.as_str())) && self.selects(&trial.name)
        });
        selected.map(|(index, _)| index).collect()
    }

    /// Whether the filters select a name.
    pub(crate) fn selects(&self, name: &str) -> bool {
        let hits = |filter: &String| match self.matching {
            Matching::Exact => name == filter,
            Matching::Part if filter.contains('*') => matches_pattern(filter, name),
            Matching::Part => name.contains(filter.as_str()),
        };
        (self.filters.is_empty() || self.filters.iter().any(hits)) && !self.skip.iter().any(hits)
    }

    /// The arguments of libtest-mimic.
    pub(super) fn arguments(&self) -> Arguments {
        Arguments {
            test_threads: self.workers,
            format: Some(match self.format {
                TrialFormat::Pretty | TrialFormat::Cases => FormatSetting::Pretty,
                TrialFormat::Terse => FormatSetting::Terse,
                TrialFormat::Json => FormatSetting::Json,
            }),
            color: Some(match self.colours {
                Colours::On => ColorSetting::Always,
                Colours::Off => ColorSetting::Never,
            }),
            ..Arguments::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_parts_patterns_or_names() {
        let selects = |filters: &[&str], matching, name| {
            let trials = Trials {
                filters: filters.iter().map(|&filter| filter.to_owned()).collect(),
                matching,
                ..Trials::default()
            };
            trials.selects(name)
        };
        let name = "esm2::embed::short";
        assert!(selects(&[], Matching::Part, name));
        assert!(selects(&["batch", "embed"], Matching::Part, name));
        assert!(selects(&["esm2::*::short"], Matching::Part, name));
        assert!(!selects(&["esm2::*::long"], Matching::Part, name));
        assert!(!selects(&["embed*"], Matching::Part, name), "a pattern is about the whole name");
        assert!(!selects(&["embed"], Matching::Exact, name));
        assert!(selects(&[name], Matching::Exact, name));
        let skipping = Trials { skip: vec!["*::embed::*".into()], ..Trials::default() };
        assert!(!skipping.selects(name));
    }
}
