//! Reads the steps of a case, which are words or tables, and checks their order. Reports unknown steps and steps that
//! are not possible at their place; does not run steps.

use reqwest::Method;

use super::Scenario;
use super::step::{MustGive, ScenarioStep, WORDS};
use crate::backend::{BackendError, Fault, Stage};
use crate::config::{Diagnostic, Diagnostics, Located, NameOrTable, TableReader};
use crate::wire::WireFault;
use crate::wire::client::PlainRequest;

/// The default position of a fault within a response.
const MIDDLE: f64 = 0.5;
/// The stages in which a call can fail.
const STAGES: [(&str, Stage); 2] = [("call", Stage::Call), ("decode", Stage::Decode)];

impl Scenario {
    /// The scenario of a case. Returns `None` and reports the mistakes if it is invalid.
    pub(crate) fn read(written: &[NameOrTable], diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut steps = Vec::with_capacity(written.len());
        for item in written {
            let step = match item {
                NameOrTable::Name(name) => {
                    one_of(diagnostics, "step", name, WORDS.iter().map(|(word, step, _)| (*word, step.clone())))
                }
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
                let message = format!("step {} cannot be `{step}`", index + 1);
                diagnostics.push(Diagnostic::at((*location).clone(), message).with_label(why));
                return None;
            }
        }
        Some(Self { steps: steps.into_iter().map(|(step, _)| step).collect() })
    }
}

/// Finds a word among the known ones, or reports it.
fn one_of<'a, T>(
    diagnostics: &mut Diagnostics,
    what: &str,
    word: &Located<String>,
    known: impl Iterator<Item = (&'a str, T)> + Clone,
) -> Option<T> {
    let found = known.clone().find(|(name, _)| *name == word.value);
    if found.is_none() {
        diagnostics.push(Diagnostic::unknown(word.location.clone(), what, &word.value, known.map(|(name, _)| name)));
    }
    found.map(|(_, value)| value)
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
            let stage = one_of(reader.diagnostics(), "stage", stage, STAGES.into_iter());
            let faults = Fault::EXPECTABLE.into_iter().map(|fault| (fault.name(), fault));
            let fault = one_of(reader.diagnostics(), "fault", fault, faults);
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
        let read = numbers.iter().map(|number| number.to_string().parse().ok().filter(|it| (100..=599).contains(it)));
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

/// The state after some steps.
#[derive(Debug, Default)]
struct StepOrder {
    /// Whether the first and the second instance run.
    up: [bool; 2],
    is_paused: bool,
    has_ended: bool,
    /// Whether a response has passed the proxy since the last start, and before it.
    passed: [bool; 2],
}

impl StepOrder {
    /// Takes the next step. The error says why it is not possible here.
    fn take(&mut self, step: &ScenarioStep) -> Result<(), &'static str> {
        use ScenarioStep as S;
        let [up, other_is_up] = self.up;
        if self.has_ended {
            return Err("the program has ended: nothing can follow");
        }
        if self.is_paused && !matches!(step, S::Resume) {
            return Err("it is paused: expected `resume`");
        }
        match step {
            S::Call | S::CallMany if !up => return Err("it does not run: expected `start` before it, or `refuse`"),
            S::Restart
            | S::Kill
            | S::Pause
            | S::FailStop
            | S::Exit(_)
            | S::HealthWhileBusy
            | S::KeepAlive
            | S::Fault(..)
            | S::Request(..)
                if !up =>
            {
                return Err("it does not run: expected `start` before it");
            }
            S::Refuse | S::Down | S::FailStart | S::AbandonStart | S::StartBoth if up => {
                return Err("it runs: expected `stop` before it");
            }
            S::CallBoth if !(up && other_is_up) => return Err("two do not run: expected `start_both` before it"),
            S::CallOther | S::StopOther if !other_is_up => {
                return Err("the other does not run: expected `start_both` before it");
            }
            S::Resume if !self.is_paused => return Err("it is not paused: expected `pause` before it"),
            S::Fault(WireFault::Replay, _) if !self.passed[1] => {
                return Err("there is no response to replay: expected a `drip` and then a `restart` before it");
            }
            _ => {}
        }
        match step {
            S::Start | S::Restart if !up || *step == S::Restart => {
                self.up[0] = true;
                self.passed[1] |= std::mem::take(&mut self.passed[0]);
            }
            S::StartBoth => self.up = [true, true],
            S::Stop | S::Kill | S::FailStop => self.up[0] = false,
            S::StopOther => self.up[1] = false,
            S::Pause => self.is_paused = true,
            S::Resume => self.is_paused = false,
            S::Exit(_) => (self.up, self.has_ended) = ([false, false], true),
            S::Fault(WireFault::Drip, _) => self.passed[0] = true,
            _ => {}
        }
        Ok(())
    }

    /// Checks that every instance was stopped. The error names the missing step.
    const fn end(&self) -> Result<(), &'static str> {
        match self.up {
            [false, false] => Ok(()),
            [true, _] => Err("it runs after the last step: expected `stop` at the end"),
            [false, true] => Err("the other runs after the last step: expected `stop_other` at the end"),
        }
    }
}
