//! `snapshot`: a response is what was recorded for this case, model and weights, within the tolerance of the contract.

use super::Check;
use super::FieldDifference;
use super::case_results::{AnsweredCall, CallResult, Calls, CaseResults, RecordedResults};
use super::field_path::FieldPath;
use super::finding::Finding;
use super::kept::configured_otherwise;
use super::parser::{CheckParser, FieldScope, TOLERANCES};
use super::places::Places;
use super::structure_field::is_file;
use super::weights::mislabelled;
use crate::compare::{
    Comparison, FieldComparison, Policy, ToleranceOverrides, ValueDifference, compare, likely_cause, paths_of_causes,
};
use crate::config::read_changes;
use crate::prediction::gates::{GateTable, StructureGates};
use crate::prediction::{Contract, Prediction, field_of};
use crate::snapshot::{Kept, Provenance, ReferenceResult, SnapshotError, SnapshotKey};

/// The name of the check.
pub(crate) const NAME: &str = "snapshot";

/// The most lines of a comparison that a finding tells.
const LINES: usize = 40;

#[derive(Debug)]
struct Snapshot {
    calls: Calls,
    fields: Option<Vec<FieldPath>>,
    limits: ToleranceOverrides,
}

/// Reads `fields`, `atol`, `rtol`, `gates` and `call`.
pub(crate) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn Check>> {
    let calls = parser.calls();
    let fields = if parser.reader().has("fields") {
        let fields = parser.fields(FieldScope::Fillable)?;
        if let Some(part) = fields.iter().find(|path| !path.is_whole()) {
            let message = format!("`{part}` is a part of a field");
            parser.reader().reject("fields", message, "expected whole fields");
        }
        Some(fields)
    } else {
        None
    };
    let reader = parser.reader();
    let limits = ToleranceOverrides {
        absolute: reader.number("atol", TOLERANCES),
        relative: reader.number("rtol", TOLERANCES),
        gates: read_changes::<StructureGates>(reader).unwrap_or_default(),
    };
    if !limits.gates.is_empty() {
        parser.demand_gates(StructureGates::NAME, |gates| gates.structure.is_some());
        parser.demand_breakable(&limits.gates, |gates| gates.structure);
    }
    Some(Box::new(Snapshot { calls, fields, limits }))
}

impl Check for Snapshot {
    fn calls(&self) -> &Calls {
        &self.calls
    }

    fn records(&self, call: &str) -> bool {
        self.calls.includes(call)
    }

    fn beyond(&self, contract: &Contract, one: &Prediction, other: &Prediction) -> Vec<String> {
        let found = compare(one, other, &Policy::new(contract, &self.limits, None));
        found.beyond().map(|field| field.path.clone()).collect()
    }

    fn judge(&self, results: &CaseResults<'_>) -> Vec<Finding> {
        let Some(recorded) = results.recorded else {
            return vec![Finding::unjudged(NAME, "no snapshots are at hand")];
        };
        let responses = self.calls.responses(results);
        responses
            .filter_map(|response| {
                let answered = AnsweredCall::new(results.contract, response)?;
                self.judge_one(results, recorded, response, &answered)
            })
            .collect()
    }
}

