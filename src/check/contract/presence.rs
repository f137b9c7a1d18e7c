//! Which attributes a response has: those of its class in order, filled when required and empty when not requested.

use super::super::case_results::AnsweredCall;
use super::super::number::names;
use super::ContractFindings;
use crate::prediction::Value;
use crate::prediction::contract::Presence;

pub(super) fn judge(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let contract = answered.contract;
    let prediction = answered.prediction;
    if prediction.class != contract.output {
        let summary = format!("class: expected {}, got {}", contract.output, prediction.class);
        report.add(report.wrong(summary));
    }
    judge_attributes(answered, report);
    let mut missing = Vec::new();
    for field in &contract.fields {
        let filled = prediction.field(&field.name).is_some_and(|value| !value.is_none());
        if answered.expected.fills(field) && !filled && prediction.field(&field.name).is_some() {
            missing.push(field.name.as_str());
        }
    }
    if !missing.is_empty() {
        let why =
            if missing.iter().any(|name| answered.expected.requests(name)) { "asked for" } else { "always given" };
        let summary = format!("{}: expected a value ({why}), got None", names(missing));
        report.add(report.wrong(summary));
    }
    judge_unrequested(answered, report);
}

/// The attributes of the class must be there, in order; attributes that are not in the contract are another matter.
fn judge_attributes(answered: &AnsweredCall<'_>, report: &mut ContractFindings<'_>) {
    let expected: Vec<&str> = answered.contract.fields.iter().map(|field| field.name.as_str()).collect();
    let fields = &answered.prediction.fields;
    let got: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let absent: Vec<&str> = expected.iter().copied().filter(|name| !got.contains(name)).collect();
    if !absent.is_empty() {
        let summary = format!("attributes: the response has no {}", names(absent));
        report.add(report.wrong(summary).detail(format!("it has {}", names(got.iter().copied()))));
        return;
    }
    let in_contract: Vec<&str> = got.iter().copied().filter(|name| expected.contains(name)).collect();
    if in_contract != expected {
        let place = in_contract.iter().zip(&expected).position(|(got, expected)| got != expected);
        let summary = match place {
            Some(place) => format!(
                "attributes: expected `{}` in place {place} of the contract's, got `{}`",
                expected[place], in_contract[place]
            ),
            None => format!("attributes: expected each once, got {}", names(in_contract)),
        };
        report.add(report.wrong(summary));
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
    let summary = if unrequested.len() == 1 {
        format!("{all}: expected None ({why}), got {}", value.describe())
    } else {
        format!("{all}: expected None ({why}), got values")
    };
    let details = (unrequested.len() > 1).then(|| format!("{name} is {}", value.describe()));
    report.add(report.wrong(summary).with_details(details));
}
