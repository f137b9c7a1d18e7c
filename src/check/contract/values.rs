//! The elements of an array: finite, within the contract's range, padding behind a sample's end, and indices that follow from the
//! input. Leaves the shape to `arrays`.

use super::super::bounds::Bounds;
use super::super::number::{count, show, show_key};
use super::super::numbers::{Spot, Tally};
use super::super::places::place;
use super::{ContractFindings, JudgedArray};
use crate::prediction::contract::FieldKind;
use crate::prediction::{Value, is_symbol};
use crate::tensor::Tensor;

pub(super) fn judge(subject: &JudgedArray<'_>, tensor: &Tensor, report: &mut ContractFindings<'_>) {
    if !tensor.dtype().is_numeric() {
        return;
    }
    let bounds = subject.field.range.map(Bounds::between);
    let padding = subject.field.padding.filter(|_| subject.answered.expected.pads);
    let lengths: Vec<usize> = subject.complexes.iter().map(|complex| complex.length).collect();
    let is_float = tensor.dtype().is_float();
    let (mut finite, mut within, mut padded) = (Tally::default(), Tally::default(), Tally::default());
    let mut judge_run = |range: std::ops::Range<usize>, inside: bool| {
        tensor.for_each_f64(range, |flat, value| {
            if is_float && !value.is_finite() {
                finite.judge(flat, value, f64::INFINITY);
                return;
            }
            finite.judge(flat, value, 0.0);
            match (inside, bounds, padding) {
                (true, Some(bounds), _) => within.judge(flat, value, bounds.excess(value)),
                (false, _, Some(padding)) => padded.judge(flat, value, (value - padding).abs()),
                _ => {}
            }
        });
    };
    // Only a batch of several lengths has padding. Any other array is read in one go.
    if subject.axes.batch.is_none() || subject.axes.residues.is_empty() {
        judge_run(0..tensor.len(), true);
    } else {
        subject.axes.for_each_run(tensor, &lengths, |run| judge_run(run.range, run.inside));
    }

    let describe = |tally: &Tally, rule: &str, spot: Spot| {
        let (path, broken, seen) = (subject.path, tally.broken, count(tally.seen, "element"));
        let position = tensor.position(spot.flat);
        let place = place(&subject.axes, &position, subject.complexes, subject.answered.first_residue());
        format!("{path}: {broken} of {seen} {rule}; at {place} is {}", show(spot.value))
    };
    let verb = |tally: &Tally| if tally.broken == 1 { "is" } else { "are" };
    if let Some(first) = finite.first {
        report.wrong(describe(&finite, &format!("{} not finite", verb(&finite)), first));
    }
    if let (Some(worst), Some(bounds)) = (within.worst, bounds) {
        let finding = report.wrong(describe(&within, &format!("{} not {bounds}", verb(&within)), worst));
        finding.hint = scale_hint(worst.value, subject.field.range);
    }
    if let (Some(first), Some(value)) = (padded.first, padding) {
        report.wrong(describe(&padded, &format!("of padding must be {}", show(value)), first));
    }
}

