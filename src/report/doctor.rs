//! The requirements of backends and whether they are met, as a table for people or as JSON for programs. Does not check or print.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::backend::requirement::{Requirement, RequirementStatus};

/// A backend that was checked.
pub(crate) struct Patient<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) role: Role,
    pub(crate) requirements: Vec<Requirement>,
}

/// Why a backend is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It was requested or is the default: it has to run here.
    Wanted,
    /// It is declared, perhaps for other machines.
    Declared,
}

impl Patient<'_> {
    /// Whether it has to run here and cannot, or is broken where it is set up.
    pub(crate) fn is_sick(&self) -> bool {
        self.is(RequirementStatus::Unmet) || (self.is(RequirementStatus::Unset) && self.role == Role::Wanted)
    }

    fn is(&self, status: RequirementStatus) -> bool {
        self.requirements.iter().any(|requirement| requirement.status == status)
    }

    fn conclusion(&self) -> &'static str {
        if self.is_sick() {
            "cannot run like this"
        } else if self.is(RequirementStatus::Unset) {
            "not set up on this machine"
        } else {
            "can run"
        }
    }
}

/// The table, ending in a line break. A requirement that is not met has its advice below.
pub(crate) fn table(machine: &[Requirement], patients: &[Patient<'_>]) -> String {
    let all = patients.iter().flat_map(|patient| &patient.requirements).chain(machine);
    let width = all.map(|requirement| requirement.subject.chars().count()).max().unwrap_or(0);
    let mut text = String::from("this machine\n");
    lines(&mut text, machine, Role::Wanted, width);
    for patient in patients {
        let _ = writeln!(text, "\n{} (kind {}): {}", patient.name, patient.kind, patient.conclusion());
        lines(&mut text, &patient.requirements, patient.role, width);
    }
    text
}

fn lines(text: &mut String, requirements: &[Requirement], role: Role, width: usize) {
    for requirement in requirements {
        let Requirement { subject, found, status, .. } = requirement;
        let (mut found, indent) = (found.lines(), 10 + width + 2);
        let _ = writeln!(text, "  {:6}  {subject:width$}  {}", mark(*status, role), found.next().unwrap_or_default());
        for line in found {
            let _ = writeln!(text, "{:indent$}{line}", "");
        }
        if !requirement.advice.is_empty() {
            let _ = writeln!(text, "{:indent$}-> {}", "", requirement.advice);
        }
    }
}

const fn mark(status: RequirementStatus, role: Role) -> &'static str {
    match (status, role) {
        (RequirementStatus::Met, _) => "ok",
        (RequirementStatus::Doubtful, _) | (RequirementStatus::Unset, Role::Declared) => "note",
        (RequirementStatus::Unmet, _) | (RequirementStatus::Unset, Role::Wanted) => "broken",
    }
}

/// The requirements for programs.
pub(crate) fn json(machine: &[Requirement], patients: &[Patient<'_>]) -> Value {
    let shown = |requirements: &[Requirement], role: Role| -> Value {
        let one = |requirement: &Requirement| {
            json!({
                "subject": requirement.subject,
                "state": mark(requirement.status, role),
                "found": requirement.found,
                "advice": requirement.advice,
            })
        };
        requirements.iter().map(one).collect()
    };
    let backend = |patient: &Patient<'_>| {
        json!({
            "name": patient.name,
            "kind": patient.kind,
            "can_run": !patient.is(RequirementStatus::Unmet) && !patient.is(RequirementStatus::Unset),
            "requirements": shown(&patient.requirements, patient.role),
        })
    };
    json!({ "machine": shown(machine, Role::Wanted), "backends": patients.iter().map(backend).collect::<Value>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{BackendError, Fault, Stage};

    #[test]
    fn every_line_has_a_mark_and_what_is_not_well_its_advice() {
        let machine = [Requirement::met("disk", "9.0 GiB free")];
        let patients = [Patient {
            name: "lab",
            kind: "http",
            role: Role::Wanted,
            requirements: vec![
                Requirement::unmet("server", "no connection\nrefused", "start it"),
                Requirement::doubtful("snapshots", "0 of 3", "record them"),
            ],
        }];
        insta::assert_snapshot!(table(&machine, &patients), @"
        this machine
          ok      disk       9.0 GiB free

        lab (kind http): cannot run like this
          broken  server     no connection
                             refused
                             -> start it
          note    snapshots  0 of 3
                             -> record them
        ");
        let json = json(&machine, &patients);
        assert_eq!(json["backends"][0]["can_run"], false);
        assert_eq!(json["backends"][0]["requirements"][1]["state"], "note");
    }

    #[test]
    fn what_is_not_set_up_is_broken_only_where_it_has_to_run() {
        let error = BackendError::new(Stage::Configure, Fault::Misconfigured, "`X` is not set");
        let mut patient = Patient {
            name: "lab",
            kind: "process",
            role: Role::Declared,
            requirements: vec![Requirement::unset(&error)],
        };
        assert!(!patient.is_sick());
        let shown = table(&[], std::slice::from_ref(&patient));
        insta::assert_snapshot!(shown, @"
        this machine

        lab (kind process): not set up on this machine
          note    settings  `X` is not set
                            -> set it in your environment, or correct the backend's table
        ");
        patient.role = Role::Wanted;
        assert!(patient.is_sick());
        let shown = table(&[], std::slice::from_ref(&patient));
        insta::assert_snapshot!(shown, @"
        this machine

        lab (kind process): cannot run like this
          broken  settings  `X` is not set
                            -> set it in your environment, or correct the backend's table
        ");
        patient.role = Role::Declared;
        patient.requirements.push(Requirement::unmet("disk", "full", ""));
        assert!(patient.is_sick(), "what is set up and broken is broken");
    }
}
