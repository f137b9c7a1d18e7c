//! Asks for the likely cause of a difference from a snapshot. Of values of which only a sketch is stored, all that can be told
//! is that they are another recorded one.

use super::comparison::{Agreement, FieldComparison};
use super::contents::Contents;
use super::digest::Entry;
use super::relatives::Relative;
use crate::cause::{Candidate, Cause, Frame, of_arrays, of_structures};
use crate::prediction::Value;

/// Differences looked into: with many, the first tell as much as all.
const MOST_FIELDS: usize = 4;

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
            return with_candidates(relatives, path, |candidates| {
                of_structures(before, after, Frame::Free, candidates)
            });
        }
        let column = path
            .rsplit_once('.')
            .filter(|(_, column)| matches!(*column, "coord" | "b_factor"));
        if let Some((parent, (before, after))) = column.and_then(|(parent, _)| Some((parent, structures(parent)?))) {
            return with_candidates(relatives, parent, |candidates| {
                of_structures(before, after, Frame::Fixed, candidates)
            });
        }
        if let (Some(before), Some(after)) = (recorded.array(path), actual.array(path)) {
            return with_candidates(relatives, path, |candidates| of_arrays(before, after, candidates));
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

fn with_candidates(
    relatives: &[Relative],
    path: &str,
    explain: impl FnOnce(&[Candidate<'_>]) -> Option<Cause>,
) -> Option<Cause> {
    let values: Vec<Option<Value>> = relatives.iter().map(|relative| relative.contents.value(path)).collect();
    let candidates: Vec<Candidate<'_>> = relatives
        .iter()
        .zip(&values)
        .filter_map(|(relative, value)| Some(Candidate::new(&relative.label, relative.relation, value.as_ref()?)))
        .collect();
    explain(&candidates)
}
