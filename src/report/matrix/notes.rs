//! The notes below the table: the likely fault where backends differ from recorded results, and the runs that were left out. Does not
//! know how a format escapes foreign text.

use super::MatrixView;
use crate::metric_value::count;
use crate::outcome::record::{Disagreement, LikelyFault};

/// The most names in a note; the rest is only counted.
const LISTED: usize = 20;

/// Escapes the text of an outcome file for a format.
type EscapeForeign = fn(&str) -> String;

/// The notes of a table. Their own words must not contain `&`, `<`, `>` or quotes, because HTML does not escape them; backticks are meant
/// as Markdown.
pub(super) fn notes(view: &MatrixView<'_>, escape: EscapeForeign) -> Vec<String> {
    let mut notes: Vec<String> = view.disagreements.iter().map(|one| disagreement(view, one, escape)).collect();
    if view.agreeing.len() > 1 {
        notes.push(groups(view, escape));
    }
    for (index, row) in view.matrix.rows.iter().enumerate() {
        let name = escape(&view.row_name(index));
        let older = row.cells.values().map(|cell| cell.older).max().unwrap_or(0);
        if older > 0 {
            let older = count(older, "older run");
            notes.push(format!("{name}: the newest run of each model counts; {older} left out."));
        }
        if row.cells.values().any(|cell| cell.run.selection.shard.is_some()) {
            notes.push(format!(
                "{name}: this is a shard; `hydrotest merge` joins the shards of a run, and then every case counts."
            ));
        }
    }
    notes
}

fn disagreement(view: &MatrixView<'_>, one: &Disagreement<'_>, escape: EscapeForeign) -> String {
    let (backends, matching) = (list(&view.row_names(&one.rows), escape), list(&view.row_names(&one.matching), escape));
    let cases = count(one.cases.len(), "case");
    let start = match one.fault {
        LikelyFault::Reference => {
            let weights = escape(one.weights);
            format!(
                "The reference is likely stale in {cases} (weights {weights}): {backends} differ from it by the same numbers"
            )
        }
        LikelyFault::Backend => {
            let (be, differ, do_) = match one.rows.len() {
                1 => ("is", "differs", "does"),
                _ => ("are", "differ", "do"),
            };
            format!(
                "{backends} {be} likely odd in {cases}: {differ} from the recorded result as no other backend {do_}"
            )
        }
        LikelyFault::Unclear => {
            format!(
                "Unclear in {cases}: {backends} differ from the recorded result, and no majority by the same numbers"
            )
        }
    };
    let matching = if matching.is_empty() { matching } else { format!("; matched by {matching}") };
    let cases = list(&one.cases, escape);
    let values = if one.fields.is_empty() { "" } else { ". Values: " };
    format!("{start}{matching}. Cases: {cases}{values}{}.", list(&one.fields, escape))
}

/// The groups of backends that agree with each other in every case that they have in common.
fn groups(view: &MatrixView<'_>, escape: EscapeForeign) -> String {
    let groups = view.agreeing.iter().map(|group| {
        let reference = if group.match_reference { "recorded results, " } else { "" };
        format!("{reference}{}", list(&view.row_names(&group.rows), escape))
    });
    format!("Groups that agree in every comparison: {}.", groups.collect::<Vec<_>>().join("; "))
}

fn list(names: &[impl AsRef<str>], escape: EscapeForeign) -> String {
    let listed: Vec<String> = names.iter().take(LISTED).map(|name| escape(name.as_ref())).collect();
    match names.len().saturating_sub(LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
    }
}