impl Snapshot {
    fn judge_one(
        &self,
        results: &CaseResults<'_>,
        recorded: &RecordedResults<'_>,
        response: &CallResult,
        answered: &AnsweredCall<'_>,
    ) -> Option<Finding> {
        let unjudged = |summary: String| Some(Finding::without_reference(NAME, &response.call, summary));
        if let Some(fields) = &self.fields {
            // A field that is None would be recorded as such, and prove nothing ever after.
            let missing = fields.iter().find_map(|field| field.find(NAME, answered).err());
            if let Some(finding) = missing {
                return Some(*finding);
            }
        }
        let key = match (recorded.key)(&response.call) {
            Ok(key) => key,
            Err(error) => return unjudged(error.to_string()),
        };
        let provenance = recorded.provenance(results.contract, response);
        let selected = self.select(answered);
        let reference = match recorded.store.read(&key) {
            Ok(Some(reference)) => reference,
            Ok(None) => {
                if let Some(finding) = mislabelled(NAME, &key, recorded, answered) {
                    return Some(finding);
                }
                return match recorded.store.keep(&key, &selected, &provenance) {
                    Ok(Kept::Recorded(path)) => {
                        recorded.notes.borrow_mut().push(format!("recorded {}", path.display()));
                        None
                    }
                    Ok(Kept::Proposed) => None,
                    Ok(Kept::Nothing | Kept::Pending(_)) => {
                        let path = recorded.store.path(&key);
                        let hint = recorded.advice();
                        unjudged(format!("no recorded result: {}", path.display())).map(|finding| finding.hint(hint))
                    }
                    Err(error) => unjudged(error.to_string()),
                };
            }
            Err(error @ SnapshotError::Altered { .. }) => return Some(altered(response, &error)),
            Err(error) => return unjudged(error.to_string()),
        };
        if let Some(finding) = configured_otherwise(NAME, response, &key, &reference, &provenance) {
            return Some(finding);
        }
        let policy = Policy::new(results.contract, &self.limits, recorded.noise);
        let policy = match recorded.store.floors(&key) {
            Ok(floors) => policy.with_floors(floors.unwrap_or_default().fields),
            Err(error) => return unjudged(error.to_string()),
        };
        let mut found = compare(&reference.prediction, &selected, &policy);
        if found.matches() {
            keep(results, response, &found);
            return recorded.store.settle(&key).err().and_then(|error| unjudged(error.to_string()));
        }
        if found.is_unjudged() {
            let finding =
                Finding::without_reference(NAME, &response.call, "what was recorded cannot be judged by its gates");
            return Some(finding.with_details(found.details()));
        }
        if let Some(finding) = mislabelled(NAME, &key, recorded, answered) {
            return Some(finding);
        }
        keep(results, response, &found);
        name_places(&mut found, answered);
        let cause = Self::cause((results.contract, recorded), &key, &provenance, (&reference, &selected), &found);
        let finding = Finding::wrong(NAME, &response.call, found.summary())
            .with_differences(found.beyond().map(differing))
            .with_details(found.details().into_iter().take(LINES))
            .with_hint(cause);
        Some(match recorded.store.propose(&key, &selected, &provenance) {
            Ok(Some(path)) => finding.detail(format!("new result for review: {}", path.display())),
            Ok(None) => finding,
            Err(error) => finding.detail(format!("the new result could not be kept for review: {error}")),
        })
    }

