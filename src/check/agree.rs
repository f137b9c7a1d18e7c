//! `agree`: two answers, or two samples, say the same, exactly or within a tolerance.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use super::Check;
use super::candidates::Candidates;
use super::compare::{Allowed, compare};
use super::evidence::{Calls, Evidence, Given};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::gated::{PLDDT, compare_answers, numbers};
use super::likeness::compare_confidence;
use super::pair::{Compared, Sides};
use super::structure_field::structure_of;
use super::terms::{TOLERANCES, Terms};
use crate::cause::{Frame, of_values};
use crate::config::read_changes;
use crate::measure::{ABSOLUTE, Floor, Noise, Verdict, with_slack};
use crate::prediction::Value;
use crate::prediction::contract::FieldKind;
use crate::prediction::gates::{GateTable, GateValues, StructureGates};

/// The name of the check.
pub const NAME: &str = "agree";

#[derive(Debug)]
struct Agree {
    compared: Compared,
    allowed: Allowed,
    /// Changes to the gates of the model, where structures are judged by them.
    gates: Option<GateValues>,
}

/// Reads `fields`, `first`, `second`, `items`, `atol`, `rtol`, `cosine` and `gates`.
pub fn compile(terms: &mut Terms<'_>) -> Option<Box<dyn Check>> {
    let compared = Compared::read(terms);
    let reader = terms.reader();
    let absolute = reader.number("atol", TOLERANCES);
    let relative = reader.number("rtol", TOLERANCES);
    let cosine = reader.number("cosine", (Bound::Excluded(-1.0), Bound::Included(1.0)));
    let gates = read_changes::<StructureGates>(reader);
    if gates.is_some() {
        terms.demand_gates(StructureGates::NAME, |gates| gates.structure.is_some());
    }
    let elements = match (absolute, relative) {
        (None, None) if cosine.is_some() => None,
        (absolute, relative) => Some((absolute.unwrap_or(0.0), relative.unwrap_or(0.0))),
    };
    let compared = compared?;
    let fields = &compared.fields;
    // Confidences have gates too.
    if fields.iter().all(|field| field.name() != PLDDT) {
        terms.demand_some("gates", fields, "a field of structures", |kind| {
            kind == FieldKind::Structures
        });
    }
    terms.demand_some("cosine", fields, "a field of arrays", |kind| {
        matches!(kind, FieldKind::Array | FieldKind::Arrays)
    });
    Some(Box::new(Agree {
        compared,
        allowed: Allowed {
            elements,
            cosine,
            floor: None,
        },
        gates,
    }))
}

impl Agree {
    const fn frame(&self) -> Frame {
        match self.gates {
            None => Frame::Fixed,
            Some(_) => Frame::Free,
        }
    }
}

impl Check for Agree {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> &Calls {
        self.compared.pair.calls()
    }

    fn judge(&self, evidence: &Evidence<'_>) -> Vec<Finding> {
        let floors = floors(evidence, self.compared.pair.second());
        self.compared.judge_each(NAME, evidence, |field, sides, first, second| {
            let mut found = if self.gates.is_some() && is_structures(first, field) {
                self.judge_structures(evidence, &floors, sides, field, first, second)
            } else if let (Some(changes), PLDDT, true) = (&self.gates, field.name(), field.is_whole()) {
                self.judge_confidences(evidence, &floors, sides, changes)
            } else {
                self.judge_numbers(evidence, &floors, sides, field)
            };
            if let Some(told) = found.first_mut() {
                let candidates = Candidates::of(evidence, field, sides, first, second);
                let cause = of_values(&sides.first, &sides.second, self.frame(), &candidates.list());
                told.hint = cause.map(|cause| cause.to_string());
            }
            found
        })
    }
}

/// What repeats of a call differ by, where that was measured.
fn floors(evidence: &Evidence<'_>, call: &str) -> BTreeMap<String, Floor> {
    let measured = || {
        let recorded = evidence.recorded.filter(|recorded| recorded.noise.is_none())?;
        recorded.store.floors(&(recorded.key)(call).ok()?).ok()?
    };
    with_slack(measured().unwrap_or_default().fields, evidence.contract.gates.slack())
}

impl Agree {
    /// Values element by element or row by row.
    fn judge_numbers(
        &self,
        evidence: &Evidence<'_>,
        floors: &BTreeMap<String, Floor>,
        sides: &Sides<'_>,
        field: &FieldPath,
    ) -> Vec<Finding> {
        let of_field = floors
            .iter()
            .filter(|(path, _)| path.split('[').next() == Some(field.name()));
        let allowed = Allowed {
            floor: of_field
                .filter_map(|(_, floor)| floor.get(ABSOLUTE))
                .reduce(|one: Noise, other| if one.worst >= other.worst { one } else { other }),
            ..self.allowed
        };
        let found = compare(&sides.label, &sides.first, &sides.second, allowed, &sides.places);
        evidence
            .measured
            .keep(NAME, self.compared.pair.second(), &sides.label, found.measures);
        let mismatches = found.mismatches.into_iter();
        mismatches
            .map(|mismatch| {
                Finding::wrong(NAME, self.compared.pair.second(), mismatch.summary).with_details(mismatch.details)
            })
            .collect()
    }

