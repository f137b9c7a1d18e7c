//! The table as Markdown. Never puts foreign text outside of code.

use std::fmt::Write;

use super::notes::notes;
use super::{MatrixView, boileroom_release, counts, days, hydrotest, level, remarks, sign};
use crate::outcome::record::{LevelReached, MatrixCell};
use crate::report::markdown::code::code;

/// The table with its notes.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let matrix = &view.matrix;
    let models = matrix.models.iter().map(|model| format!(" {} |", code(model))).collect::<Vec<_>>().concat();
    let mut text = format!(
        "| backend | kind | weights |{models} hydrotest | boileroom | date | link |\n|{}",
        "---|".repeat(matrix.models.len() + 7)
    );
    for row in &matrix.rows {
        let _ = write!(text, "\n| {} | {} | {} |", code(row.backend), code(row.kind), code(row.weights));
        for model in &matrix.models {
            let _ = write!(text, " {} |", cell(row.cells.get(model), model));
        }
        for fact in [hydrotest(row), boileroom_release(row), days(row)] {
            let fact = if fact.is_empty() { "–".to_owned() } else { code(&fact) };
            let _ = write!(text, " {fact} |");
        }
        let link = view.link(row).map(|url| format!("[run](<{url}>)"));
        let _ = write!(text, " {} |", link.as_deref().unwrap_or("–"));
    }
    text.push('\n');
    let notes = notes(view, code);
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        let _ = writeln!(text, "- {note}");
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
