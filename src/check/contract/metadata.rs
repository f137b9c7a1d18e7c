//! The `metadata` of a response: its class, its names, the lengths of what was asked, and times that can be.

use super::super::case_results::AnsweredCall;
use super::super::number::{names, show};
use super::ContractFindings;
use crate::prediction::{METADATA_ATTRIBUTES, Record, Value};

/// The class of every model's metadata.
const CLASS: &str = "boileroom.base.PredictionMetadata";

pub(super) fn judge(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let record = match answered.prediction.field("metadata") {
        Some(Value::Record(record)) => record,
        other => {
            let got = other.map_or_else(|| "nothing".to_owned(), Value::describe);
            report.add(report.wrong(format!("metadata: expected a {CLASS} object, got {got}")));
            return;
        }
    };
    if record.class != CLASS {
        report.add(report.wrong(format!("metadata: expected class {CLASS}, got {}", record.class)));
    }
    let got: Vec<&str> = record.fields.iter().map(|(name, _)| name.as_str()).collect();
    if got != METADATA_ATTRIBUTES {
        let summary = format!("metadata: expected {}, got {}", names(METADATA_ATTRIBUTES), names(got));
        report.add(report.wrong(summary));
    }
    judge_names(answered, record, report);
    judge_lengths(answered, report);
    for name in METADATA_ATTRIBUTES.iter().filter(|name| name.ends_with("_time")) {
        judge_time(name, field(record, name), report);
    }
}

fn judge_names(answered: &AnsweredCall<'_>, record: &Record, report: &mut ContractFindings<'_>) {
    let expected = answered.contract.name.as_str();
    match field(record, "model_name") {
        Some(Value::Text(name)) if name == expected => {}
        Some(Value::Text(name)) => {
            let summary = format!("metadata.model_name: expected {expected:?}, got {name:?}");
            report.add(report.wrong(summary));
        }
        other => report.add(wrong_kind("model_name", &format!("{expected:?}"), other, report)),
    }
    match field(record, "model_version") {
        Some(Value::Text(_)) => {}
        other => report.add(wrong_kind("model_version", "a str", other, report)),
    }
}

fn judge_lengths(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let expected = &answered.expected.lengths;
    let got = answered.prediction.sequence_lengths();
    if got.as_ref() == Some(expected) {
        return;
    }
    let shown = match (&got, answered.prediction.at("metadata.sequence_lengths")) {
        (Some(lengths), _) => format!("{lengths:?}"),
        (None, Some(value)) => value.describe(),
        (None, None) => "nothing".into(),
    };
    let finding = report.wrong(format!("metadata.sequence_lengths: expected {expected:?}, got {shown}"));
    let separators = answered.expected.complexes.iter().any(|complex| complex.chains.len() > 1);
    let longer = got.is_some_and(|got| got.iter().sum::<usize>() > expected.iter().sum());
    let hint = (separators && longer).then(|| "the separators between chains or a linker seem to be counted".into());
    report.add(finding.with_hint(hint));
}

fn judge_time(name: &str, value: Option<&Value>, report: &mut ContractFindings<'_>) {
    match value {
        // A missing attribute was reported with all of them.
        None | Some(Value::None) => {}
        Some(value) => match value.as_number() {
            Some(seconds) if seconds >= 0.0 && seconds.is_finite() => {}
            Some(seconds) => {
                let summary = format!("metadata.{name}: expected at least 0 s, got {}", show(seconds));
                report.add(report.wrong(summary));
            }
            None => report.add(wrong_kind(name, "seconds or None", Some(value), report)),
        },
    }
}

fn wrong_kind(
    name: &str,
    expected: &str,
    got: Option<&Value>,
    report: &ContractFindings<'_>,
) -> super::super::finding::Finding {
    let got = got.map_or_else(|| "nothing".to_owned(), Value::describe);
    report.wrong(format!("metadata.{name}: expected {expected}, got {got}"))
}

fn field<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    record.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}
