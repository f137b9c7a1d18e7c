//! The notes below the table: what is likely at fault where backends differ from recorded results, and which runs were left out. Keeps
//! foreign text apart, for each form to escape.

use super::MatrixView;
use crate::metric_value::count;
use crate::outcome::record::{AgreeingRows, Disagreement, LikelyFault};

/// How many names a note lists before the rest is only counted.
const LISTED: usize = 20;

/// A piece of a note.
pub(super) enum NotePart {
    /// Words of ours.
    Own(String),
    /// Words of an outcome file.
    Foreign(String),
}

use NotePart::{Foreign, Own};

/// The notes of a table, each as pieces.
pub(super) fn notes(view: &MatrixView<'_>) -> Vec<Vec<NotePart>> {
    let mut notes: Vec<Vec<NotePart>> = view.disagreements.iter().map(|one| disagreement(view, one)).collect();
    if view.agreeing.len() > 1 {
        notes.push(groups(view));
    }
    for (index, row) in view.matrix.rows.iter().enumerate() {
        let older: usize = row.cells.values().map(|cell| cell.older).max().unwrap_or(0);
        if older > 0 {
            let note = format!(": the newest run of each model counts; {} left out.", count(older, "older run"));
            notes.push(vec![Foreign(view.row_name(index)), Own(note)]);
        }
        if row.cells.values().any(|cell| cell.run.selection.shard.is_some()) {
            let note = ": this is a shard; `hydrotest merge` joins the shards of a run, and then every case counts.";
            notes.push(vec![Foreign(view.row_name(index)), Own(note.to_owned())]);
        }
    }
    notes
}

/// A note with its foreign text changed by `escape`.
pub(super) fn shown(note: &[NotePart], escape: impl Fn(&str) -> String, own: impl Fn(&str) -> String) -> String {
    let parts = note.iter().map(|part| match part {
        Own(text) => own(text),
        Foreign(text) => escape(text),
    });
    parts.collect()
}

fn disagreement(view: &MatrixView<'_>, one: &Disagreement<'_>) -> Vec<NotePart> {
    let backends: Vec<String> = one.rows.iter().map(|&row| view.row_name(row)).collect();
    let matching: Vec<String> = one.matching.iter().map(|&row| view.row_name(row)).collect();
    let cases = count(one.cases.len(), "case");
    let mut note = Vec::new();
    match one.fault {
        LikelyFault::Reference => {
            note.push(Own(format!("The reference is likely stale in {cases} (weights ")));
            note.push(Foreign(one.weights.to_owned()));
            note.push(Own("): ".to_owned()));
            list(&mut note, &backends);
            note.push(Own(" differ from it by the same numbers".to_owned()));
        }
        LikelyFault::Backend => {
            let (be, differ, do_) = match backends.len() {
                1 => ("is", "differs", "does"),
                _ => ("are", "differ", "do"),
            };
            list(&mut note, &backends);
            note.push(Own(format!(
                " {be} likely odd in {cases}: {differ} from the recorded result as no other backend {do_}"
            )));
        }
        LikelyFault::Unclear => {
            note.push(Own(format!("Unclear in {cases}: ")));
            list(&mut note, &backends);
            note.push(Own(" differ from the recorded result, and no majority by the same numbers".to_owned()));
        }
    }
    if !matching.is_empty() {
        note.push(Own("; matched by ".to_owned()));
        list(&mut note, &matching);
    }
    note.push(Own(". Cases: ".to_owned()));
    list(&mut note, &one.cases);
    if !one.fields.is_empty() {
        note.push(Own(". Values: ".to_owned()));
        list(&mut note, &one.fields);
    }
    note.push(Own(".".to_owned()));
    note
}

/// Which backends agree with each other in every case that they have in common.
fn groups(view: &MatrixView<'_>) -> Vec<NotePart> {
    let mut note = vec![Own("Groups that agree in every comparison: ".to_owned())];
    for (index, AgreeingRows { rows, match_reference }) in view.agreeing.iter().enumerate() {
        if index > 0 {
            note.push(Own("; ".to_owned()));
        }
        if *match_reference {
            note.push(Own("recorded results, ".to_owned()));
        }
        let names: Vec<String> = rows.iter().map(|&row| view.row_name(row)).collect();
        list(&mut note, &names);
    }
    note.push(Own(".".to_owned()));
    note
}

fn list(note: &mut Vec<NotePart>, names: &[impl AsRef<str>]) {
    for (index, name) in names.iter().take(LISTED).enumerate() {
        if index > 0 {
            note.push(Own(", ".to_owned()));
        }
        note.push(Foreign(name.as_ref().to_owned()));
    }
    if names.len() > LISTED {
        note.push(Own(format!(" and {} more", names.len() - LISTED)));
    }
}
