//! `--shrink`: shrinks the failures of the backend after a run, one by one. Connects plan, search and report, and does not choose inputs.

use std::sync::Arc;

use super::arguments::RunArguments;
use super::output::{CommandError, complain, runtime};
use super::project::Project;
use crate::backend::kind::Overrides;
use crate::metric_value::count;
use crate::outcome::{Outcome, RunOutcome, Shrinking, ShrunkCase, Verdict, quote};
use crate::plan::{Plan, PlannedTrial};
use crate::prediction::Input;
use crate::report::shrink as report;
use crate::run::{Interrupt, Judging, Open, RunSettings, ShrinkRequest, shrink};

/// Checks that `hydrotest try` always makes.
const USUAL: [&str; 2] = ["contract", "sequence"];

/// A run that is over, with what the searches need.
pub(super) struct FailedCases<'a> {
    pub(super) plan: &'a Plan,
    pub(super) report: &'a RunOutcome,
    pub(super) open: Arc<Open>,
    pub(super) judging: &'a Judging,
    pub(super) settings: &'a RunSettings,
    pub(super) project: &'a Project,
}

impl FailedCases<'_> {
    /// Shrinks every case that the backend failed, and returns the report.
    pub(super) fn shrink(&self, arguments: &RunArguments, overrides: &Overrides) -> Result<String, CommandError> {
        let selector = self.project.selector(arguments.target.backend.as_deref());
        let begun = arguments.places.without_suites().command_line("try ", selector, overrides);
        let calls = usize::from(arguments.shrink_calls);
        let trial = |outcome: &Outcome| self.plan.trials.iter().find(|trial| trial.name == outcome.name);
        let failed = self.report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
        let failed: Vec<(&PlannedTrial, &Outcome)> =
            failed.filter_map(|outcome| Some((trial(outcome)?, outcome))).collect();
        if failed.is_empty() || self.report.interrupted.is_some() {
            return Ok(String::new());
        }
        let runtime = runtime(2)?;
        let interrupt = Interrupt::listen(runtime.handle()).map_err(CommandError::broken)?;
        let mut text = String::new();
        for (trial, outcome) in failed {
            if interrupt.pending().is_some() {
                text.push_str("shrinking was interrupted\n\n");
                break;
            }
            complain(&format!("shrinking {}: {} at most", outcome.name, count(calls, "call")));
            let shrinking = runtime.block_on(shrink(&ShrinkRequest {
                trial,
                outcome,
                open: Arc::clone(&self.open),
                judging: self.judging,
                instances: self.settings.instances,
                calls,
                interrupt: &interrupt,
            }));
            let line = match &shrinking {
                Shrinking::Shrunk(shrunk) => try_line(self.project, trial, shrunk, &begun),
                Shrinking::LeftOut(_) => None,
            };
            let line = line.unwrap_or_else(|| format!("{} --exact {}", self.settings.reproduce, quote(&outcome.name)));
            text.push_str(&report::reported(&outcome.name, &shrinking, &line));
        }
        runtime.shutdown_timeout(std::time::Duration::from_secs(1));
        Ok(text)
    }
}

/// The command line that makes the shrunk call and judges it as the case does. Returns `None` if the failure takes several calls, or if
/// the text of its check cannot be an argument.
fn try_line(project: &Project, trial: &PlannedTrial, shrunk: &ShrunkCase, line: &str) -> Option<String> {
    if !shrunk.others.is_empty() {
        return None;
    }
    let mut words = vec![line.to_owned(), "--model".to_owned(), quote(&trial.contract.key)];
    let mut add = |flag: &str, value: String| words.extend([flag.to_owned(), quote(&value)]);
    if !USUAL.contains(&shrunk.finding.check) {
        add("--check", table(project, trial, shrunk.finding.check)?);
    }
    for (flag, options) in [("--model-config", &shrunk.config), ("--options", &shrunk.request.options)] {
        if !options.is_empty() {
            add(flag, serde_json::Value::Object(options.clone()).to_string());
        }
    }
    if matches!(&shrunk.request.input, Input::Many(items) if items.len() == 1) {
        words.push("--as-list".to_owned());
    }
    words.extend(shrunk.request.input.strings().iter().map(|text| quote(text)));
    Some(words.join(" "))
}

/// The text of a check in its suite, if it is an inline table on one line and names no call.
fn table(project: &Project, trial: &PlannedTrial, check: &str) -> Option<String> {
    let suite = project.suites.iter().find(|suite| suite.name == *trial.suite)?;
    let is_own =
        |name: &str| trial.case == name || trial.case.strip_prefix(name).is_some_and(|rest| rest.starts_with('@'));
    let case = suite.cases.iter().find(|case| is_own(&case.name))?;
    let mut tables = case.checks.iter().filter(|table| table.kind.value == check);
    let (only, None) = (tables.next()?, tables.next()) else {
        return None;
    };
    let location = only.section.location();
    let text = location.source().text().get(location.span())?;
    let is_plain = text.starts_with('{') && !text.contains(['\n', '#']) && only.section.key_location("call").is_none();
    is_plain.then(|| text.to_owned())
}