    /// Structures by the gates of the model, superposed where both sides are confident.
    fn judge_structures(
        &self,
        evidence: &Evidence<'_>,
        floors: &BTreeMap<String, Floor>,
        sides: &Sides<'_>,
        field: &FieldPath,
        first: &Given<'_>,
        second: &Given<'_>,
    ) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, self.compared.pair.second(), summary);
        let (Some(gates), Some(changes)) = (first.contract.gates.structure, &self.gates) else {
            return Vec::new();
        };
        let gates = gates.with(changes);
        let items = |value: &Value| value.as_items().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
        let (expected, got) = (items(&sides.first), items(&sides.second));
        if expected.len() != got.len() || expected.is_empty() {
            let label = &sides.label;
            return vec![wrong(format!(
                "{label}: {} structures against {}",
                expected.len(),
                got.len()
            ))];
        }
        let (from, to) = sides.samples.unwrap_or((0, 0));
        let pairs = expected.iter().zip(&got).enumerate();
        pairs
            .filter_map(|(index, (expected, got))| {
                let path = if sides.samples.is_some() {
                    sides.label.clone()
                } else {
                    format!("{}[{index}]", sides.label)
                };
                let (expected, got) = match (
                    structure_of(FieldKind::Structures, expected),
                    structure_of(FieldKind::Structures, got),
                ) {
                    (Ok(expected), Ok(got)) => (expected, got),
                    (Err(fault), _) | (_, Err(fault)) => return Some(wrong(format!("{path}: {fault}"))),
                };
                let floor = floors.get(&format!("{}[{}]", field.name(), to + index));
                let found = compare_answers(
                    first.contract,
                    field.name(),
                    (first.prediction, from + index, &expected),
                    (second.prediction, to + index, &got),
                    &gates,
                    floor.unwrap_or(&Floor::unknown()),
                );
                let measures = found.measures.iter().copied();
                evidence
                    .measured
                    .keep(NAME, self.compared.pair.second(), &path, measures);
                if found.verdict() != Verdict::Different {
                    return None;
                }
                Some(wrong(format!("{path}: {}", found.summary())).with_details(found.lines()))
            })
            .collect()
    }

    /// Confidences sample by sample by the gates of the model: single residues may move.
    fn judge_confidences(
        &self,
        evidence: &Evidence<'_>,
        floors: &BTreeMap<String, Floor>,
        sides: &Sides<'_>,
        changes: &GateValues,
    ) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, self.compared.pair.second(), summary);
        let Some(gates) = evidence.contract.gates.structure.map(|gates| gates.with(changes)) else {
            return Vec::new();
        };
        let items = |value: &Value| value.as_items().map_or_else(|| vec![value.clone()], <[Value]>::to_vec);
        let (expected, got) = (items(&sides.first), items(&sides.second));
        if expected.len() != got.len() || expected.is_empty() {
            let label = &sides.label;
            return vec![wrong(format!(
                "{label}: {} arrays against {}",
                expected.len(),
                got.len()
            ))];
        }
        let to = sides.samples.map_or(0, |samples| samples.1);
        let pairs = expected.iter().zip(&got).enumerate();
        pairs
            .filter_map(|(index, (expected, got))| {
                let label = &sides.label;
                let (Some(expected), Some(got)) = (numbers(expected), numbers(got)) else {
                    return Some(wrong(format!("{label}: no arrays of numbers to compare")));
                };
                if expected.len() != got.len() {
                    let (expected, got) = (expected.len(), got.len());
                    return Some(wrong(format!("{label}: {expected} residues against {got}")));
                }
                let floor = floors.get(&format!("{PLDDT}[{}]", to + index));
                let measures = compare_confidence(&expected, &got, &gates, floor.unwrap_or(&Floor::unknown()));
                let second = self.compared.pair.second();
                evidence.measured.keep(NAME, second, label, measures.iter().copied());
                let beyond = measures
                    .iter()
                    .filter(|measure| measure.verdict() == Verdict::Different);
                let words: Vec<String> = beyond.map(ToString::to_string).collect();
                (!words.is_empty()).then(|| wrong(format!("{label}: different: {}", words.join("; "))))
            })
            .collect()
    }
}

fn is_structures(given: &Given<'_>, field: &FieldPath) -> bool {
    let spec = given.contract.field(field.name());
    field.is_whole() && spec.is_some_and(|spec| spec.kind == FieldKind::Structures)
}
