//! What was found wrong with backends, as a table for people or as JSON for programs. Makes text; prints nothing.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::backend::examination::{State, Symptom};

/// A backend that was looked at.
pub struct Patient<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// What was found.
    pub symptoms: Vec<Symptom>,
}

/// The table, ending in a line break: what is not well has its advice below.
#[must_use]
pub fn table(machine: &[Symptom], patients: &[Patient<'_>]) -> String {
    let all = patients.iter().flat_map(|patient| &patient.symptoms).chain(machine);
    let width = all.map(|symptom| symptom.subject.chars().count()).max().unwrap_or(0);
    let mut text = String::from("this machine\n");
    lines(&mut text, machine, width);
    for patient in patients {
        let _ = writeln!(
            text,
            "\n{} (kind {}): {}",
            patient.name,
            patient.kind,
            conclusion(&patient.symptoms)
        );
        lines(&mut text, &patient.symptoms, width);
    }
    text
}

fn lines(text: &mut String, symptoms: &[Symptom], width: usize) {
    for symptom in symptoms {
        let Symptom { subject, found, .. } = symptom;
        let mut found = found.lines();
        let first = found.next().unwrap_or_default();
        let _ = writeln!(text, "  {:6}  {subject:width$}  {first}", mark(symptom.state));
        let indent = 10 + width + 2;
        for line in found {
            let _ = writeln!(text, "{:indent$}{line}", "");
        }
        if !symptom.advice.is_empty() {
            let _ = writeln!(text, "{:indent$}-> {}", "", symptom.advice);
        }
    }
}

fn conclusion(symptoms: &[Symptom]) -> &'static str {
    if symptoms.iter().any(|symptom| symptom.state == State::Broken) {
        "cannot run like this"
    } else {
        "can run"
    }
}

const fn mark(state: State) -> &'static str {
    match state {
        State::Well => "ok",
        State::Doubtful => "note",
        State::Broken => "broken",
    }
}

/// The same for programs.
#[must_use]
pub fn json(machine: &[Symptom], patients: &[Patient<'_>]) -> Value {
    let shown = |symptoms: &[Symptom]| -> Vec<Value> {
        let shown = symptoms.iter().map(|symptom| {
            json!({
                "subject": symptom.subject,
                "state": mark(symptom.state),
                "found": symptom.found,
                "advice": symptom.advice,
            })
        });
        shown.collect()
    };
    let backends: Vec<Value> = patients
        .iter()
        .map(|patient| {
            json!({
                "name": patient.name,
                "kind": patient.kind,
                "can_run": !patient.symptoms.iter().any(|symptom| symptom.state == State::Broken),
                "symptoms": shown(&patient.symptoms),
            })
        })
        .collect();
    json!({ "machine": shown(machine), "backends": backends })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_a_mark_and_what_is_not_well_its_advice() {
        let machine = [Symptom::well("disk", "9.0 GiB free")];
        let patients = [Patient {
            name: "lab",
            kind: "http",
            symptoms: vec![
                Symptom::broken("server", "no connection\nrefused", "start it"),
                Symptom::doubtful("snapshots", "0 of 3", "record them"),
            ],
        }];
        assert_eq!(
            table(&machine, &patients),
            "this machine\n  ok      disk       9.0 GiB free\n\n\
             lab (kind http): cannot run like this\n  \
             broken  server     no connection\n                     refused\n                     -> start it\n  \
             note    snapshots  0 of 3\n                     -> record them\n"
        );
        let json = json(&machine, &patients);
        assert_eq!(json["backends"][0]["can_run"], false);
        assert_eq!(json["backends"][0]["symptoms"][1]["state"], "note");
    }
}
