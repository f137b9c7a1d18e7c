//! The table as Markdown. Foreign text stands in code alone.

use std::fmt::Write;

use super::notes::{notes, shown};
use super::{MatrixView, boileroom_release, counts, days, hydrotest, level, remarks, sign};
use crate::outcome::record::{LevelReached, MatrixCell};
use crate::report::markdown::code::code;

/// The table with its notes.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let matrix = &view.matrix;
    let mut text = String::from("| backend | kind | weights |");
    for model in &matrix.models {
        let _ = write!(text, " {} |", code(model));
    }
    text.push_str(" hydrotest | boileroom | date | link |\n|---|---|---|");
    text.push_str(&"---|".repeat(matrix.models.len() + 4));
    for row in &matrix.rows {
        let _ = write!(text, "\n| {} | {} | {} |", code(row.backend), code(row.kind), code(row.weights));
        for model in &matrix.models {
            let _ = write!(text, " {} |", cell(row.cells.get(model), model));
        }
        for fact in [hydrotest(row), boileroom_release(row), days(row)] {
            let _ = write!(text, " {} |", optional(&fact));
        }
        let link = view.link(row).map(|url| format!("[run](<{url}>)"));
        let _ = write!(text, " {} |", link.as_deref().unwrap_or("–"));
    }
    text.push('\n');
    let notes = notes(view);
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        let _ = writeln!(text, "- {}", shown(&note, code, str::to_owned));
    }
    text
}

fn cell(cell: Option<&MatrixCell<'_>>, model: &str) -> String {
    let reached = cell.map_or(LevelReached::NotRun, |cell| cell.reached);
    let mut text = format!("{} {}", sign(reached), level(cell));
    if let Some(cell) = cell {
        let _ = write!(text, "<br>{}", counts(cell));
        for remark in remarks(cell, model) {
            let _ = write!(text, "<br>{}", code(&remark));
        }
    }
    text
}

fn optional(text: &str) -> String {
    if text.is_empty() { "–".to_owned() } else { code(text) }
}
