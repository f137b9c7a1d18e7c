//! `physical`: a structure could exist. Judges by fractions over confident residues, because real predictions break rules
//! where they are unsure; measures with `metric::geometry` and has no threshold of its own.

mod rules;

use self::rules::{Rule, rules};
use super::Check;
use super::evidence::{Calls, Given};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::likeness::{behind, of_residues};
use super::number::{count, show};
use super::structure_field::{is_structural, structure_of};
use super::terms::Terms;
use crate::config::read_changes;
use crate::prediction::Value;
use crate::prediction::gates::{GateTable, GateValues, PhysicalGates};
use crate::protein::{Structure, residue};
use crate::tensor::Tensor;

/// The name of the check.
pub const NAME: &str = "physical";

/// How many of the worst residues a finding names.
const NAMED: usize = 3;

#[derive(Debug)]
struct Physical {
    calls: Calls,
    field: FieldPath,
    changes: GateValues,
}

/// Reads `field`, `gates` and `call`.
pub fn compile(terms: &mut Terms<'_>) -> Option<Box<dyn Check>> {
    let calls = terms.calls();
    let changes = read_changes::<PhysicalGates>(terms.reader()).unwrap_or_default();
    terms.demand_gates(PhysicalGates::NAME, |gates| gates.physical.is_some());
    let field = terms.field_or("atom_array", "structures or structure files", is_structural)?;
    Some(Box::new(Physical { calls, field, changes }))
}

impl Check for Physical {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn judge_one(&self, given: &Given<'_>) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, given.call, summary);
        let value = match self.field.find(NAME, given) {
            Ok(value) => value,
            Err(finding) => return vec![*finding],
        };
        // Both are there for every model of the case since it was compiled.
        let (Some(gates), Some(spec)) = (given.contract.gates.physical, given.contract.field(self.field.name())) else {
            return Vec::new();
        };
        let gates = gates.with(&self.changes);
        let items: Vec<(String, &Value)> = match value.as_items() {
            Some(items) => {
                let items = items.iter().enumerate();
                items
                    .map(|(index, item)| (format!("{}[{index}]", self.field), item))
                    .collect()
            }
            None => vec![(self.field.to_string(), value)],
        };
        if items.is_empty() {
            return vec![wrong(format!("{}: expected structures, got none", self.field))];
        }
        let plddt = confidences(given);
        let structures = items.len();
        let mut findings = Vec::new();
        for (index, (path, item)) in items.into_iter().enumerate() {
            let plddt = behind(&plddt, structures, index);
            match structure_of(spec.kind, item) {
                Ok(structure) => {
                    let confidence = of_residues(&structure, spec.b_factor, plddt.as_deref());
                    findings.extend(judge_structure(
                        &path,
                        &structure,
                        confidence.as_deref(),
                        &gates,
                        given.call,
                    ));
                }
                Err(fault) => findings.push(wrong(format!("{path}: {fault}"))),
            }
        }
        findings
    }
}

/// The arrays of the field `plddt`, one for each sample; `None` for those that are no arrays of numbers.
fn confidences(given: &Given<'_>) -> Vec<Option<Vec<f64>>> {
    let items = given
        .prediction
        .field("plddt")
        .and_then(Value::as_items)
        .unwrap_or_default();
    items
        .iter()
        .map(|item| item.as_array().and_then(Tensor::to_f64))
        .collect()
}

fn judge_structure(
    path: &str,
    structure: &Structure,
    confidence: Option<&[f64]>,
    gates: &PhysicalGates,
    call: &str,
) -> Vec<Finding> {
    let residues = structure.residues();
    let judged: Vec<bool> = residues
        .iter()
        .enumerate()
        .map(|(index, range)| {
            let sure =
                confidence.is_none_or(|values| values.get(index).is_some_and(|value| *value >= gates.confidence));
            // Ligands, bases and modified residues have a geometry of their own.
            sure && residue::by_name(structure.res_name[range.start].as_str()).is_some()
        })
        .collect();
    let confident = judged.iter().filter(|judged| **judged).count();
    let of = match confidence {
        Some(_) => format!("{confident} of {} confident", count(residues.len(), "residue")),
        None => format!("{}, no confidence given", count(residues.len(), "residue")),
    };
    rules(structure, &judged, gates)
        .into_iter()
        .filter(Rule::is_broken)
        .map(|rule| {
            let worst: Vec<String> = rule
                .worst(NAMED)
                .into_iter()
                .map(|(residue, value)| {
                    let atom = residues.get(residue).map_or(0, |range| range.start);
                    format!(
                        "{} {} in chain {}: {}{}",
                        structure.res_name[atom],
                        structure.res_id[atom],
                        structure.chain_id[atom],
                        show(value),
                        rule.unit
                    )
                })
                .collect();
            let summary = format!(
                "{path}: {} of {} {}, allowed {}; {}",
                rule.broken.len(),
                rule.total,
                rule.words,
                rule.bound(),
                worst.join(", ")
            );
            Finding::wrong(NAME, call, summary)
                .detail(of.clone())
                .with_hint(rule.hint())
        })
        .collect()
}

#[cfg(test)]
mod tests;
