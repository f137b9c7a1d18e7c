//! The table as JSON, for programs. Makes no sentences of its own.

use serde_json::{Map, Value, json};

use super::notes::notes;
use super::{MatrixView, boileroom_release, level, others};
use crate::outcome::VerdictCounts;
use crate::outcome::record::{MatrixCell, MatrixRow};

/// The whole table.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let disagreements = view.disagreements.iter().map(|one| {
        json!({
            "likely_fault": one.fault,
            "weights": one.weights,
            "differing": view.row_names(&one.rows),
            "matching": view.row_names(&one.matching),
            "cases": one.cases,
            "fields": one.fields,
        })
    });
    let agreeing = view.agreeing.iter().map(
        |group| json!({ "backends": view.row_names(&group.rows), "match_recorded_results": group.match_reference }),
    );
    let table = json!({
        "format": "hydrotest-matrix",
        "version": 1,
        "models": view.matrix.models,
        "rows": view.matrix.rows.iter().map(|row| row_value(view, row)).collect::<Vec<_>>(),
        "disagreements": disagreements.collect::<Vec<_>>(),
        "agreeing": agreeing.collect::<Vec<_>>(),
        "notes": notes(view, str::to_owned),
    });
    format!("{table:#}\n")
}

fn row_value(view: &MatrixView<'_>, row: &MatrixRow<'_>) -> Value {
    let cells: Map<String, Value> =
        row.cells.iter().map(|(model, cell)| ((*model).to_owned(), cell_value(cell, model))).collect();
    json!({
        "backend": row.backend,
        "kind": row.kind,
        "weights": row.weights,
        "boileroom": boileroom_release(row),
        "link": view.link(row),
        "models": cells,
    })
}

fn cell_value(cell: &MatrixCell<'_>, model: &str) -> Value {
    let (run, evidence) = (cell.run, &cell.evidence);
    json!({
        "level": cell.reached,
        "words": level(Some(cell)),
        "core": counts_value(&evidence.core),
        "extended": counts_value(&evidence.extended),
        "started": run.started,
        "hydrotest": run.harness.version,
        "suites_sha256": run.harness.suites_sha256,
        "snapshots_sha256": run.harness.snapshots_sha256,
        "contracts_sha256": run.harness.contracts_sha256,
        "own_tolerances": run.own_tolerances_of(model).collect::<Vec<_>>(),
        "differs_from_most_in": cell.differs,
        "leaks": run.leaks.len(),
        "leak_checks_failed": run.leak_checks_failed.len(),
        "outdated": run.outdated.len(),
        "shard": run.selection.shard,
        "older_runs": cell.older,
    })
}

/// All counts by their labels.
fn counts_value(counts: &VerdictCounts) -> Value {
    let mut value = Map::new();
    value.insert("cases".to_owned(), counts.cases().into());
    value.insert("passed".to_owned(), counts.passed.into());
    value.extend(others(counts).map(|(number, label)| (label.replace(' ', "_"), number.into())));
    value.into()
}
