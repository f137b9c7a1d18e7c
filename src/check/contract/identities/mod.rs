//! Judges how the fields of one response follow from one another, by the identities of the contract. Needs nothing recorded, and looks
//! only at fields that are filled and have the declared shape: all else is a finding of its own.

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
        let summary = format!(
            "{identity}: at {} expected {}, got {}, allowed {}",
            worst.place,
            show(worst.expected),
            show(worst.got),
            show(identity.tolerance)
        );
        let all = format!(
            "beyond that: {} of {}, by up to {}",
            broken.broken,
            count(broken.judged, "element"),
            show(worst.apart)
        );
        report.add(report.wrong(summary).detail(all));
    }
}

/// What is not as it follows.
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
    let find = |name: &str| answered.contract.field(name);
    let Some(field) = find(&identity.field.field) else {
        return;
    };
    let count = samples(field, answered);
    let other = identity.of.as_ref().and_then(|of| find(&of.field));
    // Which sample of one field is which of the other can be told only where both have as many.
    if other.is_some_and(|other| samples(other, answered) != count) {
        return;
    }
    // Where a whole row of the other field makes one element, rows are elements.
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
        let Some(follows) = Following::of(identity, sample, own.len(), answered) else {
            continue;
        };
        if follows.len() == own.len() {
            let whole = Places::of_field(&field.name, answered);
            let say = |at: &[usize]| {
                let (item, places) = match field.kind {
                    FieldKind::Arrays => (format!("[{sample}]"), whole.of_item(sample)),
                    _ => (String::new(), whole.clone()),
                };
                let residues = places.residues(at).map(|residues| format!(" ({residues})"));
                format!("{item}{}{}", position(at), residues.unwrap_or_default())
            };
            compare(identity, &own, &follows, say, broken);
        }
    }
}

fn compare(
    identity: &FieldIdentity,
    own: &SampleRows<'_>,
    follows: &Following<'_>,
    say: impl Fn(&[usize]) -> String,
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
            // What is not finite is a finding of its own, whichever field has it.
            if !apart.is_finite() {
                continue;
            }
            broken.judged += 1;
            if apart <= identity.tolerance {
                continue;
            }
            broken.broken += 1;
            if broken.worst.as_ref().is_none_or(|worst| apart > worst.apart) {
                broken.worst = Some(WorstElement { place: say(&own.position(row, along)), expected, got, apart });
            }
        }
    }
}
