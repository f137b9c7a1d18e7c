//! `physical`: a structure could exist. Judges the fraction of confident residues that violate a rule, because real predictions
//! violate rules where they are unsure, and all residues of trained models by gross rules. A structure that neither applies to was
//! not judged, which is no pass. Measures with `metric::geometry` and has no threshold of its own.

mod gross;
mod rule;
mod rules;
mod side_chains;

use self::gross::gross_rules;
use self::rule::Rule;
use self::rules::rules;
use super::case_results::{AnsweredCall, is_trained};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::number::{count, show};
use super::parser::CheckParser;
use super::structure_field::{confidences, is_structural, structure_of};
use super::{CallFindings, CheckRule, InputScope};
use crate::compare::{PLDDT, behind, of_residues};
use crate::config::read_changes;
use crate::prediction::contract::FieldSpec;
use crate::prediction::gates::{GateTable, GateValues, PhysicalGates};
use crate::protein::{Structure, residue};

/// The name of the check.
pub(crate) const NAME: &str = "physical";

/// The number of residues that a finding names, the worst first.
const NAMED: usize = 3;

#[derive(Debug)]
struct Physical {
    field: FieldPath,
    changes: GateValues,
    /// The fraction of residues that trained weights must be confident of.
    confident: Option<f64>,
}

/// Reads `field`, `gates` and `confident`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let changes = read_changes::<PhysicalGates>(&mut parser.reader).unwrap_or_default();
    parser.demand_gates(PhysicalGates::NAME, |gates| gates.physical.is_some());
    parser.demand_breakable(&changes, |gates| gates.physical);
    let confident = parser.reader.number("confident", 0.0..=1.0);
    let field = parser.field_or("atom_array", "structures or structure files", is_structural)?;
    Some(Box::new(Physical { field, changes, confident }))
}

impl CheckRule for Physical {
    fn other_inputs(&self) -> Option<InputScope> {
        // The fraction of a structure that a model is sure of depends on the protein.
        self.confident.is_none().then_some(InputScope::Every)
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let wrong = |summary: String| Finding::wrong(NAME, answered.call, summary);
        let items = self.field.items(self.field.find(NAME, answered)?);
        // Every model of the case has both since the check was compiled.
        let (Some(gates), Some(spec)) = (answered.contract.gates.physical, answered.contract.field(self.field.name()))
        else {
            return Ok(Vec::new());
        };
        let gates = gates.with(&self.changes);
        if items.is_empty() {
            return Ok(vec![wrong(format!("{}: expected structures, got none", self.field))]);
        }
        let plddt = confidences(answered);
        let structures = items.len();
        let weights = answered.weights();
        let is_trained = weights.as_deref().is_some_and(is_trained);
        let mut findings = Vec::new();
        for (index, (path, item)) in items.into_iter().enumerate() {
            let structure = match structure_of(spec.kind, item) {
                Ok(structure) => structure,
                Err(fault) => {
                    findings.push(wrong(format!("{path}: {fault}")));
                    continue;
                }
            };
            let plddt = behind(&plddt, structures, index);
            let confidence = of_residues(&structure, spec.b_factor, plddt.as_deref());
            let subject = PhysicalStructure::new(&path, &structure, confidence.as_deref(), &gates);
            findings.extend(subject.judge(answered.call, is_trained));
            if is_trained {
                let unsure = self.confident.and_then(|least| match confidence {
                    Some(_) => subject.too_unsure(answered.call, least),
                    None => Some(without_confidence(&path, spec, least, answered)),
                });
                findings.extend(unsure);
            } else if subject.confident == 0 {
                let weights = weights.as_deref().unwrap_or("unknown");
                let reason =
                    format!("{path}: no confident residue, and the weights `{weights}` need not be trained ones");
                answered.results.measured.leave_unjudged(NAME, answered.call, &reason);
            }
        }
        Ok(findings)
    }
}

/// The finding about a structure without the confidence that the suite demands. The backend is wrong only if it should have given one,
/// otherwise the suite is.
fn without_confidence(path: &str, spec: &FieldSpec, least: f64, answered: &AnsweredCall<'_>) -> Finding {
    let summary = format!("{path}: no confidence is given, expected at least {} % confident", show(100.0 * least));
    let is_due =
        spec.b_factor.is_some() || answered.contract.field(PLDDT).is_some_and(|field| answered.expected.fills(field));
    if is_due {
        return Finding::wrong(NAME, answered.call, summary);
    }
    let hint =
        format!("the structures have none; let the call `{}` ask for `{PLDDT}` in `include_fields`", answered.call);
    Finding::misconfigured(NAME, answered.call, summary).hint(hint)
}

/// One structure and its residues that the strict rules apply to.
struct PhysicalStructure<'a> {
    path: &'a str,
    structure: &'a Structure,
    gates: &'a PhysicalGates,
    /// For every residue whether it is an amino acid that the model is sure of.
    judged: Vec<bool>,
    /// The number of such residues.
    confident: usize,
    has_confidence: bool,
}

impl<'a> PhysicalStructure<'a> {
    fn new(path: &'a str, structure: &'a Structure, confidence: Option<&[f64]>, gates: &'a PhysicalGates) -> Self {
        let is_judged = |(index, range): (usize, std::ops::Range<usize>)| {
            let sure =
                confidence.is_none_or(|values| values.get(index).is_some_and(|value| *value >= gates.confidence));
            // Ligands, bases and modified residues have a geometry of their own.
            sure && residue::by_name(structure.res_name[range.start].as_str()).is_some()
        };
        let judged: Vec<bool> = structure.residues().into_iter().enumerate().map(is_judged).collect();
        let confident = judged.iter().filter(|judged| **judged).count();
        Self { path, structure, gates, judged, confident, has_confidence: confidence.is_some() }
    }

    /// The fraction of residues that are confident.
    fn share(&self) -> f64 {
        self.confident as f64 / self.judged.len().max(1) as f64
    }

    fn too_unsure(&self, call: &str, least: f64) -> Option<Finding> {
        (self.share() < least).then(|| {
            let (confident, residues) = (self.confident, count(self.judged.len(), "residue"));
            let least = show(100.0 * least);
            let summary = format!("{}: {confident} of {residues} confident, expected at least {least} %", self.path);
            Finding::wrong(NAME, call, summary)
        })
    }

    /// Applies the strict rules to confident residues, and the gross ones to all if the model is trained or claims to be sure.
    fn judge(&self, call: &str, is_trained: bool) -> Vec<Finding> {
        let residues = count(self.judged.len(), "residue");
        let of = if self.has_confidence {
            format!("{} of {residues} confident", self.confident)
        } else {
            format!("{residues}, no confidence given")
        };
        let mut broken = rules(self.structure, &self.judged, self.gates);
        if is_trained || (self.confident > 0 && self.share() >= self.gates.claimed) {
            broken.extend(gross_rules(self.structure, self.gates));
        }
        let broken = broken.into_iter().filter(Rule::is_broken);
        broken.map(|rule| self.describe(&rule, call).detail(of.clone())).collect()
    }

    fn describe(&self, rule: &Rule, call: &str) -> Finding {
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
