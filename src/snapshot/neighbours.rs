//! Other recorded results of a model, which a response may equal by mistake. Looked for only when a response is wrong, and only
//! among those of its form. Judges nothing; what cannot be read explains nothing either.

use super::record::{RecordedValue, SnapshotRecord};
use super::store::record;
use super::{Provenance, SnapshotKey, Store, write};
use crate::diagnosis::{OtherResult, Relation};
use crate::prediction::Prediction;

/// The most snapshots whose text is read.
const MOST_READ: usize = 256;
/// The most whose arrays are read.
const MOST_LOADED: usize = 8;

impl Store {
    /// Other results of the model of `key` with a value of this form at one of `paths`, in the order of their names.
    pub(crate) fn neighbours(
        &self,
        key: &SnapshotKey,
        provenance: &Provenance,
        actual: &Prediction,
        paths: &[&str],
    ) -> Vec<OtherResult> {
        let Ok((actual, _)) = write::record(actual, provenance.origin(key)) else {
            return Vec::new();
        };
        let seed = provenance.seed_option.as_deref();
        let asked = actual.origin.question(seed);
        let keys = self.keys_beside(key).unwrap_or_default();
        let others = keys.into_iter().filter(|other| other != key).take(MOST_READ);
        let found = others.filter_map(|other| {
            let record = record(&self.path(&other)).ok()?;
            if !paths.iter().any(|path| has_form(&record, &actual, path)) {
                return None;
            }
            let question = record.origin.question(seed);
            let relation = match (question.0 == asked.0, question.1 == asked.1) {
                (false, _) => Relation::OtherRequest,
                (true, false) => Relation::OtherSeed,
                // The same was asked: to equal that is no mistake.
                (true, true) => return None,
            };
            let call = other.call().map(|call| format!(", call `{call}`")).unwrap_or_default();
            Some(OtherResult {
                label: format!("the recorded result of {}::{}{call}", other.suite(), other.case()),
                relation,
                prediction: self.read(&other).ok().flatten()?.prediction,
            })
        });
        found.take(MOST_LOADED).collect()
    }
}

/// Whether both have the same kind, shape or atoms at a path.
fn has_form(other: &SnapshotRecord, actual: &SnapshotRecord, path: &str) -> bool {
    let entry = |record: &'_ SnapshotRecord| -> Option<RecordedValue> {
        let found = record.values.iter().find(|(own, _)| own == path)?;
        Some(found.1.clone())
    };
    match (entry(other), entry(actual)) {
        (Some(RecordedValue::Array(other)), Some(RecordedValue::Array(actual))) => {
            other.dtype == actual.dtype && other.shape == actual.shape && actual.dtype.is_float()
        }
        (Some(RecordedValue::Structure { names: other, .. }), Some(RecordedValue::Structure { names: actual, .. })) => {
            other == actual
        }
        _ => false,
    }
}
