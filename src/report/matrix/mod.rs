//! The table of who supports what, in several forms: words and notes that they share. Each form escapes foreign text in its own way.

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

/// What every form of the table is made from.
pub(crate) struct MatrixView<'a> {
    matrix: Matrix<'a>,
    disagreements: Vec<Disagreement<'a>>,
    agreeing: Vec<AgreeingRows>,
    links: &'a BTreeMap<String, String>,
}

/// A form of the table.
pub(crate) struct MatrixForm {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it is for, in a line.
    pub(crate) about: &'static str,
    render: fn(&MatrixView<'_>) -> String,
}

/// All forms, in the order in which they are listed.
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
    /// The table of some runs. `links`: a page of each backend, by its name.
    pub(crate) fn new(runs: &'a [RunRecord], links: &'a BTreeMap<String, String>) -> Self {
        let matrix = matrix(runs);
        Self { disagreements: disagreements(&matrix), agreeing: agreeing(&matrix), matrix, links }
    }

    /// The table in a form.
    pub(crate) fn render(&self, form: &MatrixForm) -> String {
        (form.render)(self)
    }

    /// How notes call a row: by its backend, and by kind and weights where another row has the same.
    fn row_name(&self, index: usize) -> String {
        let row = &self.matrix.rows[index];
        let namesakes = self.matrix.rows.iter().filter(|other| other.backend == row.backend);
        if namesakes.count() > 1 {
            format!("{} ({}, {})", row.backend, row.kind, row.weights)
        } else {
            row.backend.to_owned()
        }
    }

    fn link(&self, row: &MatrixRow<'_>) -> Option<&str> {
        self.links.get(row.backend).map(String::as_str)
    }
}

/// What a cell says in words. "Conforms" is said of a level only.
fn level(cell: Option<&MatrixCell<'_>>) -> String {
    let Some(cell) = cell else {
        return "not run".to_owned();
    };
    let counts = &cell.evidence.counts;
    match cell.reached {
        LevelReached::ExtendedConforms => "extended conforms".to_owned(),
        LevelReached::CoreConforms => "core conforms".to_owned(),
        LevelReached::OwnTolerances => "passes with its own tolerances".to_owned(),
        LevelReached::Passed => format!("passed {} of {} selected", counts.passed, counts.cases()),
        LevelReached::Fails => "fails".to_owned(),
        LevelReached::Inconclusive => "inconclusive".to_owned(),
        LevelReached::NotRun => "not run".to_owned(),
    }
}

/// A sign for a level, beside its words.
const fn sign(reached: LevelReached) -> &'static str {
    match reached {
        LevelReached::ExtendedConforms | LevelReached::CoreConforms => "✅",
        LevelReached::Passed | LevelReached::OwnTolerances => "🟡",
        LevelReached::Fails => "❌",
        LevelReached::Inconclusive => "❔",
        LevelReached::NotRun => "–",
    }
}

/// The counts of a cell in words.
fn counts(cell: &MatrixCell<'_>) -> String {
    let evidence = &cell.evidence;
    let levels = [("core", &evidence.core), ("extended", &evidence.extended)];
    let levels = levels.into_iter().filter(|(_, counts)| counts.cases() > 0);
    let mut parts: Vec<String> =
        levels.map(|(level, counts)| format!("{level} {} of {} passed", counts.passed, counts.cases())).collect();
    let others = others(&evidence.counts).into_iter().filter(|(number, _)| *number > 0);
    parts.extend(others.map(|(number, word)| format!("{number} {word}")));
    parts.join(", ")
}

/// Every count beside that of passed cases, with its word.
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

/// What else a reader of a cell must know: faults of its run, and rules that most cells do not have.
fn remarks(cell: &MatrixCell<'_>, model: &str) -> Vec<String> {
    let run = cell.run;
    let faults = [
        (!run.leaks.is_empty(), "leaked"),
        (!run.leak_checks_failed.is_empty(), "leak check failed"),
        (!run.outdated.is_empty(), "entries out of date"),
    ];
    let faults = faults.into_iter().filter(|(is_there, _)| *is_there);
    let mut remarks: Vec<String> = faults.map(|(_, fault)| fault.to_owned()).collect();
    if let Some(shard) = &run.selection.shard {
        remarks.push(format!("only shard {shard}"));
    }
    let own = run.own_tolerances_of(model);
    remarks.extend(own.map(|own| format!("own tolerance {} {}", own.gate, own.values())));
    remarks.extend(cell.differs.iter().map(|rules| format!("other {rules}")));
    remarks
}

/// What is the same or differs among the runs of a row, each once.
fn distinct<'a>(row: &MatrixRow<'a>, value: impl Fn(&'a RunRecord) -> Option<&'a str>) -> String {
    let values: BTreeSet<&str> = row.cells.values().filter_map(|cell| value(cell.run)).collect();
    values.into_iter().collect::<Vec<_>>().join(", ")
}

/// The versions of hydrotest.
fn hydrotest(row: &MatrixRow<'_>) -> String {
    distinct(row, |run| Some(&run.harness.version))
}

/// The releases of boileroom, where backends say them.
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
