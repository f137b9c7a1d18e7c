//! The page of a run: one file without network, for a browser. Templates and scripts lie beside this file; every foreign text is
//! escaped by the template engine or travels as JSON. Judges nothing.

mod overview;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::format::Report;
use crate::outcome::record::{CaseRecord, RunRecord, causes};
use overview::Overview;

const PAGE: &str = include_str!("page.html");
const STYLES: [&str; 3] = [include_str!("css/theme.css"), include_str!("css/layout.css"), include_str!("css/case.css")];
const SCRIPTS: [&str; 9] = [
    include_str!("js/core.js"),
    include_str!("js/surface.js"),
    include_str!("js/curves.js"),
    include_str!("js/maps.js"),
    include_str!("js/backbone.js"),
    include_str!("js/plots.js"),
    include_str!("js/case.js"),
    include_str!("js/list.js"),
    include_str!("js/main.js"),
];

/// Failures in the table for browsers without scripts.
const PLAIN_FAILURES: usize = 1000;

/// The page of a run.
pub(super) struct Html;

impl Report for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn about(&self) -> &'static str {
        "one page for a browser, with filters, causes, numbers and plots; it needs no network"
    }

    fn draws(&self) -> bool {
        true
    }

    fn render(&self, run: &RunRecord) -> Result<String, String> {
        page(run).map_err(|error| format!("{error:#}"))
    }
}

/// What the script of the page reads.
#[derive(Serialize)]
struct PageData<'a> {
    run: &'a RunRecord,
    /// The places of the cases of each cause.
    causes: Vec<Vec<usize>>,
}

/// A group of failures as the template shows it.
#[derive(Serialize)]
struct ShownCause<'a> {
    title: &'a str,
    responsible: Option<String>,
    likely_cause: Option<&'a str>,
    first: &'a str,
    cases: usize,
}

/// A failure in the table for browsers without scripts.
#[derive(Serialize)]
struct PlainFailure<'a> {
    name: &'a str,
    verdict: String,
    responsible: String,
    summary: &'a str,
    reproduce: &'a str,
}

fn page(run: &RunRecord) -> Result<String, minijinja::Error> {
    let groups = causes(run);
    let places: HashMap<&str, usize> =
        run.cases.iter().enumerate().map(|(place, case)| (case.name.as_str(), place)).collect();
    let place_of = |case: &&CaseRecord| places.get(case.name.as_str()).copied();
    let data = PageData {
        run,
        causes: groups.iter().map(|group| group.cases.iter().filter_map(place_of).collect()).collect(),
    };
    let shown: Vec<ShownCause<'_>> = groups
        .iter()
        .map(|group| ShownCause {
            title: &group.title,
            responsible: group.responsible.map(|responsible| responsible.to_string()),
            likely_cause: group.likely_cause,
            first: &group.first().name,
            cases: group.cases.len(),
        })
        .collect();
    let wrong = run.cases.iter().filter(|case| case.is_wrong()).count();
    let failures: Vec<PlainFailure<'_>> =
        run.cases.iter().filter(|case| case.is_wrong()).take(PLAIN_FAILURES).map(plain).collect();
    let mut environment = Environment::new();
    // The ending of its name turns escaping on.
    environment.add_template("page.html", PAGE)?;
    environment.get_template("page.html")?.render(context! {
        page => Value::from(Serde(Overview::of(run))),
        causes => Value::from(Serde(shown)),
        failures => Value::from(Serde(failures)),
        more_failures => wrong.saturating_sub(PLAIN_FAILURES),
        css => Value::from_safe_string(STYLES.concat()),
        script => Value::from_safe_string(SCRIPTS.concat()),
        data => Value::from_safe_string(script_json(&data)?),
    })
}

fn plain(case: &CaseRecord) -> PlainFailure<'_> {
    let summary = case.deciding_finding().map(|finding| finding.summary.as_str());
    PlainFailure {
        name: &case.name,
        verdict: case.verdict.to_string(),
        responsible: case.responsible.map(|responsible| responsible.to_string()).unwrap_or_default(),
        summary: summary.or(case.reason.as_deref()).unwrap_or_default(),
        reproduce: &case.reproduce,
    }
}

/// JSON that is safe inside a `script` element: no tag ends it, and no comment begins in it.
fn script_json(value: &impl Serialize) -> Result<String, minijinja::Error> {
    let text = serde_json::to_string(value).map_err(|error| {
        minijinja::Error::new(minijinja::ErrorKind::BadSerialization, "the run has no JSON form").with_source(error)
    })?;
    let mut safe = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = 0;
    // These letters stand in strings only, where an escape means the same.
    for (place, letter) in text.match_indices(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        safe.push_str(&text[rest..place]);
        rest = place + letter.len();
        safe.push_str(match letter {
            "<" => "\\u003c",
            ">" => "\\u003e",
            "&" => "\\u0026",
            "\u{2028}" => "\\u2028",
            _ => "\\u2029",
        });
    }
    safe.push_str(&text[rest..]);
    Ok(safe)
}
