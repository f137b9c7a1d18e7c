//! `--shrink`: after a run, the failures of the backend one by one. Wires the run's plan and platform to the search and its report.

use std::sync::Arc;

use super::arguments::RunArguments;
use super::project::Project;
use super::{CommandError, complain, reproduce};
use crate::backend::kind::Overrides;
use crate::metric_value::count;
use crate::outcome::{Outcome, RunOutcome, Shrinking, ShrunkCase, Verdict, quote};
use crate::plan::{Plan, PlannedTrial};
use crate::prediction::{Input, Options};
use crate::report::shrink as report;
use crate::run::{Interrupt, Judging, Open, RunSettings, ShrinkRequest, shrink};

/// Checks that `hydrotest try` makes without being told.
const USUAL: [&str; 2] = ["contract", "sequence"];

/// A run that is over, and what searches may use.
pub(super) struct FailedCases<'a> {
    pub(super) plan: &'a Plan,
    pub(super) report: &'a RunOutcome,
    pub(super) open: Arc<Open>,
    pub(super) judging: &'a Judging,
    pub(super) settings: &'a RunSettings,
    pub(super) project: &'a Project,
}

impl FailedCases<'_> {
    /// Shrinks every case that the backend failed; returns what to tell.
    pub(super) fn shrink(&self, arguments: &RunArguments, overrides: &Overrides) -> Result<String, CommandError> {
        let selector = arguments.target.backend.as_deref().unwrap_or(&self.project.config.default);
        let begun = reproduce::of_command("try ", selector, overrides, &arguments.places.without_suites());
        let calls = usize::from(arguments.shrink_calls);
        let broken = |error: std::io::Error| CommandError::Broken(error.to_string());
        let failed = self.report.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
        let failed: Vec<(&PlannedTrial, &Outcome)> =
            failed.filter_map(|outcome| Some((self.trial(outcome)?, outcome))).collect();
        if failed.is_empty() || self.report.interrupted.is_some() {
            return Ok(String::new());
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(broken)?;
        let interrupt = {
            let _inside = runtime.enter();
            Interrupt::listen().map_err(broken)?
        };
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

    fn trial(&self, outcome: &Outcome) -> Option<&PlannedTrial> {
        self.plan.trials.iter().find(|trial| trial.name == outcome.name)
    }
}

/// The command line that makes the shrunk call and judges it as the case does; `None` where there is none: the failure takes several
/// calls, or its check is not written where it can be given again.
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
            add(flag, written(options));
        }
    }
    if matches!(&shrunk.request.input, Input::Many(items) if items.len() == 1) {
        words.push("--as-list".to_owned());
    }
    words.extend(shrunk.request.input.strings().iter().map(|text| quote(text)));
    Some(words.join(" "))
}

fn written(options: &Options) -> String {
    serde_json::Value::Object(options.clone()).to_string()
}

/// The table of a check as its suite has it: on one line, and of no call by name.
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
