//! `hydrotest trend`: how cases change from run to run, from the histories that runs wrote. Judges nothing.

use super::CommandError;
use super::arguments::TrendArguments;
use super::report::{misconfigured, show};
use crate::outcome::record::{HistoryLine, history, trends};
use crate::prediction::known::matches_pattern;
use crate::report::trend::{json, text};

/// Shows the trends. Exits with 0, whatever they are.
pub(crate) fn trend(arguments: &TrendArguments) -> Result<u8, CommandError> {
    let mut lines = Vec::new();
    for path in &arguments.histories {
        lines.extend(history::read(path).map_err(misconfigured)?);
    }
    if let Some(filter) = &arguments.case {
        lines.retain(|line: &HistoryLine| is_meant(filter, &line.case));
    }
    let trends = trends(&lines);
    show(&if arguments.json { json(&trends) } else { text(&trends) })
}

/// As FILTER of a run selects.
fn is_meant(filter: &str, case: &str) -> bool {
    if filter.contains('*') { matches_pattern(filter, case) } else { case.contains(filter) }
}
