//! Other recorded results of a model, which a wrong response may equal by mistake. Only looks at results with the same shapes, and skips
//! what cannot be read. Does not judge.

use super::record::{RecordedValue, SnapshotRecord};
use super::store::record;
use super::{Provenance, ReviewState, SnapshotKey, Store, write};
use crate::diagnosis::OtherResult;
use crate::prediction::Prediction;

/// The most snapshots whose text is read.
const MOST_READ: usize = 256;
/// The most snapshots whose arrays are read.
const MOST_LOADED: usize = 8;

impl Store {
    /// Other results of the model of `key` that are of the same form as `actual` at one of `paths`, in the order of their names.
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
        let files = self.files_of(key.weights(), key.model()).unwrap_or_default().into_iter();
        let others = files.filter(|(other, state, ..)| *state == ReviewState::Accepted && other != key);
        let found = others.take(MOST_READ).filter_map(|(other, _, path, _)| {
            let record = record(&path).ok()?;
            if !paths.iter().any(|path| has_form(&record, &actual, path)) {
                return None;
            }
            let relation = record.origin.relation(&actual.origin, provenance.seed_option.as_deref())?;
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

/// Whether both have arrays of the same type and shape, or structures of the same atoms, at a path.
fn has_form(other: &SnapshotRecord, actual: &SnapshotRecord, path: &str) -> bool {
    match (other.value(path), actual.value(path)) {
        (Some(RecordedValue::Array(other)), Some(RecordedValue::Array(actual))) => {
            other.dtype == actual.dtype && other.shape == actual.shape && actual.dtype.is_float()
        }
        (Some(RecordedValue::Structure { names: other, .. }), Some(RecordedValue::Structure { names: actual, .. })) => {
            other == actual
        }
        _ => false,
    }
}
