//! What a plan would cost on a graphics card: calls, residues and minutes, by a small table of times with their sources. Estimates;
//! measures nothing and starts nothing.

use std::collections::BTreeSet;

use super::{Plan, PlannedCall, PlannedTrial};
use crate::prediction::contract::ListMeaning;
use crate::prediction::{Contract, Input};

/// The length of the proteins that the times below are for.
const LENGTH: f64 = 384.0;

/// What a call costs beside the model, in seconds: boileroom's server, pickles and the transport. A call of the smallest ESM-2 took
/// 0.04 s on a processor.
const OVERHEAD: f64 = 0.05;

/// How long a model takes, in seconds, on a card such as an A10G.
#[derive(Debug)]
pub(crate) struct ModelTime {
    /// The key of the model.
    key: &'static str,
    /// To load it.
    load: f64,
    /// For every call, whatever its length.
    call: f64,
    /// For a protein of 384 residues, beside that.
    protein: f64,
    /// How the time grows with the length: its power.
    power: i32,
    /// Where the time is from.
    pub(crate) source: &'static str,
}

/// Every shipped model. Times to load are assumed.
pub(crate) static TIMES: [ModelTime; 7] = [
    ModelTime {
        key: "esmfold",
        load: 90.0,
        call: 0.0,
        protein: 14.2,
        power: 2,
        source: "14.2 s for 384 residues on a V100 (Lin et al., Science 2023)",
    },
    ModelTime {
        key: "esm2",
        load: 30.0,
        call: 0.0,
        protein: 0.05,
        power: 1,
        source: "650 million parameters, two operations for each and residue, 10 TFLOP/s",
    },
    ModelTime {
        key: "esmfold2",
        load: 90.0,
        call: 0.0,
        protein: 14.2,
        power: 2,
        source: "no figure is known: taken as that of ESMFold",
    },
    ModelTime {
        key: "esmc",
        load: 30.0,
        call: 0.0,
        protein: 0.03,
        power: 1,
        source: "300 million parameters, as for ESM-2",
    },
    ModelTime {
        key: "esm3",
        load: 30.0,
        call: 0.0,
        protein: 0.11,
        power: 1,
        source: "1.4 billion parameters, as for ESM-2",
    },
    ModelTime {
        key: "chai1",
        load: 30.0,
        call: 60.0,
        protein: 0.0,
        power: 2,
        source: "at most 60 s for a call, mostly to load its parts (chai-lab, issue 123)",
    },
    ModelTime {
        key: "boltz2",
        load: 60.0,
        call: 0.0,
        protein: 49.5,
        power: 2,
        source: "11 s for 181 residues on an L4 (anyscale/templates, pull request 973)",
    },
];

/// What the cases of one model cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Price {
    /// Cases.
    pub(crate) cases: usize,
    /// Calls.
    pub(crate) calls: usize,
    /// Residues of all calls.
    pub(crate) residues: usize,
    /// Instances that are started.
    pub(crate) loads: usize,
    /// Minutes of a card; `None` for a model that is not in the table.
    pub(crate) minutes: Option<f64>,
}

/// How often a trial makes each of its calls.
fn times(trial: &PlannedTrial) -> usize {
    let planned = trial.scenario.as_ref();
    planned.map_or(1, |planned| planned.scenario.calls())
}

/// The times of a model, where they are known.
pub(crate) fn time_of(contract: &Contract) -> Option<&'static ModelTime> {
    TIMES.iter().find(|time| time.key == contract.key)
}

/// What the cases of one model cost, each tried once.
pub(crate) fn price(plan: &Plan, contract: &Contract) -> Price {
    let trials: Vec<&PlannedTrial> =
        plan.trials.iter().filter(|trial| trial.skip.is_none() && trial.contract.key == contract.key).collect();
    let calls = || {
        trials
            .iter()
            .flat_map(|trial| trial.calls.iter().map(move |call| (*trial, call)))
            .flat_map(|(trial, call)| std::iter::repeat_n((trial, call), times(trial)))
    };
    // A scenario has instances of its own.
    let (scenarios, ordinary): (Vec<&PlannedTrial>, Vec<&PlannedTrial>) =
        trials.iter().partition(|trial| trial.scenario.is_some());
    let shared: BTreeSet<usize> = ordinary.iter().flat_map(|trial| trial.instances()).collect();
    let of_scenarios = scenarios.iter().filter_map(|trial| trial.scenario.as_ref());
    let loads = shared.len() + of_scenarios.map(|planned| planned.scenario.starts()).sum::<usize>();
    let minutes = time_of(contract).map(|time| {
        let called: f64 = calls().map(|(trial, call)| time.seconds(trial, call)).sum();
        let loaded = time.load * loads as f64;
        // The sum of nothing is -0.
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
    /// A call that is refused costs no more than its way.
    fn seconds(&self, trial: &PlannedTrial, call: &PlannedCall) -> f64 {
        if trial.checks.iter().any(|check| check.expects_error(&call.name)) {
            return OVERHEAD;
        }
        let lengths = lengths(&trial.contract, &call.request.input);
        let relative = lengths.into_iter().map(|length| length as f64 / LENGTH);
        OVERHEAD + self.call + relative.map(|length| self.protein * length.powi(self.power)).sum::<f64>()
    }
}

/// The residues of every complex of an input.
fn lengths(contract: &Contract, input: &Input) -> Vec<usize> {
    let of = |text: &String| {
        let text = text.replace("<mask>", "X");
        text.chars().filter(char::is_ascii_alphabetic).count()
    };
    match (input, contract.list) {
        (Input::Structured(value), _) => vec![written(value)],
        (input, ListMeaning::Batch) => input.strings().iter().map(of).collect(),
        (input, ListMeaning::Single | ListMeaning::Chains) => vec![input.strings().iter().map(of).sum()],
    }
}

/// The letters of all sequences of a structured input.
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
        let object = serde_json::json!([{ "sequences": [{ "sequence": "ACD" }, { "sequence": "EF" }] }]);
        assert_eq!(lengths(config.model("esmfold2").unwrap(), &Input::Structured(object)), [5]);
    }
}
