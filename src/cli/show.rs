//! `hydrotest show CASE`: what a case asks, demands and is compared with, and where that is written. Runs nothing.

use std::fmt::Write;

use super::arguments::ShowArguments;
use super::project::Project;
use super::{CommandError, reproduce, say};
use crate::backend::kind::Overrides;
use crate::backend::registry::Platform;
use crate::config::{Case, Diagnostic, Diagnostics, Location, suggest};
use crate::metric_value::count;
use crate::outcome::quote;
use crate::outcome::record::plain_line;
use crate::plan::{Overriding, Plan, PlannedCall, PlannedTrial, Selection, expand};
use crate::prediction::{Listing, Options};
use crate::snapshot::{Recording, ReviewState, SnapshotKey, Store};

/// The most letters of an input that are shown.
const LONGEST_INPUT: usize = 2000;
/// The most names that are listed where several are meant.
const MOST_NAMES: usize = 10;

/// Shows one case, as it is for one backend.
pub(crate) fn show(arguments: &ShowArguments) -> Result<u8, CommandError> {
    let project = Project::read(&arguments.places)?;
    let selector = arguments.target.backend.as_deref().unwrap_or(&project.config.default);
    let platform = Platform::select(&project.config, selector, Overrides::default())?;
    let selection = Selection { weights: Some(platform.weights.clone()), ..Selection::default() };
    let table = &platform.table;
    let plan = expand(&project.config, &project.suites, table, &selection, Overriding::default())?;
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
    let command = reproduce::command(selector, &Overrides::default(), &arguments.places);
    let _ = writeln!(text, "\nrun it: {command} --exact {}", quote(&trial.name));
    say(&text);
    Ok(0)
}

/// The case of this name, or the only one with this in its name.
fn find<'a>(plan: &'a Plan, wanted: &str, backend: &str) -> Result<&'a PlannedTrial, Diagnostics> {
    if let Some(trial) = plan.trials.iter().find(|trial| trial.name == wanted) {
        return Ok(trial);
    }
    let like: Vec<&PlannedTrial> = plan.trials.iter().filter(|trial| trial.name.contains(wanted)).collect();
    let diagnostic = match like.as_slice() {
        [only] => return Ok(only),
        [] => {
            let diagnostic = Diagnostic::new(format!("no case `{wanted}` for backend {backend}"));
            let names = plan.trials.iter().map(|trial| trial.name.as_str());
            match suggest(wanted, names) {
                Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
                None => diagnostic.with_help("`hydrotest --list` shows all cases"),
            }
        }
        several => {
            let names = several.iter().take(MOST_NAMES).map(|trial| trial.name.as_str());
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            if several.len() > MOST_NAMES {
                names.push(format!("and {} more", several.len() - MOST_NAMES));
            }
            let message = format!("`{wanted}` is in the names of {}", count(several.len(), "case"));
            Diagnostic::new(message).with_help(format!("name one of them: {}", names.join(", ")))
        }
    };
    Err(diagnostic.into())
}

/// The case as its suite declares it.
fn declared<'a>(project: &'a Project, trial: &'a PlannedTrial) -> Option<&'a Case> {
    let suite = project.suites.iter().find(|suite| suite.name == *trial.suite)?;
    let mut cases = suite.cases_for(&trial.contract);
    let is_it = |case: &Case| {
        let repetitions = case.repetitions(&trial.contract);
        repetitions.iter().any(|repetition| repetition.name == trial.case)
    };
    cases.find(|case| is_it(case)).map(|case| &**case)
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
            let _ = writeln!(text, "  {what} {}", json(options));
        }
    }
    text
}

fn json(options: &Options) -> String {
    plain_line(&serde_json::json!(options).to_string())
}

/// `file:line`.
fn place(location: &Location) -> String {
    plain_line(&format!("{}:{}", location.source().path(), location.line()))
}

/// A check as it is written, in one line; its name where it is a table with a header of its own.
fn written(location: &Location, name: &str) -> String {
    let text = location.source().text().get(location.span()).unwrap_or_default();
    if text.starts_with('{') {
        let words: Vec<&str> = text.split_whitespace().collect();
        plain_line(&words.join(" "))
    } else {
        plain_line(name)
    }
}

/// Where it is known to fail.
fn expectations(trial: &PlannedTrial) -> String {
    let mut text = String::new();
    if let Some(expected) = &trial.expected_failure {
        let _ = writeln!(text, "\nexpected to fail here: {}", plain_line(&expected.reason));
        if let Some(message) = &expected.message {
            let _ = writeln!(text, "  with `{}`", plain_line(message));
        }
    }
    for known in &trial.known {
        let _ = writeln!(text, "\nknown upstream until {}: {}", known.expires_text, plain_line(&known.reason));
        let _ = writeln!(text, "  {} ({})", plain_line(&known.link), plain_line(&known.place));
    }
    text
}

/// What it is compared with.
fn references(project: &Project, trial: &PlannedTrial, weights: &str) -> Result<String, CommandError> {
    let keys: Vec<SnapshotKey> = trial.snapshot_keys(weights).collect();
    if keys.is_empty() {
        return Ok("\ncompared with no recorded result\n".to_owned());
    }
    let places = project.references(weights)?;
    let store = Store::new(places.directory(), Recording::Never)?;
    let listed = store.list()?;
    let mut text = String::new();
    for key in keys {
        let entry = listed.iter().find(|entry| entry.key == key && entry.state == ReviewState::Accepted);
        let Some(entry) = entry else {
            let _ = writeln!(text, "\ncompared with {key}: not recorded yet");
            continue;
        };
        let _ = writeln!(text, "\ncompared with {key}: {}", plain_line(&entry.origin()));
        let _ = writeln!(text, "  {}", plain_line(&entry.path.display().to_string()));
        let prediction = store.inspect(entry)?;
        let listing = Listing::of(&prediction).map_err(|error| CommandError::Broken(error.to_string()))?;
        for (path, leaf) in listing.entries() {
            let _ = writeln!(text, "  {}: {}", plain_line(path), plain_line(&leaf.describe()));
        }
    }
    Ok(text)
}
