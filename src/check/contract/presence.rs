//! The attributes of a response: those of its class in order, filled if required and empty if not requested. Judges no values.

use super::super::case_results::AnsweredCall;
use super::super::number::names;
use super::ContractFindings;
use crate::prediction::Value;
use crate::prediction::contract::Presence;

pub(super) fn judge(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let (contract, prediction) = (answered.contract, answered.prediction);
    if prediction.class != contract.output {
        report.wrong(format!("class: expected {}, got {}", contract.output, prediction.class));
    }
    judge_attributes(answered, report);
    let is_missing = |name: &str| matches!(prediction.field(name), Some(Value::None));
    let missing: Vec<&str> = contract
        .fields
        .iter()
        .filter(|field| answered.expected.fills(field) && is_missing(&field.name))
        .map(|field| field.name.as_str())
        .collect();
    if !missing.is_empty() {
        let is_requested = missing.iter().any(|name| answered.expected.requests(name));
        let why = if is_requested { "asked for" } else { "always given" };
        report.wrong(format!("{}: expected a value ({why}), got None", names(missing)));
    }
    judge_unrequested(answered, report);
}

/// The attributes of the class must be there, in order. Attributes that are not in the contract are judged elsewhere.
fn judge_attributes(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let expected: Vec<&str> = answered.contract.fields.iter().map(|field| field.name.as_str()).collect();
    let got: Vec<&str> = answered.prediction.fields.iter().map(|(name, _)| name.as_str()).collect();
    let absent: Vec<&str> = expected.iter().copied().filter(|name| !got.contains(name)).collect();
    if !absent.is_empty() {
        let finding = report.wrong(format!("attributes: the response has no {}", names(absent)));
        finding.details.push(format!("it has {}", names(got)));
        return;
    }
    let in_contract: Vec<&str> = got.iter().copied().filter(|name| expected.contains(name)).collect();
    if in_contract != expected {
        let place = in_contract.iter().zip(&expected).position(|(got, expected)| got != expected);
        report.wrong(match place {
            Some(place) => format!(
                "attributes: expected `{}` in place {place} of the contract's, got `{}`",
                expected[place], in_contract[place]
            ),
            None => format!("attributes: expected each once, got {}", names(in_contract)),
        });
    }
}

fn judge_unrequested(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let is_unrequested = |name: &str, value: &Value| {
        let field = answered.contract.field(name);
        name != "metadata" && !value.is_none() && field.is_none_or(|field| !answered.expected.fills(field))
    };
    let unrequested: Vec<&(String, Value)> =
        answered.prediction.fields.iter().filter(|(name, value)| is_unrequested(name, value)).collect();
    let Some((name, value)) = unrequested.first() else {
        return;
    };
    let why = match answered.contract.field(name) {
        Some(field) if answered.expected.requests(name) && field.presence == Presence::Requested => {
            "it is not known which of several samples it is about"
        }
        Some(field) if field.presence == Presence::Never => "this model does not fill it",
        Some(_) => "not asked for",
        None => "not in the contract",
    };
    let all = names(unrequested.iter().map(|(name, _)| name.as_str()));
    if unrequested.len() == 1 {
        report.wrong(format!("{all}: expected None ({why}), got {}", value.describe()));
    } else {
        let finding = report.wrong(format!("{all}: expected None ({why}), got values"));
        finding.details.push(format!("{name} is {}", value.describe()));
    }
}
