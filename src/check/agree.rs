//! `agree`: two responses, or two samples, say the same, exactly or within a tolerance.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Bound;

use super::candidates::Candidates;
use super::case_results::{Calls, CaseResults};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::pair::{Compared, Sides};
use super::parser::{CheckParser, TOLERANCES};
use super::{Check, InputScope};
use crate::compare::{Comparison, PLDDT, Policy, compare, likely_cause};
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
    /// The bound of every element; `None` where only the direction of rows counts.
    elements: Option<Tolerance>,
    bounds_elements: bool,
    /// Least cosine of two rows of an array.
    cosine: Option<f64>,
    /// Changes to the gates of the model, where structures are judged by them.
    gates: Option<GateValues>,
}

/// Reads `fields`, `first`, `second`, `items`, `atol`, `rtol`, `cosine` and `gates`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let compared = Compared::read(parser);
    let reader = parser.reader();
    let absolute = reader.number("atol", TOLERANCES);
    let relative = reader.number("rtol", TOLERANCES);
    let cosine = reader.number("cosine", (Bound::Excluded(-1.0), Bound::Included(1.0)));
    let gates = read_changes::<StructureGates>(reader);
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

impl Check for Agree {
    fn calls(&self) -> &Calls {
        self.compared.pair.calls()
    }

    fn other_inputs(&self) -> Option<(&'static str, InputScope)> {
        let Compared { pair, fields } = &self.compared;
        // Samples of a batch are those of this input.
        (!pair.is_of_samples() && fields.iter().all(FieldPath::is_whole)).then_some((NAME, InputScope::Common))
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let floors = floors(results, self.compared.pair.second());
        self.compared.judge_each(NAME, results, |field, sides, first, second| {
            let policy = self.policy(results, sides, field, &floors);
            let mut found = compare(&sides.first, &sides.second, &policy);
            // What else the two hold is there to say how confident they are of it.
            found.fields.retain(|value| field_of(&value.path) == field.name());
            found.name_places(|path, position| sides.place(path, position));
            self.keep(results, sides, &found);
            if let Some(finding) = self.nothing(sides, &found) {
                return vec![finding];
            }
            let mut findings: Vec<Finding> = found
                .beyond()
                .map(|value| {
                    let summary = format!("{}: {}", sides.label_of(&value.path), value.summary());
                    Finding::wrong(NAME, self.compared.pair.second(), summary).with_details(value.details())
                })
                .collect();
            if let Some(reported) = findings.first_mut() {
                let others = Candidates::of(results, field, sides, first, second).into_neighbours();
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
        let policy = Policy::numbers(self.elements, self.cosine);
        let scale = results.contract.field(field.name()).and_then(|field| field.b_factor);
        let gates = results.contract.gates.structure.zip(self.gates.as_ref());
        // Floors are of recorded samples, by their place in the second response.
        let place = sides.samples.map(|(_, to)| format!("[{to}]"));
        let own = floors.iter().filter_map(|(path, floor)| {
            let (name, rest) = path.split_at(field_of(path).len());
            let rest = match &place {
                None => rest.to_owned(),
                Some(place) => format!("[0]{}", rest.strip_prefix(place.as_str())?),
            };
            Some((format!("{name}{rest}"), floor.clone()))
        });
        let policy = policy.with_scales([scale; 2]).with_known_floors(own.collect());
        match gates {
            Some((gates, changes)) => policy.with_gates(gates.with(changes), self.bounds_elements),
            None => policy,
        }
    }

    /// Why there was nothing to compare, so that nothing agrees either.
    fn nothing(&self, sides: &Sides<'_>, found: &Comparison) -> Option<Finding> {
        if !found.matches() || sides.holds_values() {
            return None;
        }
        let summary = format!("{}: nothing to compare, both are empty or None", sides.label);
        Some(Finding::wrong(NAME, self.compared.pair.second(), summary))
    }

    fn keep(&self, results: &CaseResults<'_>, sides: &Sides<'_>, found: &Comparison) {
        for value in &found.fields {
            let path = sides.label_of(&value.path);
            let measures = value.measures.iter().copied();
            results.measured.keep(NAME, self.compared.pair.second(), &path, measures);
        }
    }
}

/// What repeats of a call differ by, where that was measured.
fn floors(results: &CaseResults<'_>, call: &str) -> BTreeMap<String, NoiseFloor> {
    let measured = || {
        let recorded = results.recorded.filter(|recorded| recorded.noise.is_none())?;
        recorded.store.floors(&(recorded.key)(call).ok()?).ok()?
    };
    with_slack(measured().unwrap_or_default().fields, results.contract.gates.slack())
}
