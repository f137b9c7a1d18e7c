//! What the flags of a run mean that are libtest's: which trials, and how they are shown.

use super::arguments::{OutputFormat, RunArguments};
use super::colours;
use crate::run::{Colours, Matching, TrialFormat, Trials, Which};

/// The trials that are asked for.
pub(super) fn trials(arguments: &RunArguments, names: Option<Vec<String>>) -> Trials {
    Trials {
        filters: arguments.filters.clone(),
        names,
        matching: if arguments.exact { Matching::Exact } else { Matching::Part },
        skip: arguments.skip.clone(),
        which: if arguments.ignored { Which::Ignored } else { Which::All },
        format: match arguments.format {
            _ if arguments.quiet => TrialFormat::Terse,
            Some(OutputFormat::Json) => TrialFormat::Json,
            Some(OutputFormat::Terse) => TrialFormat::Terse,
            Some(OutputFormat::Pretty) => TrialFormat::Pretty,
            Some(OutputFormat::Cases) | None => TrialFormat::Cases,
        },
        workers: arguments.test_threads.map(usize::from),
        colours: if colours(arguments.color, &std::io::stdout()) { Colours::On } else { Colours::Off },
    }
}
