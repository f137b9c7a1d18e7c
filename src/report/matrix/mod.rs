//! The table of backends and models, in several formats, and the texts that these share. Leaves it to each format to escape foreign text.

mod badge;
mod boileroom;
mod html;
mod json;
mod markdown;
mod notes;

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::VerdictCounts;
use crate::outcome::record::{
    AgreeingRows, Disagreement, LevelReached, Matrix, MatrixCell, MatrixRow, RunRecord, agreeing, disagreements, matrix,
};

/// The content of the table, from which every format is made.
pub(crate) struct MatrixView<'a> {
    matrix: Matrix<'a>,
    disagreements: Vec<Disagreement<'a>>,
    agreeing: Vec<AgreeingRows>,
    links: &'a BTreeMap<String, String>,
}

/// A format of the table.
pub(crate) struct MatrixForm {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its purpose, in one line.
    pub(crate) about: &'static str,
    render: fn(&MatrixView<'_>) -> String,
}

/// All formats, in the order in which they are listed.
pub(crate) static MATRIX_FORMS: &[MatrixForm] = &[
    MatrixForm { name: "markdown", about: "a table of Markdown, with notes below it", render: markdown::render },
    MatrixForm { name: "html", about: "one page without network", render: html::render },
    MatrixForm { name: "json", about: "for programs", render: json::render },
    MatrixForm { name: "badge", about: "the endpoint of a badge of shields.io", render: badge::render },
    MatrixForm {
        name: "boileroom",
        about: "the tables of `docs/backend_support_matrix.md` of boileroom",
        render: boileroom::render,
    },
];

impl<'a> MatrixView<'a> {
    /// The table of some runs. `links` has a page for each backend, by its name.
    pub(crate) fn new(runs: &'a [RunRecord], links: &'a BTreeMap<String, String>) -> Self {
        let matrix = matrix(runs);
        Self { disagreements: disagreements(&matrix), agreeing: agreeing(&matrix), matrix, links }
    }

    /// The table in a format.
    pub(crate) fn render(&self, form: &MatrixForm) -> String {
        (form.render)(self)
    }

    /// The name of a row in notes: its backend, with kind and weights if another row has the same backend.
    fn row_name(&self, index: usize) -> String {
        let row = &self.matrix.rows[index];
        if self.matrix.rows.iter().filter(|other| other.backend == row.backend).count() > 1 {
            format!("{} ({}, {})", row.backend, row.kind, row.weights)
        } else {
            row.backend.to_owned()
        }
    }

    fn row_names(&self, indices: &[usize]) -> Vec<String> {
        indices.iter().map(|&index| self.row_name(index)).collect()
    }

    fn link(&self, row: &MatrixRow<'_>) -> Option<&str> {
        self.links.get(row.backend).map(String::as_str)
    }
}

/// The text of a cell. Only a level "conforms".
fn level(cell: Option<&MatrixCell<'_>>) -> String {
    let text = match cell.map_or(LevelReached::NotRun, |cell| cell.reached) {
        LevelReached::ExtendedConforms => "extended conforms",
        LevelReached::CoreConforms => "core conforms",
        LevelReached::OwnTolerances => "passes with its own tolerances",
        LevelReached::Passed => {
            let counts = cell.map(|cell| cell.evidence.counts).unwrap_or_default();
            return format!("passed {} of {} selected", counts.passed, counts.cases());
        }
        LevelReached::Fails => "fails",
        LevelReached::Inconclusive => "inconclusive",
        LevelReached::NotRun => "not run",
    };
    text.to_owned()
}

/// The sign of a level, beside its text.
const fn sign(reached: LevelReached) -> &'static str {
    match reached {
        LevelReached::ExtendedConforms | LevelReached::CoreConforms => "✅",
        LevelReached::Passed | LevelReached::OwnTolerances => "🟡",
        LevelReached::Fails => "❌",
        LevelReached::Inconclusive => "❔",
        LevelReached::NotRun => "–",
    }
}

/// The counts of a cell with their labels.
fn counts(cell: &MatrixCell<'_>) -> String {
    let evidence = &cell.evidence;
    let levels = [("core", &evidence.core), ("extended", &evidence.extended)].into_iter();
    let levels = levels
        .filter(|(_, counts)| counts.cases() > 0)
        .map(|(level, counts)| format!("{level} {} of {} passed", counts.passed, counts.cases()));
    let others = others(&evidence.counts).into_iter().filter(|(number, _)| *number > 0);
    levels.chain(others.map(|(number, label)| format!("{number} {label}"))).collect::<Vec<_>>().join(", ")
}

/// Every count except passed cases, with its label.
const fn others(counts: &VerdictCounts) -> [(usize, &'static str); 10] {
    [
        (counts.failed, "failed"),
        (counts.errors, "errors"),
        (counts.without_reference, "without a sound reference"),
        (counts.unexpected_passes, "passed unexpectedly"),
        (counts.known_failures, "known failures"),
        (counts.known_upstream, "known upstream"),
        (counts.expected_failures, "failed as expected"),
        (counts.skipped - counts.inapplicable, "skipped"),
        (counts.inapplicable, "not applicable"),
        (counts.flaky, "flaky"),
    ]
}

/// Remarks on a cell: faults of its run, and rules by which most cells were not judged.
fn remarks(cell: &MatrixCell<'_>, model: &str) -> Vec<String> {
    let run = cell.run;
    let faults = [
        (!run.leaks.is_empty(), "leaked"),
        (!run.leak_checks_failed.is_empty(), "leak check failed"),
        (!run.outdated.is_empty(), "entries out of date"),
    ];
    let faults = faults.into_iter().filter(|(is_there, _)| *is_there);
    let mut remarks: Vec<String> = faults.map(|(_, fault)| fault.to_owned()).collect();
    remarks.extend(run.selection.shard.iter().map(|shard| format!("only shard {shard}")));
    let own = run.own_tolerances_of(model);
    remarks.extend(own.map(|own| format!("own tolerance {} {}", own.gate, own.values())));
    remarks.extend(cell.differs.iter().map(|rules| format!("other {rules}")));
    remarks
}

/// The distinct values among the runs of a row.
fn distinct<'a>(row: &MatrixRow<'a>, value: impl Fn(&'a RunRecord) -> Option<&'a str>) -> String {
    let values: BTreeSet<&str> = row.cells.values().filter_map(|cell| value(cell.run)).collect();
    values.into_iter().collect::<Vec<_>>().join(", ")
}

/// The versions of hydrotest.
fn hydrotest(row: &MatrixRow<'_>) -> String {
    distinct(row, |run| Some(&run.harness.version))
}

/// The releases of boileroom that backends report.
fn boileroom_release(row: &MatrixRow<'_>) -> String {
    distinct(row, |run| {
        run.backend.boileroom.as_deref().or_else(|| run.backend.versions.get("boileroom").map(String::as_str))
    })
}

/// The days on which the runs began.
fn days(row: &MatrixRow<'_>) -> String {
    distinct(row, |run| run.started.split('T').next())
}

#[cfg(test)]
mod tests;
