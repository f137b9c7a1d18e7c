//! `hydrotest show CASE`: shows what a case sends, checks and is compared with, and where that is declared. Does not run the case.

use std::fmt::Write;

use clap::Args;

use super::arguments::TargetArguments;
use super::output::{CommandError, did_you_mean, say};
use super::paths::ProjectPaths;
use super::project::Project;
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::config::{Case, Diagnostic, Location};
use crate::metric_value::count;
use crate::outcome::quote;
use crate::outcome::record::plain_line;
use crate::plan::{Plan, PlannedCall, PlannedTrial, Selection};
use crate::prediction::Listing;
use crate::prediction::known::{KnownCourse, KnownOrigin};
use crate::snapshot::{Listed, Recording, ReviewState, SnapshotKey, Store};

/// The case to show.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Its name, `model::suite::case`, or a part of it that no other case has.
    #[arg(value_name = "CASE")]
    pub(crate) case: String,
    /// The backend that it is meant for.
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Where the project lies.
    #[command(flatten)]
    pub(crate) places: ProjectPaths,
}

/// Most letters of an input that are shown.
const LONGEST_INPUT: usize = 2000;
/// Most names that are listed for an ambiguous part of a name.
const MOST_NAMES: usize = 10;

/// Shows one case as planned for one backend.
pub(super) fn show(arguments: &ShowArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let selector = project.selector(arguments.target.backend.as_deref());
    let platform = Platform::select(&project.config, selector, Overrides::default())?;
    let plan = project.plan(&platform.table, &Selection::of_weights(&platform.weights))?;
    let trial = find(&plan, &arguments.case, selector)?;
    let mut text = head(trial);
    for call in &trial.calls {
        text.push_str(&of_call(call));
    }
    if let Some(case) = declared(&project, trial) {
        text.push_str("\nchecks\n");
        for check in &case.checks {
            let location = check.section.location();
            let _ = writeln!(text, "  {}: {}", place(&location), written(&location, &check.kind.value));
        }
    }
    text.push_str(&expectations(trial));
    text.push_str(&references(&project, trial, &platform.weights)?);
    let command = arguments.places.run_line(selector, &Overrides::default());
    let _ = writeln!(text, "\nrun it: {command} --exact {}", quote(&trial.name));
    say(&text);
    Ok(0)
}

/// The case of this name, or the only one whose name contains it.
fn find<'a>(plan: &'a Plan, wanted: &str, backend: &str) -> Result<&'a PlannedTrial, CommandError> {
    if let Some(trial) = plan.trials.iter().find(|trial| trial.name == wanted) {
        return Ok(trial);
    }
    let like: Vec<&PlannedTrial> = plan.trials.iter().filter(|trial| trial.name.contains(wanted)).collect();
    let diagnostic = match like.as_slice() {
        [only] => return Ok(only),
        [] => {
            let help = did_you_mean(wanted, plan.trials.iter().map(|trial| trial.name.as_str()));
            Diagnostic::new(format!("no case `{wanted}` for backend {backend}"))
                .with_help(help.unwrap_or_else(|| "`hydrotest --list` shows all cases".to_owned()))
        }
        several => {
            let mut names: Vec<String> = several.iter().take(MOST_NAMES).map(|trial| trial.name.clone()).collect();
            if several.len() > MOST_NAMES {
                names.push(format!("and {} more", several.len() - MOST_NAMES));
            }
            let message = format!("`{wanted}` is in the names of {}", count(several.len(), "case"));
            Diagnostic::new(message).with_help(format!("name one of them: {}", names.join(", ")))
        }
    };
    Err(diagnostic.into())
}

/// The declaration of the case in its suite.
fn declared<'a>(project: &'a Project, trial: &'a PlannedTrial) -> Option<&'a Case> {
    let suite = project.suites.iter().find(|suite| suite.name == *trial.suite)?;
    let is_it = |case: &Case| case.repetitions(&trial.contract).iter().any(|repetition| repetition.name == trial.case);
    suite.cases_for(&trial.contract).find(|case| is_it(case)).map(|case| &**case)
}

