//! Asks for the likely cause of a difference from a snapshot. Of values of which only some rows are stored, all that can
//! be told is that they are another recorded one.

use super::comparison::{Agreement, FieldComparison};
use super::contents::Contents;
use super::digest::Entry;
use super::relatives::Relative;
use crate::cause::{Aspect, Candidate, Cause, Failed, Frame, Relation, of_arrays, of_failed, of_structures};
use crate::prediction::Value;

/// Differences looked into: with many, the first tell as much as all.
const MOST_FIELDS: usize = 4;
/// Other items of a list that a value may be by mistake.
const MOST_ITEMS: usize = 16;

/// The paths of the differences that are looked into.
pub(super) fn told(fields: &[FieldComparison]) -> Vec<&str> {
    let beyond = fields.iter().filter(|field| field.agreement == Agreement::Beyond);
    let paths = beyond.map(|field| match field.path.rsplit_once('.') {
        Some((structure, "coord" | "b_factor")) => structure,
        _ => field.path.as_str(),
    });
    let mut told: Vec<&str> = paths.take(MOST_FIELDS).collect();
    told.dedup();
    told
}

/// The cause of the first difference that has one.
pub(super) fn likely_cause(
    fields: &[FieldComparison],
    recorded: &Contents,
    actual: &Contents,
    relatives: &[Relative],
) -> Option<Cause> {
    let beyond = fields.iter().filter(|field| field.agreement == Agreement::Beyond);
    beyond.take(MOST_FIELDS).find_map(|field| {
        let path = field.path.as_str();
        let structures = |path: &str| Some((recorded.structure(path)?, actual.structure(path)?));
        if let Some((before, after)) = structures(path) {
            return with_candidates(recorded, relatives, path, |candidates| {
                let failed = field.failed.as_ref();
                let failed = Failed {
                    aspect: failed.map_or(Aspect::Any, |failed| failed.0),
                    confident: failed.map(|failed| failed.1.as_slice()),
                };
                of_failed(before, after, Frame::Free, candidates, failed)
            });
        }
        let column = path
            .rsplit_once('.')
            .filter(|(_, column)| matches!(*column, "coord" | "b_factor"));
        if let Some((parent, (before, after))) = column.and_then(|(parent, _)| Some((parent, structures(parent)?))) {
            return with_candidates(recorded, relatives, parent, |candidates| {
                of_structures(before, after, Frame::Fixed, candidates)
            });
        }
        if let (Some(before), Some(after)) = (recorded.array(path), actual.array(path)) {
            return with_candidates(recorded, relatives, path, |candidates| {
                of_arrays(before, after, candidates)
            });
        }
        let hash = |contents: &Contents| match contents.digest.entry(path) {
            Some(Entry::Array(array)) => Some(array.hash),
            _ => None,
        };
        let now = hash(actual)?;
        relatives
            .iter()
            .find(|relative| hash(&relative.contents) == Some(now))
            .map(|relative| Candidate::new(&relative.label, relative.relation, &Value::None).identical())
    })
}

/// Asks with the other items of the list that a value is in, and with the same value of other results.
fn with_candidates(
    recorded: &Contents,
    relatives: &[Relative],
    path: &str,
    explain: impl FnOnce(&[Candidate<'_>]) -> Option<Cause>,
) -> Option<Cause> {
    let items = siblings(path).filter_map(|path| {
        let label = format!("what was recorded as {path}");
        Some((label, Relation::OtherItem, recorded.value(&path)?))
    });
    let others = relatives.iter().filter_map(|relative| {
        let value = relative.contents.value(path)?;
        Some((relative.label.clone(), relative.relation, value))
    });
    let values: Vec<(String, Relation, Value)> = items.take(MOST_ITEMS).chain(others).collect();
    let candidates = values.iter();
    let candidates: Vec<Candidate<'_>> = candidates
        .map(|(label, relation, value)| Candidate::new(label, *relation, value))
        .collect();
    explain(&candidates)
}

/// The paths of the other items of a list: `plddt[1]`, `plddt[2]`, … for `plddt[0]`.
fn siblings(path: &str) -> impl Iterator<Item = String> + '_ {
    let item = path.strip_suffix(']').and_then(|path| path.rsplit_once('['));
    item.into_iter().flat_map(move |(list, own)| {
        let places = (0..=MOST_ITEMS).map(|place| place.to_string());
        places
            .filter(move |place| place != own)
            .map(move |place| format!("{list}[{place}]"))
    })
}
