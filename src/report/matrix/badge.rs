//! The table as the endpoint of a shields.io badge, which shows the worst of all cells. Names no model.

use serde_json::json;

use super::MatrixView;
use crate::outcome::record::{LevelReached, MatrixRow};

/// The JSON of the endpoint.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let matrix = &view.matrix;
    let all = matrix.rows.len() * matrix.models.len();
    let levels: Vec<LevelReached> =
        matrix.rows.iter().flat_map(|row| matrix.models.iter().map(|model| level(row, model))).collect();
    let number = |meant: LevelReached| levels.iter().filter(|level| **level == meant).count();
    let (fails, inconclusive) = (number(LevelReached::Fails), number(LevelReached::Inconclusive));
    let (passed, own) = (number(LevelReached::Passed), number(LevelReached::OwnTolerances));
    let extended = number(LevelReached::ExtendedConforms);
    let conforming = extended + number(LevelReached::CoreConforms);
    let (message, colour) = if fails > 0 {
        (format!("fails: {fails} of {all}"), "red")
    } else if inconclusive > 0 {
        (format!("inconclusive: {inconclusive} of {all}"), "lightgrey")
    } else if passed > 0 {
        (format!("passed as selected; core conforms: {conforming} of {all}"), "yellow")
    } else if own > 0 {
        (format!("passes with its own tolerances: {own} of {all}"), "yellow")
    } else if conforming == 0 {
        ("not run".to_owned(), "lightgrey")
    } else if extended == all {
        (format!("extended conforms: {all} of {all}"), "brightgreen")
    } else if conforming == all {
        (format!("core conforms: {all} of {all}"), "green")
    } else {
        (format!("core conforms: {conforming} of {all}"), "yellowgreen")
    };
    let first = matrix.rows.first().map(|row| row.backend);
    let label = match first.filter(|first| matrix.rows.iter().all(|row| row.backend == *first)) {
        Some(only) => format!("hydrotest {only}"),
        None => "hydrotest".to_owned(),
    };
    let badge = json!({ "schemaVersion": 1, "label": label, "message": message, "color": colour });
    format!("{badge:#}\n")
}

/// The level of a model. A leak is a failure of the backend, whichever model caused it.
fn level(row: &MatrixRow<'_>, model: &str) -> LevelReached {
    let cell = row.cells.get(model);
    let leaked = cell.is_some_and(|cell| !cell.run.leaks.is_empty());
    if leaked { LevelReached::Fails } else { row.reached(model) }
}
