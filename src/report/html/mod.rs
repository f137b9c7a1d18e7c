//! The page of a run for a browser: one file that needs no network. Escapes every foreign text by the template engine or as JSON. Does
//! not judge cases.

mod overview;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use minijinja::{Environment, Value, context};
use serde::Serialize;

use crate::outcome::record::{CaseRecord, RunRecord, causes};
use overview::overview;

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

/// The most failures in the table for browsers without scripts.
const PLAIN_FAILURES: usize = 1000;

/// The data for the script of the page.
#[derive(Serialize)]
struct PageData<'a> {
    run: &'a RunRecord,
    /// The indices of the cases of each cause.
    causes: Vec<Vec<usize>>,
    /// The index of the deciding attempt of each case.
    deciding: Vec<Option<usize>>,
}

/// The page.
pub(super) fn render(run: &RunRecord) -> Result<String, minijinja::Error> {
    let groups = causes(run);
    let places: HashMap<&str, usize> =
        run.cases.iter().enumerate().map(|(place, case)| (case.name.as_str(), place)).collect();
    let indices =
        groups.iter().map(|group| group.cases.iter().filter_map(|case| places.get(&*case.name).copied()).collect());
    let deciding = run.cases.iter().map(CaseRecord::deciding_attempt).collect();
    let data = PageData { run, causes: indices.collect(), deciding };
    let shown = groups.iter().map(|group| {
        context! {
            title => &group.title,
            responsible => group.responsible.map(|responsible| responsible.to_string()),
            likely_cause => group.likely_cause,
            first => &group.first().name,
            cases => group.cases.len(),
        }
    });
    let wrong = || run.cases.iter().filter(|case| case.is_wrong());
    let failures = wrong().take(PLAIN_FAILURES).map(|case| {
        let summary = case.deciding_finding().map(|finding| finding.summary.as_str());
        context! {
            name => &case.name,
            verdict => case.verdict.to_string(),
            responsible => case.responsible.map(|responsible| responsible.to_string()).unwrap_or_default(),
            summary => summary.or(case.reason.as_deref()).unwrap_or_default(),
            reproduce => &case.reproduce,
        }
    });
    let mut environment = Environment::new();
    // The extension `.html` turns escaping on.
    environment.add_template("page.html", PAGE)?;
    environment.get_template("page.html")?.render(context! {
        page => overview(run),
        causes => shown.collect::<Vec<_>>(),
        failures => failures.collect::<Vec<_>>(),
        more_failures => wrong().count().saturating_sub(PLAIN_FAILURES),
        css => Value::from_safe_string(STYLES.concat()),
        script => Value::from_safe_string(SCRIPTS.concat()),
        data => Value::from_safe_string(script_json(&data)?),
    })
}

/// JSON that is safe inside a `script` element: no tag ends it, and no comment begins in it.
fn script_json(value: &impl Serialize) -> Result<String, minijinja::Error> {
    let text = serde_json::to_string(value).map_err(|error| {
        minijinja::Error::new(minijinja::ErrorKind::BadSerialization, "the run has no JSON form").with_source(error)
    })?;
    let mut safe = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = 0;
    // These letters occur in strings only, where an escape means the same.
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
