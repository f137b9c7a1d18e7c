//! `agree`: two responses, or two samples, hold the same values, exactly or within a tolerance.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use super::candidates::candidates;
use super::case_results::{Calls, CaseResults};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::pair::{Compared, Sides};
use super::parser::{CheckParser, TOLERANCES};
use super::{CheckRule, InputScope};
use crate::compare::{PLDDT, Policy, compare, likely_cause};
use crate::config::read_changes;
use crate::metric_value::{NoiseFloor, with_slack};
use crate::prediction::contract::{FieldKind, Tolerance};
use crate::prediction::field_of;
use crate::prediction::gates::{GateTable, GateValues, StructureGates};

/// The name of the check.
pub(crate) const NAME: &str = "agree";

#[derive(Debug)]
struct Agree {
    compared: Compared,
    /// The tolerance of every element. `None` if only the direction of rows counts.
    elements: Option<Tolerance>,
    bounds_elements: bool,
    /// The least cosine of two rows of an array.
    cosine: Option<f64>,
    /// Changes to the gates of the model, if structures are judged by them.
    gates: Option<GateValues>,
}

/// Reads `fields`, `first`, `second`, `items`, `atol`, `rtol`, `cosine` and `gates`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let compared = Compared::read(parser);
    let absolute = parser.reader.number("atol", TOLERANCES);
    let relative = parser.reader.number("rtol", TOLERANCES);
    let cosine = parser.reader.number("cosine", (Bound::Excluded(-1.0), Bound::Included(1.0)));
    let gates = read_changes::<StructureGates>(&mut parser.reader);
    if let Some(gates) = &gates {
        parser.demand_gates(StructureGates::NAME, |gates| gates.structure.is_some());
        parser.demand_breakable(gates, |gates| gates.structure);
    }
    let bounds_elements = absolute.is_some() || relative.is_some();
    let elements = (bounds_elements || cosine.is_none())
        .then(|| Tolerance { absolute: absolute.unwrap_or(0.0), relative: relative.unwrap_or(0.0) });
    let compared = compared?;
    let fields = &compared.fields;
    // Confidences have gates too.
    if fields.iter().all(|field| field.name() != PLDDT) {
        parser.demand_some("gates", fields, "a field of structures", |kind| kind == FieldKind::Structures);
    }
    parser.demand_some("cosine", fields, "a field of arrays", |kind| {
        matches!(kind, FieldKind::Array | FieldKind::Arrays)
    });
    Some(Box::new(Agree { compared, elements, bounds_elements, cosine, gates }))
}

impl CheckRule for Agree {
    fn other_inputs(&self) -> Option<InputScope> {
        // Samples of a batch are those of this input.
        let is_whole = self.compared.items.is_empty() && self.compared.fields.iter().all(FieldPath::is_whole);
        is_whole.then_some(InputScope::Common)
    }

    fn judge(&self, _: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        let call = self.compared.second.as_str();
        let floors = floors(results, call);
        self.compared.judge_each(NAME, results, |field, sides, first, second| {
            let mut found = compare(&sides.first, &sides.second, &self.policy(results, sides, field, &floors));
            // The other values on both sides are there to tell how confident the model is.
            found.fields.retain(|value| field_of(&value.path) == field.name());
            found.name_places(|path, position| sides.place(path, position));
            for value in &found.fields {
                results.measured.keep(NAME, call, &sides.label_of(&value.path), value.measures.iter().copied());
            }
            if found.matches() && !sides.holds_values() {
                return vec![sides.nothing_to_compare(NAME, call)];
            }
            let beyond = found.beyond().map(|value| {
                let summary = format!("{}: {}", sides.label_of(&value.path), value.summary());
                Finding::wrong(NAME, call, summary).with_details(value.details())
            });
            let mut findings: Vec<Finding> = beyond.collect();
            if let Some(reported) = findings.first_mut() {
                let others = candidates(field, sides, first, second);
                let cause = likely_cause(Some(results.contract), &found, &sides.first, &sides.second, &others);
                reported.hint = cause.map(|cause| cause.to_string());
            }
            findings
        })
    }
}

impl Agree {
    fn policy(
        &self,
        results: &CaseResults<'_>,
        sides: &Sides<'_>,
        field: &FieldPath,
        floors: &BTreeMap<String, NoiseFloor>,
    ) -> Policy {
        let scale = results.contract.field(field.name()).and_then(|field| field.b_factor);
        // Noise floors are of recorded samples, by their place in the second response.
        let place = sides.samples.map(|(_, to)| format!("[{to}]"));
        let own = floors.iter().filter_map(|(path, floor)| {
            let (name, rest) = path.split_at(field_of(path).len());
            let rest = match &place {
                None => rest.to_owned(),
                Some(place) => format!("[0]{}", rest.strip_prefix(place.as_str())?),
            };
            Some((format!("{name}{rest}"), floor.clone()))
        });
        let policy =
            Policy::numbers(self.elements, self.cosine).with_scales([scale; 2]).with_known_floors(own.collect());
        match results.contract.gates.structure.zip(self.gates.as_ref()) {
            Some((gates, changes)) => policy.with_gates(gates.with(changes), self.bounds_elements),
            None => policy,
        }
    }
}

/// The noise floors of a call, if they were measured.
fn floors(results: &CaseResults<'_>, call: &str) -> BTreeMap<String, NoiseFloor> {
    let measured = || {
        let recorded = results.recorded.filter(|recorded| recorded.noise.is_none())?;
        recorded.store.floors(&(recorded.key)(call).ok()?).ok()?
    };
    with_slack(measured().unwrap_or_default().fields, results.contract.gates.slack())
}
