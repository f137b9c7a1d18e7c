//! Asks the diagnosis for the likely cause of a difference. Its candidates are the values that a response may contain by mistake:
//! other items of the same list, other responses, other recorded results. Does not compare values itself.

use super::comparison::{Comparison, FieldComparison, ValueDifference};
use crate::diagnosis::{
    Aspect, Candidate, Cause, Failed, OtherResult, Relation, StructureFrame, of_arrays, of_failed, of_models,
    of_structures, roles,
};
use crate::prediction::{Contract, Leaf, Listing, Prediction, Value};
use crate::tensor::{ContentHash, KeptRows};

/// The greatest number of differences to diagnose. The first few usually have the same cause as all others.
const MOST_FIELDS: usize = 4;
/// The greatest number of other items of a list that are candidates.
const MOST_ITEMS: usize = 16;

/// The paths of the differences that are diagnosed.
pub(crate) fn paths_of_causes(comparison: &Comparison) -> Vec<&str> {
    let paths = comparison.beyond().map(|field| match field.path.rsplit_once('.') {
        Some((structure, "coord" | "b_factor")) => structure,
        _ => field.path.as_str(),
    });
    let mut paths: Vec<&str> = paths.take(MOST_FIELDS).collect();
    paths.dedup();
    paths
}

/// The cause of the first difference that has one. The contract gives the meaning of the axes of arrays.
#[must_use]
pub fn likely_cause(
    contract: Option<&Contract>,
    comparison: &Comparison,
    expected: &Prediction,
    actual: &Prediction,
    neighbours: &[OtherResult],
) -> Option<Cause> {
    let (expected, actual) = (Listing::of(expected).ok()?, Listing::of(actual).ok()?);
    let listed = neighbours.iter().filter_map(|other| Some((other, Listing::of(&other.prediction).ok()?)));
    let listed: Vec<(&OtherResult, Listing<'_>)> = listed.collect();
    comparison.beyond().take(MOST_FIELDS).find_map(|field| {
        let cause = of_field(field, &expected, &actual, &listed)?;
        let axes = contract.map(|contract| roles(contract, &field.path));
        Some(cause.named_by(&axes.unwrap_or_default()))
    })
}

fn of_field(
    field: &FieldComparison,
    expected: &Listing<'_>,
    actual: &Listing<'_>,
    neighbours: &[(&OtherResult, Listing<'_>)],
) -> Option<Cause> {
    let path = field.path.as_str();
    let structures = |path: &str| Some((expected.structure(path)?, actual.structure(path)?));
    if let Some((before, after)) = structures(path) {
        if let Some(cause) = of_models(before, after) {
            return Some(cause);
        }
        let judged = match &field.finding {
            ValueDifference::Structure(found) => Some(&**found),
            _ => None,
        };
        let failed = judged.map_or(Failed { aspect: Aspect::Any, confident: None }, |found| found.failed());
        let model = judged.map_or(0, |found| found.model.0);
        let (before, after) = (before.model(model)?, after.model(model)?);
        return with_candidates(expected, neighbours, path, |candidates| {
            of_failed(&before, &after, StructureFrame::Free, candidates, failed)
        });
    }
    let column = path.rsplit_once('.').filter(|(_, column)| matches!(*column, "coord" | "b_factor"));
    if let Some((parent, (before, after))) = column.and_then(|(parent, _)| Some((parent, structures(parent)?))) {
        return with_candidates(expected, neighbours, parent, |candidates| {
            of_structures(before, after, StructureFrame::Fixed, candidates)
        });
    }
    if let (Some(before), Some(after)) = (expected.array(path), actual.array(path)) {
        return with_candidates(expected, neighbours, path, |candidates| of_arrays(before, after, candidates));
    }
    // An array of which only some rows are recorded can only be identified by its hash.
    let now = hash_at(actual, path)?;
    neighbours
        .iter()
        .find(|(_, listing)| hash_at(listing, path) == Some(now))
        .map(|(other, _)| Candidate::new(&other.label, other.relation, &Value::None).identical())
}

fn hash_at(listing: &Listing<'_>, path: &str) -> Option<ContentHash> {
    match listing.get(path)? {
        Leaf::Array(_, tensor) => Some(ContentHash::of_tensor(tensor)),
        Leaf::Rows(KeptRows { hash, .. }) => Some(*hash),
        _ => None,
    }
}

/// Calls the diagnosis with the other items of the list of a value, and with the same value of other results, as candidates.
fn with_candidates(
    expected: &Listing<'_>,
    neighbours: &[(&OtherResult, Listing<'_>)],
    path: &str,
    explain: impl FnOnce(&[Candidate<'_>]) -> Option<Cause>,
) -> Option<Cause> {
    let items = siblings(path).filter_map(|path| {
        let label = format!("the expected {path}");
        Some((label, Relation::OtherItem, expected.value(&path)?))
    });
    let others = neighbours
        .iter()
        .filter_map(|(other, listing)| Some((other.label.clone(), other.relation, listing.value(path)?)));
    let values: Vec<(String, Relation, Value)> = items.take(MOST_ITEMS).chain(others).collect();
    let candidates = values.iter().map(|(label, relation, value)| Candidate::new(label, *relation, value));
    explain(&candidates.collect::<Vec<_>>())
}

/// The paths of the other items of a list: `plddt[1]`, `plddt[2]`, … for `plddt[0]`.
fn siblings(path: &str) -> impl Iterator<Item = String> + '_ {
    let item = path.strip_suffix(']').and_then(|path| path.rsplit_once('['));
    item.into_iter().flat_map(move |(list, own)| {
        let places = (0..=MOST_ITEMS).map(|place| place.to_string());
        places.filter(move |place| place != own).map(move |place| format!("{list}[{place}]"))
    })
}
