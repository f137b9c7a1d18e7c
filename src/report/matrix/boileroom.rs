//! The table in the layout of boileroom's `docs/backend_support_matrix.md`: models in rows, backends in columns, structure and embedding
//! models apart. Does not write the descriptions of backends that follow there.

use std::fmt::Write;

use super::{MatrixView, days, hydrotest};
use crate::outcome::record::{LevelReached, MatrixCell, MatrixRow};
use crate::report::markdown::code::code;

const HEAD: &str = "\
Backend Support Matrix
======================

The table below tracks which execution backends are currently available for each model.

Legend:
- ✅ Full support: conforms at level core or extended
- 🍊 Experimental/partial support: the number of passed cases of all that were selected; a case failed or not all ran
- – Not tested
";

/// The names of models in that file, by key.
const MODELS: &[(&str, &str)] = &[
    ("boltz2", "Boltz-2"),
    ("chai1", "Chai-1"),
    ("esmfold2", "ESMFold2"),
    ("esmfold", "ESMFold"),
    ("esm2", "ESM-2"),
    ("esmc", "ESM-C"),
    ("esm3", "ESM3"),
];
/// The names of backends in that file.
const BACKENDS: &[(&str, &str)] = &[("modal", "🟢 Modal"), ("apptainer", "🐧 Apptainer")];

/// The head and the tables.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let mut text = String::from(HEAD);
    let mut models = view.matrix.models.clone();
    // In the order of that file, with unknown models last.
    models.sort_by_key(|key| MODELS.iter().position(|(known, _)| known == key).unwrap_or(MODELS.len()));
    for (title, is_fold) in [("Structure Algorithms", true), ("Embedding Algorithms", false)] {
        let models: Vec<&str> = models.iter().copied().filter(|key| folds(view, key) == is_fold).collect();
        if !models.is_empty() {
            text.push_str(&table(view, title, &models));
        }
    }
    text.push('\n');
    for (index, row) in view.matrix.rows.iter().enumerate() {
        let link = view.link(row).map(|url| format!(": [results](<{url}>)")).unwrap_or_default();
        let _ = writeln!(
            text,
            "- {} was tested by hydrotest {} on {}{link}",
            code(&view.row_name(index)),
            code(&hydrotest(row)),
            code(&days(row)),
        );
    }
    text
}

fn table(view: &MatrixView<'_>, title: &str, models: &[&str]) -> String {
    let rows = &view.matrix.rows;
    let columns = (0..rows.len())
        .map(|index| format!(" {} |", title_of(BACKENDS, &view.row_name(index))))
        .collect::<Vec<_>>()
        .concat();
    let mut text = format!("\n### {title}\n\n| Model |{columns}\n|---|{}", ":-:|".repeat(rows.len()));
    for model in models {
        let cells = rows.iter().map(|row| format!(" {} |", support(row, model))).collect::<Vec<_>>().concat();
        let _ = write!(text, "\n| {} |{cells}", title_of(MODELS, model));
    }
    text + "\n"
}

/// The name of a model or backend in boileroom's file.
fn title_of(titles: &[(&str, &str)], key: &str) -> String {
    titles.iter().find(|(known, _)| *known == key).map_or_else(|| code(key), |(_, title)| (*title).to_owned())
}

fn support(row: &MatrixRow<'_>, model: &str) -> String {
    match (row.cells.get(model), row.reached(model)) {
        (None, _) | (_, LevelReached::NotRun) => "–".to_owned(),
        (_, reached) if reached.conforms() => "✅".to_owned(),
        (Some(MatrixCell { evidence, .. }), _) => {
            format!("🍊 {}/{}", evidence.counts.passed, evidence.counts.cases())
        }
    }
}

/// Whether a model folds, by the methods that its cases call.
fn folds(view: &MatrixView<'_>, model: &str) -> bool {
    let mut cases = view.matrix.rows.iter().filter_map(|row| row.cells.get(model)).flat_map(|cell| cell.cases(model));
    cases.any(|case| case.calls.iter().any(|call| call.method == "fold"))
}
