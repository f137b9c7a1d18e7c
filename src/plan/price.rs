//! Estimates the cost of a plan on a graphics card: calls, residues and minutes, by a small table of times with their sources. Does not
//! measure or start anything.

use std::collections::BTreeSet;

use super::{Plan, PlannedCall, PlannedTrial};
use crate::prediction::contract::ListMeaning;
use crate::prediction::{Contract, Input};

/// The length of the protein that the times below are for.
const LENGTH: f64 = 384.0;

/// The seconds of a call besides the model: boileroom's server, pickles and the transport. A call of the smallest ESM-2 took 0.04 s on a
/// processor.
const OVERHEAD: f64 = 0.05;

/// The times of a model, in seconds, on a card such as an A10G.
#[derive(Debug)]
pub(crate) struct ModelTime {
    key: &'static str,
    load: f64,
    /// For every call of any length.
    call: f64,
    /// For a protein of 384 residues, besides that.
    protein: f64,
    /// The power of the length with which the time grows.
    power: i32,
    pub(crate) source: &'static str,
}

/// Every shipped model: the seconds to load it, of a call, and of a protein beside that; the power of the length; the source. Times to load
/// are assumed.
static TIMES: [ModelTime; 7] = [
    time("esmfold", 90.0, 0.0, 14.2, 2, "14.2 s for 384 residues on a V100 (Lin et al., Science 2023)"),
    time("esm2", 30.0, 0.0, 0.05, 1, "650 million parameters, two operations for each and residue, 10 TFLOP/s"),
    time("esmfold2", 90.0, 0.0, 14.2, 2, "no figure is known: taken as that of ESMFold"),
    time("esmc", 30.0, 0.0, 0.03, 1, "300 million parameters, as for ESM-2"),
    time("esm3", 30.0, 0.0, 0.11, 1, "1.4 billion parameters, as for ESM-2"),
    time("chai1", 30.0, 60.0, 0.0, 2, "at most 60 s for a call, mostly to load its parts (chai-lab, issue 123)"),
    time("boltz2", 60.0, 0.0, 49.5, 2, "11 s for 181 residues on an L4 (anyscale/templates, pull request 973)"),
];

const fn time(key: &'static str, load: f64, call: f64, protein: f64, power: i32, source: &'static str) -> ModelTime {
    ModelTime { key, load, call, protein, power, source }
}

/// The cost of the cases of one model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Price {
    pub(crate) cases: usize,
    pub(crate) calls: usize,
    pub(crate) residues: usize,
    /// Number of instance starts.
    pub(crate) loads: usize,
    /// Minutes of a card. `None` if the model is not in the table.
    pub(crate) minutes: Option<f64>,
}

/// The times of a model, if they are known.
pub(crate) fn time_of(contract: &Contract) -> Option<&'static ModelTime> {
    TIMES.iter().find(|time| time.key == contract.key)
}

/// The cost of the cases of one model, without retries.
pub(crate) fn price<'a>(plan: &'a Plan, contract: &Contract) -> Price {
    let trials: Vec<&PlannedTrial> =
        plan.trials.iter().filter(|trial| trial.skip.is_none() && trial.contract.key == contract.key).collect();
    let repeated = |trial: &&'a PlannedTrial| {
        let trial = *trial;
        let times = trial.scenario.as_ref().map_or(1, |planned| planned.scenario.calls());
        trial.calls.iter().flat_map(move |call| std::iter::repeat_n((trial, call), times))
    };
    let calls = || trials.iter().flat_map(repeated);
    // A scenario has instances of its own.
    let (scenarios, ordinary): (Vec<&PlannedTrial>, Vec<&PlannedTrial>) =
        trials.iter().partition(|trial| trial.scenario.is_some());
    let shared: BTreeSet<usize> = ordinary.iter().flat_map(|trial| trial.instances()).collect();
    let of_scenarios = scenarios.iter().filter_map(|trial| trial.scenario.as_ref());
    let loads = shared.len() + of_scenarios.map(|planned| planned.scenario.starts()).sum::<usize>();
    let minutes = time_of(contract).map(|time| {
        let called: f64 = calls().map(|(trial, call)| time.seconds(trial, call)).sum();
        let loaded = time.load * loads as f64;
        // The sum of no floats is -0.
        (called + loaded) / 60.0 + 0.0
    });
    Price {
        cases: trials.len(),
        calls: calls().count(),
        residues: calls().map(|(_, call)| lengths(contract, &call.request.input).iter().sum::<usize>()).sum(),
        loads,
        minutes,
    }
}

impl ModelTime {
    /// The seconds of a call. One that is refused costs only the overhead.
    fn seconds(&self, trial: &PlannedTrial, call: &PlannedCall) -> f64 {
        if trial.checks.iter().any(|check| check.expects_error(&call.name)) {
            return OVERHEAD;
        }
        let lengths = lengths(&trial.contract, &call.request.input);
        let relative = lengths.into_iter().map(|length| length as f64 / LENGTH);
        OVERHEAD + self.call + relative.map(|length| self.protein * length.powi(self.power)).sum::<f64>()
    }
}

/// The number of residues of each complex of an input.
fn lengths(contract: &Contract, input: &Input) -> Vec<usize> {
    let of = |text: &String| text.replace("<mask>", "X").chars().filter(char::is_ascii_alphabetic).count();
    match (input, contract.list) {
        // A list of objects is a batch, whatever a list of strings means.
        (Input::Structured(serde_json::Value::Array(objects)), _) => objects.iter().map(written).collect(),
        (Input::Structured(value), _) => vec![written(value)],
        (input, ListMeaning::Batch) => input.strings().iter().map(of).collect(),
        (input, ListMeaning::Single | ListMeaning::Chains) => vec![input.strings().iter().map(of).sum()],
    }
}

/// The number of letters of all sequences in a structured input.
fn written(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Array(items) => items.iter().map(written).sum(),
        Value::Object(inner) => {
            let own = inner.get("sequence").and_then(Value::as_str).map_or(0, str::len);
            own + inner.values().map(written).sum::<usize>()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn every_shipped_model_has_a_time_with_its_source() {
        let models = Config::built_in().unwrap().models;
        assert_eq!(models.len(), TIMES.len());
        for model in &models {
            let time = time_of(model).unwrap();
            assert!(!time.source.is_empty() && time.load > 0.0 && time.call + time.protein > 0.0);
        }
    }

    #[test]
    fn complexes_are_counted_as_the_model_reads_a_list() {
        let config = Config::built_in().unwrap();
        let many = Input::Many(vec!["AC<mask>:D".into(), "EF".into()]);
        assert_eq!(lengths(config.model("esm2").unwrap(), &many), [4, 2]);
        assert_eq!(lengths(config.model("boltz2").unwrap(), &many), [6]);
        let object = serde_json::json!({ "sequences": [{ "sequence": "ACD" }, { "sequence": "EF" }] });
        let other = serde_json::json!({ "sequences": [{ "sequence": "GHIK" }] });
        let of = |value| lengths(config.model("esmfold2").unwrap(), &Input::Structured(value));
        assert_eq!(of(object.clone()), [5]);
        assert_eq!(of(serde_json::json!([object, other])), [5, 4]);
    }
}
