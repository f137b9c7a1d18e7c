//! Reads the steps of a case: words, and tables for what has settings. Reports every step that there is not or that cannot be taken
//! where it stands.

use reqwest::Method;

use super::Scenario;
use super::order::StepOrder;
use super::step::{MustGive, ScenarioStep, WORDS};
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{Diagnostic, Diagnostics, Located, Location, NameOrTable, TableReader};
use crate::wire::WireFault;
use crate::wire::client::PlainRequest;

/// The part of a response at which it is cut or changed, unless a step says otherwise.
const MIDDLE: f64 = 0.5;
const STAGES: [Stage; 2] = [Stage::Call, Stage::Decode];

impl Scenario {
    /// The scenario of a case; `None` when something is wrong with it, which is reported.
    pub(crate) fn read(written: &[NameOrTable], diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut steps = Vec::with_capacity(written.len());
        for item in written {
            let step = match item {
                NameOrTable::Name(name) => named(name, diagnostics),
                NameOrTable::Table(section) => {
                    let mut reader = TableReader::new(section, diagnostics);
                    let step = if reader.has("request") { read_request(&mut reader) } else { read_fault(&mut reader) };
                    reader.finish();
                    step
                }
            };
            steps.extend(step.map(|step| (step, item.location())));
        }
        if steps.len() < written.len() {
            return None;
        }
        let mut order = StepOrder::default();
        for (index, (step, location)) in steps.iter().enumerate() {
            let taken = order.take(step);
            let ended = || if index + 1 == steps.len() { order.end() } else { Ok(()) };
            if let Err(why) = taken.and_then(|()| ended()) {
                diagnostics.push(misplaced(index, step, location, why));
                return None;
            }
        }
        let steps = steps.into_iter().map(|(step, _)| step).collect();
        Some(Self { steps })
    }
}

fn misplaced(index: usize, step: &ScenarioStep, location: &Location, why: &str) -> Diagnostic {
    Diagnostic::at(location.clone(), format!("step {} cannot be `{step}`", index + 1)).with_label(why)
}

fn named(name: &Located<String>, diagnostics: &mut Diagnostics) -> Option<ScenarioStep> {
    let found = WORDS.iter().find(|(word, ..)| *word == name.value);
    if found.is_none() {
        let words = WORDS.iter().map(|(word, ..)| *word);
        diagnostics.push(Diagnostic::unknown(name.location.clone(), "step", &name.value, words));
    }
    found.map(|(_, step, _)| step.clone())
}

/// `{ fault = NAME, at = PART, status = NUMBER, must = … }`
fn read_fault(reader: &mut TableReader<'_>) -> Option<ScenarioStep> {
    let faults = [
        ("cut", WireFault::Cut(MIDDLE)),
        ("drip", WireFault::Drip),
        ("corrupt", WireFault::Corrupt(MIDDLE)),
        ("hang", WireFault::Hang),
        ("wrong_signature", WireFault::WrongSignature),
        ("replay", WireFault::Replay),
        ("status", WireFault::Status(0)),
    ];
    let fault = match reader.require("fault").choice("fault", &faults) {
        Some(WireFault::Cut(_)) => Some(WireFault::Cut(reader.number("at", 0.0..=1.0).unwrap_or(MIDDLE))),
        Some(WireFault::Corrupt(_)) => Some(WireFault::Corrupt(reader.number("at", 0.0..=1.0).unwrap_or(MIDDLE))),
        Some(WireFault::Status(_)) => {
            let status = reader.require("status").integer("status", 400..=599);
            status.and_then(|status| u16::try_from(status).ok()).map(WireFault::Status)
        }
        other => other,
    };
    let must = read_must(reader);
    Some(ScenarioStep::Fault(fault?, must?))
}

/// `must = "response"`, or `must = ["STAGE", "FAULT", "RESPONSIBLE"]`.
fn read_must(reader: &mut TableReader<'_>) -> Option<MustGive> {
    const EXPECTED: &str = "expected \"response\", or [\"STAGE\", \"FAULT\", \"RESPONSIBLE\"]";
    match reader.require("must").text_or_texts("must")?.into_vec().as_slice() {
        [word] if word.value == "response" => Some(MustGive::Response),
        [stage, fault, responsible] => {
            let stage = one_of(reader, "stage", stage, &STAGES.map(|stage| (stage.to_string(), stage)));
            let fault =
                one_of(reader, "fault", fault, &Fault::EXPECTABLE.map(|fault| (fault.name().to_owned(), fault)));
            let (stage, fault) = (stage?, fault?);
            let owner = BackendError::new(stage, fault, "").responsible().to_string();
            if owner != responsible.value {
                let message = format!("`{}` is not responsible for the fault {}", responsible.value, fault.name());
                let diagnostic = Diagnostic::at(responsible.location.clone(), message);
                reader.diagnostics().push(diagnostic.with_label(format!("expected \"{owner}\"")));
                return None;
            }
            Some(MustGive::Error(stage, fault))
        }
        _ => {
            reader.reject("must", "this is nothing that a call gives", EXPECTED);
            None
        }
    }
}

fn one_of<T: Copy>(
    reader: &mut TableReader<'_>,
    what: &str,
    word: &Located<String>,
    known: &[(String, T)],
) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == word.value);
    if found.is_none() {
        let names = known.iter().map(|(name, _)| name.as_str());
        reader.diagnostics().push(Diagnostic::unknown(word.location.clone(), what, &word.value, names));
    }
    found.map(|(_, value)| *value)
}

/// `{ request = "METHOD /path", body = TEXT, content_type = TEXT, status = [NUMBERS] }`
fn read_request(reader: &mut TableReader<'_>) -> Option<ScenarioStep> {
    let line = reader.text("request");
    let body = reader.text("body");
    let content_type = reader.text("content_type");
    let statuses = reader.require("status").numbers("status");
    let line = line.and_then(|line| {
        let parts = line.split_once(' ').filter(|(_, path)| path.starts_with('/') && !path.contains(['?', '#', ' ']));
        let request = parts.and_then(|(verb, path)| Some((verb.parse::<Method>().ok()?, path.to_owned())));
        if request.is_none() {
            reader.reject("request", "this is no request", "expected \"METHOD /path\"");
        }
        request
    });
    let statuses = statuses.and_then(|numbers| {
        let read = numbers.iter().map(|number| number.to_string().parse().ok());
        let read = read.map(|status: Option<u16>| status.filter(|status| (100..=599).contains(status)));
        let statuses: Option<Vec<u16>> = read.collect();
        let statuses = statuses.filter(|statuses| !statuses.is_empty());
        if statuses.is_none() {
            reader.reject("status", "these are no statuses of HTTP", "expected numbers from 100 to 599");
        }
        statuses
    });
    let (verb, path) = line?;
    let request = PlainRequest {
        verb,
        path,
        content_type: content_type.or_else(|| body.as_ref().map(|_| "application/json".to_owned())),
        body: body.unwrap_or_default().into(),
    };
    Some(ScenarioStep::Request(request, statuses?))
}
