//! The table as JSON, for programs.

use serde_json::{Map, Value, json};

use super::notes::{notes, shown};
use super::{MatrixView, boileroom_release, level, others};
use crate::outcome::VerdictCounts;
use crate::outcome::record::{LevelReached, LikelyFault, MatrixCell, MatrixRow};

/// The whole table.
pub(super) fn render(view: &MatrixView<'_>) -> String {
    let names = |rows: &[usize]| rows.iter().map(|&row| view.row_name(row)).collect::<Vec<_>>();
    let rows: Vec<Value> = view.matrix.rows.iter().map(|row| row_value(view, row)).collect();
    let disagreements = view.disagreements.iter().map(|one| {
        json!({
            "likely_fault": match one.fault {
                LikelyFault::Reference => "reference",
                LikelyFault::Backend => "backend",
                LikelyFault::Unclear => "unclear",
            },
            "weights": one.weights,
            "differing": names(&one.rows),
            "matching": names(&one.matching),
            "cases": one.cases,
            "fields": one.fields,
        })
    });
    let agreeing = view
        .agreeing
        .iter()
        .map(|group| json!({ "backends": names(&group.rows), "match_recorded_results": group.match_reference }));
    let notes = notes(view);
    let notes = notes.iter().map(|note| shown(note, str::to_owned, str::to_owned));
    let table = json!({
        "format": "hydrotest-matrix",
        "version": 1,
        "models": view.matrix.models,
        "rows": rows,
        "disagreements": disagreements.collect::<Vec<_>>(),
        "agreeing": agreeing.collect::<Vec<_>>(),
        "notes": notes.collect::<Vec<_>>(),
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
        "level": match cell.reached {
            LevelReached::ExtendedConforms => "extended_conforms",
            LevelReached::CoreConforms => "core_conforms",
            LevelReached::OwnTolerances => "own_tolerances",
            LevelReached::Passed => "passed",
            LevelReached::Fails => "fails",
            LevelReached::Inconclusive => "inconclusive",
            LevelReached::NotRun => "not_run",
        },
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

/// All counts by their words.
fn counts_value(counts: &VerdictCounts) -> Value {
    let mut value = Map::new();
    value.insert("cases".to_owned(), counts.cases().into());
    value.insert("passed".to_owned(), counts.passed.into());
    for (number, word) in others(counts) {
        value.insert(word.replace(' ', "_"), number.into());
    }
    value.into()
}