/// The elements of `chain_index` and `residue_index`, the only arrays that follow from the input alone.
pub(super) fn judge_indices(subject: &JudgedArray<'_>, tensor: &Tensor, report: &mut ContractFindings<'_>) {
    let field = subject.field;
    let per_residue = matches!(field.shape.as_slice(), [batch, residues]
        if is_symbol(batch, "B") && is_symbol(residues, "L"));
    if field.kind != FieldKind::Array || !per_residue {
        return;
    }
    let index_of: fn(usize, usize) -> usize = match field.name.as_str() {
        "chain_index" => |chain, _| chain,
        "residue_index" => |_, residue| residue,
        _ => return,
    };
    let width = tensor.shape().get(1).copied().unwrap_or(0);
    let (mut wrong, mut first) = (0, None);
    for (sample, complex) in subject.complexes.iter().enumerate() {
        let chains = complex.chains.iter().enumerate();
        let residues = chains.flat_map(|(chain, part)| (0..part.residues).map(move |residue| index_of(chain, residue)));
        for (place, index) in residues.enumerate() {
            let flat = sample * width + place;
            let (expected, got) = (index as f64, tensor.f64_at(flat));
            if got != Some(expected) {
                wrong += 1;
                first.get_or_insert((flat, expected, got));
            }
        }
    }
    let Some((flat, expected, got)) = first else { return };
    let total: usize = subject.complexes.iter().map(|complex| complex.length).sum();
    let place = place(&subject.axes, &tensor.position(flat), subject.complexes, 0);
    let got = got.map_or_else(|| "nothing".to_owned(), show);
    let (path, total, shown) = (subject.path, count(total, "residue"), show(expected));
    let finding = report.wrong(format!("{path}: wrong for {wrong} of {total}; at {place} expected {shown}, got {got}"));
    finding.hint = match (field.name.as_str(), got.as_str()) {
        ("residue_index", "1") if expected == 0.0 => Some("residues are counted from 0 in every chain".to_owned()),
        ("residue_index", _) if expected == 0.0 => Some("counting starts anew in every chain".to_owned()),
        _ => None,
    };
}

/// A number in place of an array of one element.
pub(super) fn judge_number(subject: &JudgedArray<'_>, value: f64, report: &mut ContractFindings<'_>) {
    let range = subject.field.range.filter(|(least, greatest)| least.is_finite() || greatest.is_finite());
    let bounds = range.map(Bounds::between);
    if !value.is_finite() || bounds.is_some_and(|bounds| bounds.excess(value) > 0.0) {
        let expected = bounds.map_or_else(|| "a finite number".to_owned(), |bounds| bounds.to_string());
        report.wrong(format!("{}: expected {expected}, got {}", subject.path, show(value)));
    }
}

/// A mapping of names or numbers of chains to numbers, to lists of them, or to mappings again.
pub(super) fn judge_mapping(path: &str, value: &Value, report: &mut ContractFindings<'_>) {
    match value {
        Value::Map(entries) if entries.is_empty() => {
            report.wrong(format!("{path}: expected a dict with entries, got an empty one"));
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                judge_entry(&format!("{path}.{}", show_key(key)), value, report);
            }
        }
        other => {
            report.wrong(format!("{path}: expected a dict, got {}", other.describe()));
        }
    }
}

fn judge_entry(path: &str, value: &Value, report: &mut ContractFindings<'_>) {
    match value {
        Value::Map(_) => judge_mapping(path, value, report),
        Value::Array(tensor) => {
            let mut broken = Tally::default();
            tensor.for_each_f64(0..tensor.len(), |flat, value| {
                broken.judge(flat, value, if value.is_finite() { 0.0 } else { f64::INFINITY });
            });
            if let Some(first) = broken.first {
                let place = tensor.position(first.flat);
                report.wrong(format!("{path}: {} is not finite at {place:?}", show(first.value)));
            }
        }
        other => {
            if let Some(number) = other.as_number().filter(|number| !number.is_finite()) {
                report.wrong(format!("{path}: expected a finite number, got {}", show(number)));
            }
        }
    }
}

/// The highest of several confidences that is greater than this is a percentage.
pub(super) const LEAST_PERCENT: f64 = 2.0;

fn scale_hint(worst: f64, range: Option<(f64, f64)>) -> Option<String> {
    let (least, greatest) = range?;
    // A little above 1 is no percentage: that would be almost no confidence.
    if (least, greatest) == (0.0, 1.0) && worst > LEAST_PERCENT && worst <= 100.0 {
        Some("this looks like percent; the contract has fractions of 1".into())
    } else if least == 0.0 && (worst + 1.0).abs() < f64::EPSILON {
        Some("this looks like padding inside a sample".into())
    } else {
        None
    }
}
