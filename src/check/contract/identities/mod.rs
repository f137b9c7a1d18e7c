//! Judges how the fields of one response follow from one another, by the identities of the contract. Needs nothing recorded. Looks
//! only at fields that are filled and have the declared shape: anything else is a finding of its own.

mod following;
mod rows;
#[cfg(test)]
mod tests;

use self::following::{Following, norm};
use self::rows::{SampleRows, samples};
use super::super::case_results::AnsweredCall;
use super::super::number::{count, position, show};
use super::super::places::Places;
use super::ContractFindings;
use crate::prediction::contract::FieldKind;
use crate::prediction::identity::{FieldIdentity, FieldRelation};

pub(super) fn judge(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    for identity in &answered.contract.identities {
        let mut broken = BrokenElements::default();
        judge_one(identity, answered, &mut broken);
        let Some(worst) = &broken.worst else { continue };
        let (place, expected, got) = (&worst.place, show(worst.expected), show(worst.got));
        let allowed = show(identity.tolerance);
        let (number, judged, apart) = (broken.broken, count(broken.judged, "element"), show(worst.apart));
        let finding = report.wrong(format!("{identity}: at {place} expected {expected}, got {got}, allowed {allowed}"));
        finding.details.push(format!("beyond that: {number} of {judged}, by up to {apart}"));
    }
}

/// The elements that do not follow.
#[derive(Default)]
struct BrokenElements {
    judged: usize,
    broken: usize,
    worst: Option<WorstElement>,
}

struct WorstElement {
    place: String,
    expected: f64,
    got: f64,
    apart: f64,
}

fn judge_one(identity: &FieldIdentity, answered: &AnsweredCall<'_>, broken: &mut BrokenElements) {
    let Some(field) = answered.contract.field(&identity.field.field) else {
        return;
    };
    let count = samples(field, answered);
    let other = identity.of.as_ref().and_then(|of| answered.contract.field(&of.field));
    // Samples of both fields correspond only if both have the same number.
    if other.is_some_and(|other| samples(other, answered) != count) {
        return;
    }
    // If a whole row of the other field makes one element, rows are elements.
    let of_elements = !matches!(
        identity.relation,
        FieldRelation::Same
            | FieldRelation::Softmax
            | FieldRelation::Normalised
            | FieldRelation::Unit
            | FieldRelation::AlphaCarbons
    );
    for sample in 0..count {
        let Some(own) = SampleRows::of(&identity.field, sample, of_elements, answered) else {
            continue;
        };
        let follows = Following::of(identity, sample, own.len(), answered);
        let Some(follows) = follows.filter(|follows| follows.len() == own.len()) else {
            continue;
        };
        let whole = Places::of_field(&field.name, answered);
        let describe = |at: &[usize]| {
            let (item, places) = match field.kind {
                FieldKind::Arrays => (format!("[{sample}]"), whole.of_item(sample)),
                _ => (String::new(), whole.clone()),
            };
            let residues = places.residues(at).map(|residues| format!(" ({residues})"));
            format!("{item}{}{}", position(at), residues.unwrap_or_default())
        };
        compare(identity, &own, &follows, describe, broken);
    }
}

fn compare(
    identity: &FieldIdentity,
    own: &SampleRows<'_>,
    follows: &Following<'_>,
    describe: impl Fn(&[usize]) -> String,
    broken: &mut BrokenElements,
) {
    let (mut got, mut expected) = (Vec::new(), Vec::new());
    for row in 0..own.len() {
        own.read(row, &mut got);
        if identity.relation == FieldRelation::Unit {
            got = vec![norm(&got)];
        }
        follows.read(row, &mut expected);
        if got.len() != expected.len() {
            return;
        }
        for (along, (&got, &expected)) in got.iter().zip(&expected).enumerate() {
            let apart = (got - expected).abs();
            // A value that is not finite is a finding of its own, in either field.
            if !apart.is_finite() {
                continue;
            }
            broken.judged += 1;
            if apart <= identity.tolerance {
                continue;
            }
            broken.broken += 1;
            if broken.worst.as_ref().is_none_or(|worst| apart > worst.apart) {
                let place = describe(&own.position(row, along));
                broken.worst = Some(WorstElement { place, expected, got, apart });
            }
        }
    }
}