    fn cause(
        (contract, recorded): (&Contract, &RecordedResults<'_>),
        key: &SnapshotKey,
        provenance: &Provenance,
        (reference, selected): (&ReferenceResult, &Prediction),
        found: &Comparison,
    ) -> Option<String> {
        let paths = paths_of_causes(found);
        let neighbours = recorded.store.neighbours(key, provenance, selected, &paths);
        let cause = likely_cause(Some(contract), found, &reference.prediction, selected, &neighbours);
        cause.map(|cause| cause.to_string())
    }

    /// The part of the response that is recorded. Structure files are left out unless they are asked for: they say what the
    /// structures beside them say, in digits that no tolerance applies to.
    fn select(&self, answered: &AnsweredCall<'_>) -> Prediction {
        let is_file = |name: &str| answered.contract.field(name).is_some_and(is_file);
        let wanted = |name: &str| match &self.fields {
            Some(fields) => fields.iter().any(|field| field.name() == name) || name == "metadata",
            None => !is_file(name),
        };
        let fields = answered.prediction.fields.iter().filter(|(name, _)| wanted(name));
        Prediction { class: answered.prediction.class.clone(), fields: fields.cloned().collect() }
    }
}

/// A value that differs, with the element where it does so most.
fn differing(field: &FieldComparison) -> FieldDifference {
    let mut difference = FieldDifference::of_field(&field.path);
    if let ValueDifference::Numbers { difference: numbers, tolerance, place } = &field.finding
        && let Some(greatest) = &numbers.absolute
    {
        difference.index = Some(greatest.position.clone());
        difference.residue.clone_from(place);
        difference.expected = Some(greatest.expected);
        difference.observed = Some(greatest.actual);
        difference.allowed = Some(tolerance.absolute + tolerance.relative * greatest.expected.abs());
    }
    difference
}

/// Leaves the numbers of a comparison with those of the case.
fn keep(results: &CaseResults<'_>, response: &CallResult, comparison: &Comparison) {
    for field in &comparison.fields {
        let measures = field.measures.iter().copied();
        results.measured.keep(NAME, &response.call, &field.path, measures);
    }
}

/// Arrays that are not those that were recorded prove nothing about the backend, whatever they hold.
fn altered(response: &CallResult, error: &SnapshotError) -> Finding {
    let finding = Finding::without_reference(NAME, &response.call, error.to_string());
    finding.hint("restore it from version control, or delete it with its snapshot and record again")
}

/// Says of which residues the extreme elements of arrays are.
fn name_places(found: &mut Comparison, answered: &AnsweredCall<'_>) {
    found.name_places(|path, position| {
        let field = field_of(path);
        let places = Places::of_field(field, answered);
        match &path[field.len()..] {
            "" => places.residues(position),
            item => {
                let index = item.strip_prefix('[')?.strip_suffix(']')?.parse().ok()?;
                places.of_item(index).residues(position)
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::folded::{UBIQUITIN, declared, folded};
    use super::super::fixture::{compile_errors, compiled, folder, judge_recorded, response};
    use crate::backend::Responsible;
    use crate::prediction::Value;
    use crate::snapshot::Recording;
    use crate::tensor::Tensor;

    #[test]
    fn what_is_missing_is_told_how_to_record_and_what_changed_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let contract = folder();
        let check = compiled(&contract, "check = 'snapshot'");
        let judge = |recording, response: &_| {
            judge_recorded(&*check, &contract, std::slice::from_ref(response), directory.path(), recording)
        };
        let right = response(&contract, "call", "AC:D", json!({"include_fields": ["*"]}));
        let missing = judge(Recording::Never, &right);
        assert_eq!(missing[0].responsible, Responsible::Reference);
        insta::assert_snapshot!(missing[0].summary, @"no recorded result: DIR/synthetic/folder/suite/case.snap");
        insta::assert_snapshot!(missing[0].hint.as_ref().unwrap(), @"record it with: record this");
        assert_eq!(judge(Recording::Missing, &right), []);
        assert!(check.records("call"));
        assert_eq!(judge(Recording::Never, &right), []);
        let moved = right.clone().with_element("plddt", 1, 0.25);
        let found = judge(Recording::Never, &moved);
        assert_eq!((found.len(), found[0].responsible), (1, Responsible::Backend));
        insta::assert_snapshot!(found[0], @"
        snapshot [call]: 1 of 11 values differs from the recorded result, `plddt[0]` first
          plddt[0]: 1 of 3 elements beyond tolerance
            greatest absolute difference 0.05 at [1] (chain A residue 1): expected 0.2, got 0.25
            greatest relative difference 0.25 there
            allowed 0 + 0 × |expected|; an absolute tolerance of 0.05 would pass
        ");
        let other_text = right.with("pdb", Value::List(vec![Value::Text("REMARK".into())]));
        assert_eq!(judge(Recording::Never, &other_text), [], "files are left out");
    }

    #[test]
    fn chosen_fields_alone_are_recorded_within_their_tolerance() {
        let directory = tempfile::tempdir().unwrap();
        let contract = folder();
        let check = compiled(&contract, "check = 'snapshot'\nfields = ['plddt']\natol = 0.1");
        let judge = |response: &_| {
            let responses = std::slice::from_ref(response);
            judge_recorded(&*check, &contract, responses, directory.path(), Recording::Missing)
        };
        let right = response(&contract, "call", "AC:D", json!({"include_fields": ["*"]}));
        assert_eq!(judge(&right), []);
        assert_eq!(judge(&right.clone().with_element("pae", 0, 0.9)), []);
        assert_eq!(judge(&right.clone().with_element("plddt", 0, 0.15)), []);
        assert_eq!(judge(&right.clone().with_element("plddt", 0, 0.25)).len(), 1);
        assert_eq!(judge(&right.with("plddt", Value::None)).len(), 1);
    }

    #[test]
    fn what_no_gate_speaks_of_is_compared_beside_a_judged_structure() {
        let directory = tempfile::tempdir().unwrap();
        let contract = declared("esmfold");
        let check = compiled(&contract, "check = 'snapshot'\nfields = ['atom_array']");
        let judge = |response: &_| {
            let responses = std::slice::from_ref(response);
            judge_recorded(&*check, &contract, responses, directory.path(), Recording::Missing)
        };
        let charged = |charge: i32| {
            let right = folded(&contract, "call", UBIQUITIN, json!({}));
            right.with_structure(|structure| {
                let charges = vec![charge; structure.atoms()];
                structure.extra = vec![("charge".into(), Tensor::vector(&charges))];
            })
        };
        assert_eq!(judge(&charged(0)), []);
        assert_eq!(judge(&charged(0)), []);
        let found = judge(&charged(1));
        assert_eq!(found.len(), 1, "{found:?}");
        insta::assert_snapshot!(found[0].summary, @"1 of 4 values differs from the recorded result, `atom_array[0].extra.charge` first");
        let without = judge(&charged(0).with_structure(|structure| structure.extra.clear()));
        assert_eq!(without.len(), 1, "{without:?}");
    }

    #[test]
    fn parts_of_fields_are_refused() {
        let errors = compile_errors(&folder(), "check = 'snapshot'\nfields = ['plddt[0]']");
        insta::assert_snapshot!(errors, @"
        error: `plddt[0]` is a part of a field
         --> check.toml:2:10
          |
        2 | fields = ['plddt[0]']
          |          ^^^^^^^^^^^^ expected whole fields
        ");
    }
}
