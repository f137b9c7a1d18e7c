//! `physical`: a structure could exist. Judges by fractions over confident residues, because real predictions break rules
//! where they are unsure, and all residues of trained models by gross rules; where neither applies nothing was judged, which
//! is no pass. Measures with `metric::geometry` and has no threshold of its own.

mod gross;
mod rules;
mod side_chains;

use self::gross::gross_rules;
use self::rules::{Rule, rules};
use super::case_results::{AnsweredCall, Calls, CaseResults};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::parser::CheckParser;
use super::structure_field::{is_structural, structure_of};
use super::weights::{is_trained, of_call};
use super::{Check, InputScope};
use crate::compare::{behind, of_residues};
use crate::config::read_changes;
use crate::prediction::Value;
use crate::prediction::gates::{GateTable, GateValues, PhysicalGates};
use crate::protein::{Structure, residue};
use crate::tensor::Tensor;

/// The name of the check.
pub(crate) const NAME: &str = "physical";

/// How many of the worst residues a finding names.
const NAMED: usize = 3;

#[derive(Debug)]
struct Physical {
    calls: Calls,
    field: FieldPath,
    changes: GateValues,
    /// The fraction of residues that trained weights must be confident of.
    confident: Option<f64>,
}

/// Reads `field`, `gates`, `confident` and `call`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let changes = read_changes::<PhysicalGates>(parser.reader()).unwrap_or_default();
    parser.demand_gates(PhysicalGates::NAME, |gates| gates.physical.is_some());
    parser.demand_breakable(&changes, |gates| gates.physical);
    let confident = parser.reader().number("confident", 0.0..=1.0);
    let field = parser.field_or("atom_array", "structures or structure files", is_structural)?;
    Some(Box::new(Physical { calls, field, changes, confident }))
}

impl Check for Physical {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        // How much of a structure a model is sure of depends on the protein.
        (self.field.is_whole() && self.confident.is_none()).then_some((NAME, InputScope::Every))
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let judged = self.calls.answered(results);
        judged
            .flat_map(|answered| self.judge_answer(results, &answered, of_call(results, answered.call).as_deref()))
            .collect()
    }
}

impl Physical {
    fn judge_answer(
        &self,
        results: &CaseResults<'_>,
        answered: &AnsweredCall<'_>,
        weights: Option<&str>,
    ) -> Vec<Finding> {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let value = match self.field.find(NAME, answered) {
            Ok(value) => value,
            Err(finding) => return vec![*finding],
        };
        // Both are there for every model of the case since it was compiled.
        let (Some(gates), Some(spec)) = (answered.contract.gates.physical, answered.contract.field(self.field.name()))
        else {
            return Vec::new();
        };
        let gates = gates.with(&self.changes);
        let items: Vec<(String, &Value)> = match value.as_items() {
            Some(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| (format!("{}[{index}]", self.field), item)).collect()
            }
            None => vec![(self.field.to_string(), value)],
        };
        if items.is_empty() {
            return vec![wrong(format!("{}: expected structures, got none", self.field))];
        }
        let plddt = confidences(answered);
        let structures = items.len();
        let is_trained = weights.is_some_and(is_trained);
        let mut findings = Vec::new();
        for (index, (path, item)) in items.into_iter().enumerate() {
            let plddt = behind(&plddt, structures, index);
            let structure = match structure_of(spec.kind, item) {
                Ok(structure) => structure,
                Err(fault) => {
                    findings.push(wrong(format!("{path}: {fault}")));
                    continue;
                }
            };
            let confidence = of_residues(&structure, spec.b_factor, plddt.as_deref());
            let subject = PhysicalStructure::new(&path, &structure, confidence.as_deref(), &gates);
            findings.extend(subject.judge(answered.call, is_trained));
            if let Some(least) = self.confident.filter(|_| is_trained) {
                findings.extend(subject.too_unsure(answered.call, least));
            }
            if !is_trained && !subject.has_confident() {
                let weights = weights.unwrap_or("unknown");
                let reason =
                    format!("{path}: no confident residue, and the weights `{weights}` need not be trained ones");
                results.measured.leave_unjudged(NAME, answered.call, &reason);
            }
        }
        findings
    }
}

