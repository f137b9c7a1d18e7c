//! What was answered in a run so far: the same call must get the same response in every case, and a wrong response may be that to another
//! call. Keeps a digest and a name of every response, and the whole response only of calls that the plan makes in several cases.

mod digest;
mod facts;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use self::digest::{bytes_of, digest_of};
use self::facts::facts_of;
use super::judging::{Judged, PredictionOrigin};
use crate::backend::Responsible;
use crate::check::{CallResult, Finding};
use crate::compare::{Policy, ToleranceOverrides, compare};
use crate::plan::{Plan, PlannedTrial};
use crate::prediction::contract::FieldKind;
use crate::prediction::{Contract, Options, Prediction, Request};
use crate::synthetic::WEIGHTS as SYNTHETIC;

/// The name under which a call that is answered otherwise is a finding.
const NAME: &str = "repeats";
/// The most bytes of whole responses that are kept. Of larger ones only the digest is compared.
const MOST: usize = 256 << 20;
/// Lines of a finding.
const LINES: usize = 20;

/// A call as its response depends on it: model, configuration, input and options, as text.
type RequestKey = String;

/// The responses of a run so far.
#[derive(Debug, Default)]
pub(crate) struct SeenResponses {
    /// Calls that several cases make.
    repeated: HashSet<RequestKey>,
    state: Mutex<SeenState>,
}

#[derive(Debug, Default)]
struct SeenState {
    calls: HashMap<RequestKey, FirstResponse>,
    /// The input and the name of the first call that got a response with this digest.
    responses: HashMap<u64, (String, String)>,
    kept: usize,
}

#[derive(Debug)]
struct FirstResponse {
    trial: String,
    name: String,
    digest: u64,
    whole: Option<Prediction>,
}

impl SeenResponses {
    /// Of a run of these trials of a plan.
    pub(crate) fn of(plan: &Plan, selected: &[usize]) -> Self {
        let mut cases: HashMap<RequestKey, usize> = HashMap::new();
        let trials = selected.iter().filter_map(|&index| plan.trials.get(index));
        for trial in trials {
            let calls = trial.calls.iter();
            let keys: HashSet<RequestKey> =
                calls.map(|call| key_of(&trial.contract, &call.config, &call.request)).collect();
            // A scenario makes its call several times.
            let times = 1 + usize::from(trial.scenario.is_some());
            for key in keys {
                *cases.entry(key).or_default() += times;
            }
        }
        let repeated = cases.into_iter().filter(|(_, count)| *count > 1);
        Self { repeated: repeated.map(|(key, _)| key).collect(), state: Mutex::default() }
    }

    /// Adds to what was judged of a trial what other cases say of its responses, and keeps these.
    pub(crate) fn weigh(
        &self,
        trial: &PlannedTrial,
        origin: &PredictionOrigin,
        responses: &[CallResult],
        judged: &mut Judged,
    ) {
        for response in responses {
            let Ok(prediction) = &response.result else { continue };
            let digest = digest_of(prediction);
            let known = facts_of(&trial.contract, response, digest);
            judged.responses.extend(known.map(|known| (response.call.clone(), known)));
            let Some(digest) = digest else { continue };
            let key = key_of(&trial.contract, &response.config, &response.request);
            let seen = self.see(trial, response, prediction, &key, digest, origin);
            let is_stochastic = trial.contract.seed_option().is_some() && origin.weights != SYNTHETIC;
            match seen {
                Seen::Other { name, lines } if is_stochastic => {
                    let lines = lines.first().cloned().unwrap_or_default();
                    judged.notes.push(format!("the same call gave another response in `{name}`: {lines}"));
                }
                Seen::Other { name, lines } => {
                    let summary = format!("the same call gave another response in `{name}`");
                    let finding = Finding::wrong(NAME, &response.call, summary);
                    judged.findings.push(finding.with_details(lines.into_iter().take(LINES)));
                }
                Seen::ToAnother(name) => {
                    let is_own = |finding: &&mut Finding| {
                        finding.responsible == Responsible::Backend && finding.call.as_deref() == Some(&response.call)
                    };
                    if let Some(finding) = judged.findings.iter_mut().find(is_own) {
                        let hint = format!("this is the response to `{name}`");
                        finding.hint = Some(match finding.hint.take() {
                            Some(other) => format!("{hint}; {other}"),
                            None => hint,
                        });
                    }
                }
                Seen::Nothing => {}
            }
        }
    }