fn head(trial: &PlannedTrial) -> String {
    let mut text = format!("{}\n", trial.name);
    let statement = &trial.statement;
    if let Some(about) = statement.about() {
        let _ = writeln!(text, "  {}", plain_line(about));
    }
    let _ = writeln!(text, "  {} case of {}", trial.level.name(), plain_line(&statement.place()));
    let _ = write!(text, "  within {} s", trial.timeout.as_secs());
    if trial.retries > 0 {
        let _ = write!(text, ", tried again {}", count(trial.retries as usize, "time"));
    }
    text.push('\n');
    if let Some(planned) = &trial.scenario {
        let _ = writeln!(text, "  steps: {}", plain_line(&planned.scenario.to_string()));
    }
    if let Some(skip) = &trial.skip {
        let _ = writeln!(text, "  not run on this backend: {}", plain_line(&skip.reason));
    }
    text
}

fn of_call(call: &PlannedCall) -> String {
    let mut text = if &*call.name == "call" {
        format!("\ncall ({})\n", call.request.method)
    } else {
        format!("\ncall {} ({})\n", plain_line(&call.name), call.request.method)
    };
    let input = plain_line(&call.request.input.to_json().to_string());
    let shown: String = input.chars().take(LONGEST_INPUT).collect();
    let rest = input.chars().count().saturating_sub(LONGEST_INPUT);
    let more = if rest > 0 { format!(" … and {} more", count(rest, "character")) } else { String::new() };
    let _ = writeln!(text, "  input {shown}{more}");
    for (what, options) in [("options", &call.request.options), ("configuration", &call.config)] {
        if !options.is_empty() {
            let _ = writeln!(text, "  {what} {}", plain_line(&serde_json::json!(options).to_string()));
        }
    }
    text
}

/// `file:line`.
fn place(location: &Location) -> String {
    plain_line(&format!("{}:{}", location.source().path(), location.line()))
}

/// The text of a check on one line, or its name if it is a table with a header of its own.
fn written(location: &Location, name: &str) -> String {
    let text = location.source().text().get(location.span()).unwrap_or_default();
    if text.starts_with('{') {
        plain_line(&text.split_whitespace().collect::<Vec<_>>().join(" "))
    } else {
        plain_line(name)
    }
}

/// The failures that are expected or known.
fn expectations(trial: &PlannedTrial) -> String {
    let mut text = String::new();
    if let Some(expected) = &trial.expected_failure {
        let _ = writeln!(text, "\nexpected to fail here: {}", plain_line(&expected.reason));
        if let Some(message) = &expected.message {
            let _ = writeln!(text, "  with `{}`", plain_line(message));
        }
    }
    for known in &trial.known {
        let what = match (known.course, known.origin) {
            (KnownCourse::Flaky, _) => "listed as flaky",
            (KnownCourse::Always, KnownOrigin::Upstream) => "known upstream",
            (KnownCourse::Always, KnownOrigin::Site) => "known failure",
        };
        let _ = writeln!(text, "\n{what} until {}: {}", known.expires_text, plain_line(&known.reason));
        let _ = writeln!(text, "  {} ({})", plain_line(&known.link), plain_line(&known.place));
    }
    text
}

/// The recorded results that the case is compared with.
fn references(project: &Project, trial: &PlannedTrial, weights: &str) -> Result<String, CommandError> {
    let keys: Vec<SnapshotKey> = trial.snapshot_keys(weights).collect();
    if keys.is_empty() {
        return Ok("\ncompared with no recorded result\n".to_owned());
    }
    let references = project.references(weights)?;
    let store = Store::new(references.directory(), Recording::Never)?;
    let listed = store.list()?;
    let mut text = String::new();
    for key in keys {
        let is_it = |entry: &&Listed| entry.key == key && entry.state == ReviewState::Accepted;
        let Some(entry) = listed.iter().find(is_it) else {
            let _ = writeln!(text, "\ncompared with {key}: not recorded yet");
            continue;
        };
        let _ = writeln!(text, "\ncompared with {key}: {}", plain_line(&entry.origin()));
        let _ = writeln!(text, "  {}", plain_line(&entry.path.display().to_string()));
        let prediction = store.inspect(entry)?;
        let listing = Listing::of(&prediction).map_err(CommandError::broken)?;
        for (path, leaf) in listing.entries() {
            let _ = writeln!(text, "  {}: {}", plain_line(path), plain_line(&leaf.describe()));
        }
    }
    Ok(text)
}
