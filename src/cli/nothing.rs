//! Why a run selected nothing, and what may have been meant. Makes text.

use std::collections::HashSet;
use std::fmt::Write;

use clap::CommandFactory;

use super::arguments::{CommandLine, RunArguments};
use crate::config::suggest;
use crate::outcome::Conclusion;
use crate::plan::Plan;
use crate::report::console;

/// Says why nothing was selected, so that the reader knows what to change.
pub(super) fn explain_nothing(plan: &Plan, arguments: &RunArguments) -> String {
    let mut text = String::new();
    for suite in &plan.empty {
        let _ = writeln!(text, "{suite}");
    }
    if !plan.trials.is_empty() {
        let filters = arguments.filters.iter().map(|filter| format!("the filter `{filter}`"));
        let skips = arguments.skip.iter().map(|skip| format!("--skip `{skip}`"));
        let failed = arguments.control.rerun_failed.iter();
        let failed = failed.map(|path| format!("--rerun-failed `{}`", path.display()));
        let selecting: Vec<String> = filters.chain(skips).chain(failed).collect();
        let count = plan.trials.len();
        let _ = writeln!(
            text,
            "none of {count} planned cases is selected by {}; `--list` shows them",
            selecting.join(" and ")
        );
        for filter in &arguments.filters {
            if let Some(meant) = meant(plan, filter) {
                let _ = writeln!(text, "did you mean {meant}?");
            }
        }
    }
    text.push_str(&console::verdict(Conclusion::NothingRan));
    text
}

/// What a filter that selects nothing may mean: a command, or a part of the name of a case.
fn meant(plan: &Plan, filter: &str) -> Option<String> {
    let commands: Vec<String> =
        CommandLine::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    if let Some(command) = suggest(filter, commands.iter().map(String::as_str)) {
        return Some(format!("the command `{command}`"));
    }
    let mut parts = HashSet::new();
    for trial in &plan.trials {
        parts.insert(trial.name.as_str());
        parts.extend(trial.name.split("::"));
    }
    let mut parts: Vec<&str> = parts.into_iter().collect();
    parts.sort_unstable();
    suggest(filter, parts).map(|name| format!("`{name}`"))
}