/// The arrays of the field `plddt`, one for each sample; `None` for those that are no arrays of numbers.
fn confidences(answered: &AnsweredCall<'_>) -> Vec<Option<Vec<f64>>> {
    let items = answered.prediction.field("plddt").and_then(Value::as_items).unwrap_or_default();
    items.iter().map(|item| item.as_array().and_then(Tensor::to_f64)).collect()
}

/// One structure and which of its residues the strict rules look at.
struct PhysicalStructure<'a> {
    path: &'a str,
    structure: &'a Structure,
    gates: &'a PhysicalGates,
    /// For every residue whether it is an amino acid that the model is sure of.
    judged: Vec<bool>,
    has_confidence: bool,
}

impl<'a> PhysicalStructure<'a> {
    fn new(path: &'a str, structure: &'a Structure, confidence: Option<&[f64]>, gates: &'a PhysicalGates) -> Self {
        let residues = structure.residues();
        let is_judged = |(index, range): (usize, &std::ops::Range<usize>)| {
            let sure =
                confidence.is_none_or(|values| values.get(index).is_some_and(|value| *value >= gates.confidence));
            // Ligands, bases and modified residues have a geometry of their own.
            sure && residue::by_name(structure.res_name[range.start].as_str()).is_some()
        };
        Self {
            path,
            structure,
            gates,
            judged: residues.iter().enumerate().map(is_judged).collect(),
            has_confidence: confidence.is_some(),
        }
    }

    fn confident(&self) -> usize {
        self.judged.iter().filter(|judged| **judged).count()
    }

    fn has_confident(&self) -> bool {
        self.judged.contains(&true)
    }

    /// The fraction of residues that are confident.
    fn share(&self) -> f64 {
        self.confident() as f64 / self.judged.len().max(1) as f64
    }

    fn too_unsure(&self, call: &str, least: f64) -> Option<Finding> {
        let share = self.share();
        (self.has_confidence && share < least).then(|| {
            let summary = format!(
                "{}: {} of {} confident, expected at least {} %",
                self.path,
                self.confident(),
                count(self.judged.len(), "residue"),
                show(100.0 * least)
            );
            Finding::wrong(NAME, call, summary)
        })
    }

    /// The strict rules for confident residues; the gross ones for all, where the model is trained or claims to be sure.
    fn judge(&self, call: &str, is_trained: bool) -> Vec<Finding> {
        let residues = count(self.judged.len(), "residue");
        let of = if self.has_confidence {
            format!("{} of {residues} confident", self.confident())
        } else {
            format!("{residues}, no confidence given")
        };
        let mut broken = rules(self.structure, &self.judged, self.gates);
        if is_trained || (self.has_confident() && self.share() >= self.gates.claimed) {
            broken.extend(gross_rules(self.structure, self.gates));
        }
        let broken = broken.into_iter().filter(Rule::is_broken);
        broken.map(|rule| self.tell(&rule, call).detail(of.clone())).collect()
    }

    fn tell(&self, rule: &Rule, call: &str) -> Finding {
        let residues = self.structure.residues();
        let worst: Vec<String> = rule
            .worst(NAMED)
            .into_iter()
            .map(|(residue, value)| {
                let atom = residues.get(residue).map_or(0, |range| range.start);
                format!(
                    "{} {} in chain {}: {}{}",
                    self.structure.res_name[atom],
                    self.structure.res_id[atom],
                    self.structure.chain_id[atom],
                    show(value),
                    rule.unit
                )
            })
            .collect();
        let summary = format!(
            "{}: {} of {} {}, allowed {}; {}",
            self.path,
            rule.broken.len(),
            rule.total,
            rule.words,
            rule.bound(),
            worst.join(", ")
        );
        Finding::wrong(NAME, call, summary).with_hint(rule.hint())
    }
}

#[cfg(test)]
mod tests;
