//! The responses of a run so far: the same call must get the same response in every case, and a wrong response may be the one to another
//! call. Keeps a digest and a name of every response. Does not keep a whole response unless several cases make its call.

mod digest;
mod facts;

use std::collections::{BTreeMap, HashMap, HashSet};
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

/// The check name of findings about different responses to the same call.
const NAME: &str = "repeats";
/// Most bytes of whole responses that are kept. Beyond that, only digests are compared.
const MOST: usize = 256 << 20;
/// Most lines of a finding.
const LINES: usize = 20;

/// Everything that the response to a call depends on, as text: model, configuration, input and options.
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
    /// The input and the name of the first call with this digest of its response.
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
    /// Prepares for these trials of a plan.
    pub(crate) fn of(plan: &Plan, selected: &[usize]) -> Self {
        let mut cases: HashMap<RequestKey, usize> = HashMap::new();
        for trial in selected.iter().filter_map(|&index| plan.trials.get(index)) {
            let keys = trial.calls.iter().map(|call| key_of(&trial.contract, &call.config, &call.request));
            // A scenario makes its call several times.
            let times = 1 + usize::from(trial.scenario.is_some());
            for key in keys.collect::<HashSet<RequestKey>>() {
                *cases.entry(key).or_default() += times;
            }
        }
        cases.retain(|_, count| *count > 1);
        Self { repeated: cases.into_keys().collect(), state: Mutex::default() }
    }

    /// Compares the responses of a trial with those of other cases, adds the findings to its judgement, and keeps the responses.
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
                        let other = finding.hint.take().map(|hint| format!("; {hint}")).unwrap_or_default();
                        finding.hint = Some(format!("this is the response to `{name}`{other}"));
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
        // Inputs that differ only in case may have equal responses.
        let input = response.request.input.to_json().to_string().to_ascii_uppercase();
        let state = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (first_input, first_name) = state.responses.entry(digest).or_insert_with(|| (input.clone(), name.clone()));
        let to_another = (*first_input != input).then(|| first_name.clone());
        let first = state.calls.get(key);
        // The checks of a case say how far its own calls may differ, and a retry replaces the attempt before. A scenario repeats one call.
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

/// The relation of a response to earlier ones.
enum Seen {
    Nothing,
    /// The same call got a different response.
    Other {
        name: String,
        lines: Vec<String>,
    },
    /// A call with another input got this response.
    ToAnother(String),
}

/// The differences of two responses to one call beyond the tolerances of the model.
fn differences(contract: &Contract, origin: &PredictionOrigin, first: &Prediction, second: &Prediction) -> Vec<String> {
    // Files repeat the structures beside them, as text to which no tolerance applies.
    let is_file =
        |name: &str| contract.field(name).is_some_and(|field| matches!(field.kind, FieldKind::Pdb | FieldKind::Cif));
    let numbers = |prediction: &Prediction| {
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
    let sorted =
        |options: &Options| serde_json::to_string(&options.iter().collect::<BTreeMap<_, _>>()).unwrap_or_default();
    // The whole configuration, because the fields that an instance is configured to return change the response too.
    let (config, options) = (sorted(config), sorted(&request.options));
    format!("{} {} {config} {} {options}", contract.key, request.method, request.input.to_json())
}

#[cfg(test)]
mod tests;
