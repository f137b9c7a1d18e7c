//! The table as one page, light and dark, for wide and narrow screens. Escapes every foreign text and needs no network.

use std::fmt::Write;

use super::notes::notes;
use super::{MatrixView, boileroom_release, counts, days, hydrotest, level, remarks};
use crate::outcome::record::{LevelReached, MatrixCell};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>hydrotest: backends and models</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8886; padding: .4rem .6rem; text-align: left; vertical-align: top; }
th small, td small { display: block; font-weight: normal; opacity: .8; }
/* What is scrolled under the names of backends must not show through. */
th:first-child { position: sticky; left: 0; background: Canvas; }
td[class] { min-width: 7rem; }
td:not([class]) { white-space: nowrap; }
.conforms { background: #2a82; }
.passed { background: #db02; }
.fails { background: #d332; }
.inconclusive { background: #8882; }
</style>
</head>
<body>
<h1>Backends and models</h1>
"#;

/// The page.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let matrix = &view.matrix;
    let mut text = String::from(HEAD);
    text.push_str("<div tabindex=\"0\" role=\"region\" aria-label=\"levels reached\">\n<table>\n<thead>\n<tr>");
    for column in ["backend"].iter().chain(&matrix.models).chain(&["versions", "run"]) {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escaped(column));
    }
    text.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in &matrix.rows {
        let (backend, kind, weights) = (escaped(row.backend), escaped(row.kind), escaped(row.weights));
        let _ = write!(text, "<tr><th scope=\"row\">{backend}<small>{kind}</small><small>{weights}</small></th>");
        for model in &matrix.models {
            text.push_str(&cell(row.cells.get(model), model));
        }
        let versions = [("hydrotest", hydrotest(row)), ("boileroom", boileroom_release(row))];
        let known = versions.iter().filter(|(_, version)| !version.is_empty());
        let known: Vec<String> = known.map(|(name, version)| format!("{name} {}", escaped(version))).collect();
        let _ = write!(text, "<td>{}</td>", known.join("<br>"));
        let day = escaped(&days(row));
        let run = match view.link(row) {
            Some(url) => format!("<a href=\"{}\">{day}</a>", escaped(url)),
            None => day,
        };
        let _ = writeln!(text, "<td>{run}</td></tr>");
    }
    text.push_str("</tbody>\n</table>\n</div>\n");
    let notes = notes(view, |text| format!("<code>{}</code>", escaped(text)));
    if !notes.is_empty() {
        let _ = writeln!(text, "<ul>\n<li>{}</li>\n</ul>", notes.join("</li>\n<li>"));
    }
    text + "</body>\n</html>\n"
}

fn cell(cell: Option<&MatrixCell<'_>>, model: &str) -> String {
    let reached = cell.map_or(LevelReached::NotRun, |cell| cell.reached);
    let class = match reached {
        LevelReached::ExtendedConforms | LevelReached::CoreConforms => "conforms",
        LevelReached::Passed | LevelReached::OwnTolerances => "passed",
        LevelReached::Fails => "fails",
        LevelReached::Inconclusive => "inconclusive",
        LevelReached::NotRun => "none",
    };
    let mut text = format!("<td class=\"{class}\">{}", level(cell));
    if let Some(cell) = cell {
        let _ = write!(text, "<small>{}</small>", counts(cell));
        for remark in remarks(cell, model) {
            let _ = write!(text, "<small>{}</small>", escaped(&remark));
        }
    }
    text + "</td>"
}

/// Escapes text for elements and for quoted attributes.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            letter => shown.push(letter),
        }
    }
    shown
}
