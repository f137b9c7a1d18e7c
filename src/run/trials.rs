//! Which trials of a plan are run and how they are shown, in the words of libtest's command line. Runs none.

use libtest_mimic::{Arguments, ColorSetting, FormatSetting};

/// What to run of a plan and how to show it.
#[derive(Debug, Clone, Default)]
pub struct Trials {
    /// Only those with this in their name.
    pub filter: Option<String>,
    /// How names are compared with `filter` and `skip`.
    pub matching: Matching,
    /// None of those with one of these in their name.
    pub skip: Vec<String>,
    /// Which of them by whether they can run.
    pub which: Which,
    /// How each is shown.
    pub format: TrialFormat,
    /// How many are worked on side by side, where not as many as there are processors.
    pub workers: Option<usize>,
    /// Whether the output is coloured.
    pub colours: Colours,
}

/// How a name is compared with another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Matching {
    /// It contains it.
    #[default]
    Part,
    /// It is the same.
    Exact,
}

/// Trials by whether they can run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Which {
    /// All; those that cannot run are shown as such.
    #[default]
    All,
    /// Only those that cannot run.
    Ignored,
}

/// How a trial is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrialFormat {
    /// A line for each.
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
    /// It is.
    On,
    /// It is not.
    #[default]
    Off,
}

impl Trials {
    /// The same in the types of libtest-mimic.
    pub(super) fn arguments(&self) -> Arguments {
        Arguments {
            filter: self.filter.clone(),
            exact: self.matching == Matching::Exact,
            skip: self.skip.clone(),
            ignored: self.which == Which::Ignored,
            test_threads: self.workers,
            format: Some(match self.format {
                TrialFormat::Pretty => FormatSetting::Pretty,
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
