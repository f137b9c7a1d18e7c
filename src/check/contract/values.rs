//! The elements of an array: finite, within the contract's range, and the padding value behind a sample's end.

use super::super::bounds::Bounds;
use super::super::number::{count, show, show_key};
use super::super::places::place;
use super::super::tally::{Spot, Tally};
use super::ContractFindings;
use super::judged_array::JudgedArray;
use crate::prediction::Value;
use crate::tensor::Tensor;

pub(super) fn judge(subject: &JudgedArray<'_>, tensor: &Tensor, report: &mut ContractFindings<'_>) {
    if !tensor.dtype().is_numeric() {
        return;
    }
    let bounds = subject.field.range.map(|(least, greatest)| Bounds::between(least, greatest));
    let padding = subject.field.padding.filter(|_| subject.answered.expected.pads);
    let lengths: Vec<usize> = subject.complexes.iter().map(|complex| complex.length).collect();
    let is_float = tensor.dtype().is_float();
    let (mut finite, mut within, mut padded) = (Tally::default(), Tally::default(), Tally::default());
    let judge_run = |range: std::ops::Range<usize>, inside: bool| {
        tensor.for_each_f64(range, |flat, value| {
            if is_float && !value.is_finite() {
                finite.break_by(flat, value, f64::INFINITY);
                return;
            }
            finite.keep();
            match (inside, bounds, padding) {
                (true, Some(bounds), _) => within.judge(flat, value, bounds.excess(value)),
                (false, _, Some(padding)) => padded.judge(flat, value, (value - padding).abs()),
                _ => {}
            }
        });
    };
    walk(subject, tensor, &lengths, judge_run);

    let say = ElementWords { subject, tensor };
    if let Some(first) = finite.first {
        let summary = say.summary(&finite, "is not finite", "are not finite", first);
        report.add(report.wrong(summary));
    }
    if let (Some(worst), Some(bounds)) = (within.worst, bounds) {
        let summary = say.summary(&within, &format!("is not {bounds}"), &format!("are not {bounds}"), worst);
        report.add(report.wrong(summary).with_hint(scale_hint(&within, subject.field.range)));
    }
    if let (Some(first), Some(value)) = (padded.first, padding) {
        let rule = format!("of padding must be {}", show(value));
        let summary = format!(
            "{}: {} of {} {rule}; at {} is {}",
            subject.path,
            padded.broken,
            count(padded.seen, "element"),
            say.place(first),
            show(first.value)
        );
        report.add(report.wrong(summary));
    }
}

/// A number that stands where an array of one element could.
pub(super) fn judge_number(subject: &JudgedArray<'_>, value: f64, report: &mut ContractFindings<'_>) {
    let bounds = subject.field.range.map_or(Bounds::ANY, |(least, greatest)| Bounds::between(least, greatest));
    if !value.is_finite() || bounds.excess(value) > 0.0 {
        let expected = if bounds == Bounds::ANY { "a finite number".into() } else { bounds.to_string() };
        report.add(report.wrong(format!("{}: expected {expected}, got {}", subject.path, show(value))));
    }
}

/// A mapping of names or numbers of chains to numbers, to lists of them, or to mappings again.
pub(super) fn judge_mapping(path: &str, value: &Value, report: &mut ContractFindings<'_>) {
    match value {
        Value::Map(entries) if entries.is_empty() => {
            report.add(report.wrong(format!("{path}: expected a dict with entries, got an empty one")));
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                judge_entry(path, key, value, report);
            }
        }
        other => report.add(report.wrong(format!("{path}: expected a dict, got {}", other.describe()))),
    }
}

fn judge_entry(path: &str, key: &Value, value: &Value, report: &mut ContractFindings<'_>) {
    let path = format!("{path}.{}", show_key(key));
    match value {
        Value::Map(_) => judge_mapping(&path, value, report),
        Value::Array(tensor) => {
            let mut broken = Tally::default();
            tensor.for_each_f64(0..tensor.len(), |flat, value| {
                broken.judge(flat, value, if value.is_finite() { 0.0 } else { f64::INFINITY });
            });
            if let Some(first) = broken.first {
                let place = tensor.position(first.flat);
                let summary = format!("{path}: {} is not finite at {place:?}", show(first.value));
                report.add(report.wrong(summary));
            }
        }
        other => match other.as_number() {
            Some(number) if !number.is_finite() => {
                report.add(report.wrong(format!("{path}: expected a finite number, got {}", show(number))));
            }
            _ => {}
        },
    }
}

/// Padding can only be where there is a batch of several lengths; elsewhere the array is read in one go.
fn walk(
    subject: &JudgedArray<'_>,
    tensor: &Tensor,
    lengths: &[usize],
    mut visit: impl FnMut(std::ops::Range<usize>, bool),
) {
    if subject.axes.batch.is_none() || subject.axes.residues.is_empty() {
        visit(0..tensor.len(), true);
    } else {
        subject.axes.for_each_run(tensor, lengths, |run| visit(run.range, run.inside));
    }
}

/// Words for elements of one array.
struct ElementWords<'a> {
    subject: &'a JudgedArray<'a>,
    tensor: &'a Tensor,
}

impl ElementWords<'_> {
    fn summary(&self, tally: &Tally, one: &str, many: &str, spot: Spot) -> String {
        let verb = if tally.broken == 1 { one } else { many };
        format!(
            "{}: {} of {} {verb}; at {} is {}",
            self.subject.path,
            tally.broken,
            count(tally.seen, "element"),
            self.place(spot),
            show(spot.value)
        )
    }

    fn place(&self, spot: Spot) -> String {
        let subject = self.subject;
        let position = self.tensor.position(spot.flat);
        place(&subject.axes, &position, subject.complexes, first_residue(subject))
    }
}

/// Residues are named as the model's structures number them, and from 0 where it has none.
fn first_residue(subject: &JudgedArray<'_>) -> usize {
    let fields = &subject.answered.contract.fields;
    let first = fields.iter().find_map(|field| field.first_residue).unwrap_or(0);
    usize::try_from(first).unwrap_or(0)
}

/// The highest of several confidences is more than that in percent.
pub(super) const LEAST_PERCENT: f64 = 2.0;

fn scale_hint(outside: &Tally, range: Option<(f64, f64)>) -> Option<String> {
    let (least, greatest) = range?;
    let worst = outside.worst?.value;
    // A little above 1 is no percentage: that would be a confidence of hardly anything.
    if (least, greatest) == (0.0, 1.0) && worst > LEAST_PERCENT && worst <= 100.0 {
        Some("this looks like percent; the contract has fractions of 1".into())
    } else if least == 0.0 && (worst + 1.0).abs() < f64::EPSILON {
        Some("this looks like padding inside a sample".into())
    } else {
        None
    }
}
