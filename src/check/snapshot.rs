//! `snapshot`: a response equals the recorded result of this case, model and weights, within the tolerance of the contract.

use super::case_results::AnsweredCall;
use super::field_path::FieldPath;
use super::finding::{FieldDifference, Finding};
use super::kept::{configured_otherwise, mislabelled, recorded};
use super::parser::{CheckParser, FieldScope, TOLERANCES};
use super::places::Places;
use super::structure_field::is_file;
use super::{CallFindings, CheckRule};
use crate::compare::{
    Comparison, FieldComparison, Policy, ToleranceOverrides, ValueDifference, compare, likely_cause, paths_of_causes,
};
use crate::config::read_changes;
use crate::prediction::gates::{GateTable, StructureGates};
use crate::prediction::{Contract, Prediction, field_of};
use crate::snapshot::{Kept, SnapshotError};

/// The name of the check.
pub(crate) const NAME: &str = "snapshot";

/// The most lines of a comparison that a finding shows.
const LINES: usize = 40;

#[derive(Debug)]
struct Snapshot {
    fields: Option<Vec<FieldPath>>,
    limits: ToleranceOverrides,
}

/// Reads `fields`, `atol`, `rtol` and `gates`.
pub(super) fn compile(parser: &mut CheckParser<'_>) -> Option<Box<dyn CheckRule>> {
    let fields = if parser.reader.has("fields") { Some(parser.fields(FieldScope::Fillable)?) } else { None };
    if let Some(part) = fields.iter().flatten().find(|path| !path.is_whole()) {
        let message = format!("`{part}` is a part of a field");
        parser.reader.reject("fields", message, "expected whole fields");
    }
    let limits = ToleranceOverrides {
        absolute: parser.reader.number("atol", TOLERANCES),
        relative: parser.reader.number("rtol", TOLERANCES),
        gates: read_changes::<StructureGates>(&mut parser.reader).unwrap_or_default(),
    };
    if !limits.gates.is_empty() {
        parser.demand_gates(StructureGates::NAME, |gates| gates.structure.is_some());
        parser.demand_breakable(&limits.gates, |gates| gates.structure);
    }
    Some(Box::new(Snapshot { fields, limits }))
}

impl CheckRule for Snapshot {
    fn beyond(&self, contract: &Contract, one: &Prediction, other: &Prediction) -> Vec<String> {
        let found = compare(one, other, &Policy::new(contract, &self.limits, None));
        found.beyond().map(|field| field.path.clone()).collect()
    }

    fn judge_one(&self, answered: &AnsweredCall<'_>) -> CallFindings {
        let recorded = recorded(NAME, answered)?;
        let without = |summary: String| Finding::without_reference(NAME, answered.call, summary);
        for field in self.fields.iter().flatten() {
            // A field that is None would be recorded as such, and later comparisons would prove nothing.
            field.find(NAME, answered)?;
        }
        let key = (recorded.key)(answered.call).map_err(|error| without(error.to_string()))?;
        let provenance = recorded.provenance(answered.contract, answered.response);
        let selected = self.select(answered);
        let reference = match recorded.store.read(&key) {
            Ok(Some(reference)) => reference,
            Ok(None) => {
                if let Some(finding) = mislabelled(NAME, &key, answered) {
                    return Ok(vec![finding]);
                }
                match recorded.store.keep(&key, &selected, &provenance).map_err(|error| without(error.to_string()))? {
                    Kept::Recorded(path) => {
                        recorded.notes.borrow_mut().push(format!("recorded {}", path.display()));
                    }
                    Kept::Proposed => {}
                    Kept::Nothing | Kept::Pending(_) => {
                        let path = recorded.store.path(&key);
                        let finding = without(format!("no recorded result: {}", path.display()));
                        return Ok(vec![finding.hint(recorded.advice())]);
                    }
                }
                return Ok(Vec::new());
            }
            // Altered arrays prove nothing about the backend, whatever they hold.
            Err(error @ SnapshotError::Altered { .. }) => {
                let hint = "restore it from version control, or delete it with its snapshot and record again";
                return Ok(vec![without(error.to_string()).hint(hint)]);
            }
            Err(error) => return Ok(vec![without(error.to_string())]),
        };
        if let Some(finding) = configured_otherwise(NAME, answered, &key, &reference, &provenance) {
            return Ok(vec![finding]);
        }
        let floors = recorded.store.floors(&key).map_err(|error| without(error.to_string()))?;
        let policy =
            Policy::new(answered.contract, &self.limits, recorded.noise).with_floors(floors.unwrap_or_default().fields);
        let mut found = compare(&reference.prediction, &selected, &policy);
        if found.matches() {
            keep(answered, &found);
            recorded.store.settle(&key).map_err(|error| without(error.to_string()))?;
            return Ok(Vec::new());
        }
        if found.is_unjudged() {
            let finding = without("what was recorded cannot be judged by its gates".to_owned());
            return Ok(vec![finding.with_details(found.details())]);
        }
        if let Some(finding) = mislabelled(NAME, &key, answered) {
            return Ok(vec![finding]);
        }
        keep(answered, &found);
        found.name_places(|path, position| {
            let field = field_of(path);
            Places::of_field(field, answered).at(&path[field.len()..], position)
        });
        let neighbours = recorded.store.neighbours(&key, &provenance, &selected, &paths_of_causes(&found));
        let cause = likely_cause(Some(answered.contract), &found, &reference.prediction, &selected, &neighbours);
        let wrong = Finding::wrong(NAME, answered.call, found.summary());
        let finding = Finding { differences: found.beyond().map(differing).collect(), ..wrong }
            .with_details(found.details().into_iter().take(LINES))
            .with_hint(cause.map(|cause| cause.to_string()));
        Ok(vec![match recorded.store.propose(&key, &selected, &provenance) {
            Ok(Some(path)) => finding.detail(format!("new result for review: {}", path.display())),
            Ok(None) => finding,
            Err(error) => finding.detail(format!("the new result could not be kept for review: {error}")),
        }])
    }
}

impl Snapshot {
    /// The part of the response that is recorded. Structure files are left out unless the check names them: they repeat the
    /// structures beside them, in digits that no tolerance applies to.
    fn select(&self, answered: &AnsweredCall<'_>) -> Prediction {
        answered.select(|name| match &self.fields {
            Some(fields) => fields.iter().any(|field| field.name() == name) || name == "metadata",
            None => !answered.contract.field(name).is_some_and(is_file),
        })
    }
}

/// A value that differs, with the element that differs most.
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

/// Keeps the metrics of a comparison with those of the case.
fn keep(answered: &AnsweredCall<'_>, comparison: &Comparison) {
    for field in &comparison.fields {
        answered.results.measured.keep(NAME, answered.call, &field.path, field.measures.iter().copied());
    }
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
            judge_recorded(&check, &contract, std::slice::from_ref(response), directory.path(), recording)
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
            judge_recorded(&check, &contract, responses, directory.path(), Recording::Missing)
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
            judge_recorded(&check, &contract, responses, directory.path(), Recording::Missing)
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