    fn see(
        &self,
        trial: &PlannedTrial,
        response: &CallResult,
        prediction: &Prediction,
        key: &RequestKey,
        digest: u64,
        origin: &PredictionOrigin,
    ) -> Seen {
        let name =
            if trial.calls.len() > 1 { format!("{}, call {}", trial.name, response.call) } else { trial.name.clone() };
        // Inputs that differ in case only may rightly have equal responses.
        let input = response.request.input.to_json().to_string().to_ascii_uppercase();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let (first_input, first_name) = state.responses.entry(digest).or_insert_with(|| (input.clone(), name.clone()));
        let to_another = (*first_input != input).then(|| first_name.clone());
        let first = state.calls.get(key);
        // A case says itself how far its own calls may differ, and another attempt takes the place of the one before. A scenario makes
        // one call again and again.
        let counts = |first: &&FirstResponse| first.trial != trial.name || trial.scenario.is_some();
        let other = first.filter(counts).filter(|first| first.digest != digest);
        let lines = other.and_then(|first| {
            let found = differences(&trial.contract, origin, first.whole.as_ref()?, prediction);
            (!found.is_empty()).then(|| (first.name.clone(), found))
        });
        if first.is_none_or(|first| first.trial == trial.name) {
            let size = bytes_of(prediction);
            let is_kept = self.repeated.contains(key) && state.kept + size <= MOST;
            let whole = is_kept.then(|| prediction.clone());
            state.kept += if is_kept { size } else { 0 };
            let first = FirstResponse { trial: trial.name.clone(), name, digest, whole };
            let before = state.calls.insert(key.clone(), first);
            let freed = before.and_then(|before| Some(bytes_of(&before.whole?)));
            state.kept -= freed.unwrap_or(0).min(state.kept);
        }
        match (lines, to_another) {
            (Some((name, lines)), _) => Seen::Other { name, lines },
            (None, Some(name)) => Seen::ToAnother(name),
            (None, None) => Seen::Nothing,
        }
    }
}

/// What earlier responses say of one.
enum Seen {
    Nothing,
    /// The same call got another one.
    Other {
        name: String,
        lines: Vec<String>,
    },
    /// It is the response that a call with another input got.
    ToAnother(String),
}

/// How two responses to one call differ beyond what the model is allowed.
fn differences(contract: &Contract, origin: &PredictionOrigin, first: &Prediction, second: &Prediction) -> Vec<String> {
    // Files say what the structures beside them say, in digits that no tolerance applies to.
    let numbers = |prediction: &Prediction| {
        let is_file = |name: &str| {
            let kind = contract.field(name).map(|field| field.kind);
            matches!(kind, Some(FieldKind::Pdb | FieldKind::Cif))
        };
        let fields = prediction.fields.iter().filter(|(name, _)| !is_file(name));
        Prediction { class: prediction.class.clone(), fields: fields.cloned().collect() }
    };
    let policy = Policy::new(contract, &ToleranceOverrides::default(), origin.noise);
    let found = compare(&numbers(first), &numbers(second), &policy);
    if found.is_unjudged() {
        return Vec::new();
    }
    found.beyond().map(|value| format!("{}: {}", value.path, value.summary())).collect()
}

fn key_of(contract: &Contract, config: &Options, request: &Request) -> RequestKey {
    let sorted = |options: &Options| {
        let sorted: std::collections::BTreeMap<_, _> = options.iter().collect();
        serde_json::to_string(&sorted).unwrap_or_default()
    };
    let input = request.input.to_json();
    format!(
        "{} {} {} {input} {}",
        contract.key,
        request.method,
        // All of it: also the fields that an instance is configured to give make another response.
        sorted(config),
        sorted(&request.options)
    )
}

#[cfg(test)]
mod tests;
