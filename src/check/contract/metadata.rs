//! The `metadata` of a response: its class, its names, the lengths of the input, and plausible times. Judges no other field.

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
            report.wrong(format!("metadata: expected a {CLASS} object, got {}", describe(other)));
            return;
        }
    };
    if record.class != CLASS {
        report.wrong(format!("metadata: expected class {CLASS}, got {}", record.class));
    }
    let got: Vec<&str> = record.fields.iter().map(|(name, _)| name.as_str()).collect();
    if got != METADATA_ATTRIBUTES {
        report.wrong(format!("metadata: expected {}, got {}", names(METADATA_ATTRIBUTES), names(got)));
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
            report.wrong(format!("metadata.model_name: expected {expected:?}, got {name:?}"));
        }
        other => {
            report.wrong(format!("metadata.model_name: expected {expected:?}, got {}", describe(other)));
        }
    }
    match field(record, "model_version") {
        Some(Value::Text(_)) => {}
        other => {
            report.wrong(format!("metadata.model_version: expected a str, got {}", describe(other)));
        }
    }
}

fn judge_lengths(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let expected = &answered.expected.lengths;
    let got = answered.prediction.sequence_lengths();
    if got.as_ref() == Some(expected) {
        return;
    }
    let value = answered.prediction.at("metadata.sequence_lengths");
    let shown = got.as_ref().map_or_else(|| describe(value), |lengths| format!("{lengths:?}"));
    let separators = answered.expected.complexes.iter().any(|complex| complex.chains.len() > 1);
    // A response may state any lengths.
    let longer = got.is_some_and(|got| got.into_iter().fold(0, usize::saturating_add) > expected.iter().sum());
    let finding = report.wrong(format!("metadata.sequence_lengths: expected {expected:?}, got {shown}"));
    finding.hint =
        (separators && longer).then(|| "the separators between chains or a linker seem to be counted".into());
}

fn judge_time(name: &str, value: Option<&Value>, report: &mut ContractFindings<'_>) {
    // A missing attribute was reported with all of them.
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return;
    };
    match value.as_number() {
        Some(seconds) if seconds >= 0.0 && seconds.is_finite() => {}
        Some(seconds) => {
            report.wrong(format!("metadata.{name}: expected at least 0 s, got {}", show(seconds)));
        }
        None => {
            report.wrong(format!("metadata.{name}: expected seconds or None, got {}", value.describe()));
        }
    }
}

fn describe(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::describe)
}

fn field<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    record.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
}
