//! Expands suites × models into trials, in the order in which they run and are reported. Reads declarations, and does not start anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::known;
use super::{
    CaseStatement, Checks, EmptySuite, Plan, PlannedCall, PlannedInstance, PlannedScenario, PlannedTrial, Selection,
};
use crate::backend::skip::Skip;
use crate::backend::{Scenario, registry};
use crate::check;
use crate::config::{BackendTable, Call, Case, Config, Diagnostics, Suite};
use crate::prediction::{Contract, Options, Request};

/// The default time limit of a case: long enough for a large complex on a slow GPU, and short enough that a hang does not take all night.
const CASE_TIMEOUT: Duration = Duration::from_secs(600);

/// A size that no model has.
const NO_SUCH_SIZE: &str = "no_such_size";

/// Values of the command line that replace the declared ones in every case.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overriding {
    /// The time limit of the calls of a case.
    pub timeout: Option<Duration>,
    /// The number of retries of a failed case.
    pub retries: Option<u32>,
}

/// The plan of a run on one backend.
///
/// # Errors
/// Everything that is wrong with the checks of any case, selected or not.
pub fn expand(
    config: &Config,
    suites: &[Suite],
    backend: &BackendTable,
    selection: &Selection,
    overriding: Overriding,
) -> Result<Plan, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let kind = registry::kind(backend.recorded_kind.as_deref().unwrap_or(&backend.kind.value));
    let mut expansion = Expansion {
        config,
        backend,
        is_preconfigured: kind.is_some_and(|kind| kind.is_preconfigured),
        overriding,
        instances: Vec::new(),
        by_config: HashMap::new(),
        latest: usize::MAX,
    };
    let compiled: Vec<Vec<Checks>> = suites.iter().map(|suite| compile(config, suite, &mut diagnostics)).collect();
    let scenarios: Vec<Vec<Option<Arc<Scenario>>>> =
        suites.iter().map(|suite| scenarios(suite, &mut diagnostics)).collect();
    let mut trials = Vec::new();
    let models = config.models.iter().filter(|model| selection.wants_model(&model.key));
    for shared in models.filter(|model| backend.serves(&model.key)) {
        let contract = &backend.tolerances.contract(shared);
        let first = trials.len();
        let selected = suites.iter().zip(compiled.iter().zip(&scenarios));
        for (suite, (checks, scenarios)) in selected.filter(|(suite, _)| selection.wants_suite(&suite.name)) {
            if !is_for(config, suite, backend, selection, contract) {
                continue;
            }
            let path = suite.cases.first().map(|case| case.location.source().path());
            let shared = SharedBySuite {
                suite,
                name: suite.name.as_str().into(),
                source: path.unwrap_or_default().into(),
                needs: suite.scope.needs.as_slice().into(),
            };
            trials.reserve(suite.cases.len());
            let is_wanted = |case: &Case| case.fits(contract) && selection.wants_level(case.level(&contract.key));
            let cases = suite.cases.iter().zip(checks.iter().zip(scenarios));
            for (case, (checks, scenario)) in cases.filter(|(case, _)| is_wanted(case)) {
                expansion.repeat(contract, &shared, (case, checks, scenario.as_ref()), &mut trials);
            }
        }
        // Trials of one instance stay together, so that it loads once. Otherwise the order is that of the files. Inputs that a model must
        // refuse come last, because a bad input on a graphics card can leave a process that answers no later call.
        trials[first..].sort_by_cached_key(|trial| {
            let instance = trial.calls.first().map(|call| call.instance);
            (instance, trial.expects_error())
        });
    }
    for (position, trial) in trials.iter_mut().enumerate() {
        trial.position = position;
    }
    if let Some(shard) = selection.shard {
        trials.retain(|trial| shard.holds(&trial.name));
    }
    let served = config.models.iter().filter(|model| backend.serves(&model.key));
    let empty = empty_suites(config, suites, backend, selection, &trials);
    let covered = known::covered(suites, selection, &trials);
    let unmatched = known::unmatched(backend, selection, &trials);
    diagnostics.into_result(Plan {
        instances: expansion.instances,
        trials,
        served: served.cloned().collect(),
        empty,
        covered,
        unmatched,
    })
}

/// The data that all trials of a suite share.
struct SharedBySuite<'a> {
    suite: &'a Suite,
    name: Arc<str>,
    /// The path of its file.
    source: Arc<str>,
    needs: Arc<[String]>,
}

struct Expansion<'a> {
    config: &'a Config,
    backend: &'a BackendTable,
    /// Whether its servers run already, with a fixed configuration.
    is_preconfigured: bool,
    overriding: Overriding,
    instances: Vec<PlannedInstance>,
    /// Instances by model and configuration, without those of scenarios.
    by_config: HashMap<(String, String), usize>,
    /// The last result of [`Self::instance`].
    latest: usize,
}

impl Expansion<'_> {
    fn repeat(
        &mut self,
        contract: &Arc<Contract>,
        shared: &SharedBySuite<'_>,
        (case, checks, scenario): (&Arc<Case>, &Checks, Option<&Arc<Scenario>>),
        trials: &mut Vec<PlannedTrial>,
    ) {
        let suite = shared.suite;
        let expected_failure = case.expected_failure(&contract.key, &self.backend.name);
        let expected_failure = expected_failure.map(|failure| Arc::new(failure.clone()));
        let per_model = &self.backend.per_model;
        let variant_of = |name: Option<&str>| contract.variant_named(name?);
        let offered = |name| variant_of(name).is_none_or(|variant| per_model.offers(contract, variant));
        let repetitions = case.repetitions(contract).into_iter();
        for repetition in repetitions.filter(|repetition| offered(repetition.variant)) {
            let name = format!("{}::{}::{}", contract.key, suite.name, repetition.name);
            let mut planned = |call| self.call(contract, call, repetition.variant, scenario.is_some());
            let calls: Vec<PlannedCall> = case.calls.iter().map(&mut planned).collect();
            let scenario = scenario.map(|scenario| PlannedScenario {
                refused: self.refused(scenario, contract, &calls),
                scenario: Arc::clone(scenario),
            });
            trials.push(PlannedTrial {
                suite: Arc::clone(&shared.name),
                case: repetition.name.clone().into_owned(),
                contract: Arc::clone(contract),
                level: case.level(&contract.key),
                scenario,
                skip: calls.iter().find_map(|call| self.lacks_variant(contract, call)),
                calls,
                order: case.order,
                checks: Arc::clone(checks),
                timeout: (self.overriding.timeout.or(case.timeout).or(suite.timeout))
                    .or(self.backend.case_timeout)
                    .unwrap_or(CASE_TIMEOUT),
                retries: self.retries(case, suite),
                expected_failure: expected_failure.clone(),
                known: known::of_case(self.config, self.backend, contract, (suite, case), &name),
                source: Arc::clone(&shared.source),
                statement: CaseStatement::new(case, &shared.needs),
                position: 0,
                name,
            });
        }
    }

    /// One call, with the configuration of this backend.
    fn call(&mut self, contract: &Arc<Contract>, call: &Call, variant: Option<&str>, is_alone: bool) -> PlannedCall {
        let per_model = &self.backend.per_model;
        let mut config = call.config_for(contract, variant, per_model.config(contract));
        let mut options = call.options.clone();
        if self.is_preconfigured {
            send_along(contract, call, &per_model.config(contract), &mut config, &mut options);
        }
        let names_it =
            variant.is_some() || contract.variant_option().is_some_and(|option| call.config.contains_key(option));
        let chosen = per_model.variant(contract).filter(|_| !names_it);
        let instance =
            if is_alone { self.new_instance(contract, config.clone()) } else { self.instance(contract, &config) };
        PlannedCall {
            name: call.name.as_str().into(),
            instance,
            config,
            variant: chosen.map(|variant| variant.name.as_str().into()),
            request: Request { method: call.method.unwrap_or(contract.method), input: call.input.clone(), options },
        }
    }

    /// The skip of a call for a size that the backend does not have.
    fn lacks_variant(&self, contract: &Contract, call: &PlannedCall) -> Option<Skip> {
        let variant = contract.variant(&call.config)?;
        let (backend, key) = (&self.backend.name, &contract.key);
        (!self.backend.per_model.offers(contract, variant)).then(|| {
            Skip::inapplicable(format!("backend `{backend}` does not have {}: see its `variants.{key}`", variant.name))
        })
    }

    fn retries(&self, case: &Case, suite: &Suite) -> u32 {
        let declared = case.retries.or(suite.retries).unwrap_or(self.backend.retries);
        self.overriding.retries.unwrap_or_else(|| u32::try_from(declared).unwrap_or(u32::MAX))
    }

    fn instance(&mut self, contract: &Arc<Contract>, config: &Options) -> usize {
        // Most cases have the configuration of the one before.
        let is_same = |planned: &PlannedInstance| Arc::ptr_eq(&planned.contract, contract) && planned.config == *config;
        if !self.instances.get(self.latest).is_some_and(is_same) {
            let key = (contract.key.clone(), serde_json::Value::Object(config.clone()).to_string());
            let known = self.by_config.get(&key).copied();
            self.latest = known.unwrap_or_else(|| self.new_instance(contract, config.clone()));
            self.by_config.insert(key, self.latest);
        }
        self.latest
    }

    fn new_instance(&mut self, contract: &Arc<Contract>, config: Options) -> usize {
        self.instances.push(PlannedInstance { contract: Arc::clone(contract), config });
        self.instances.len() - 1
    }

    /// An instance with a size that the model does not have, for a start that must fail.
    fn refused(&mut self, scenario: &Scenario, contract: &Arc<Contract>, calls: &[PlannedCall]) -> Option<usize> {
        let option = contract.variant_option().filter(|_| scenario.fails_a_start())?;
        let mut config = calls.first().map(|call| call.config.clone()).unwrap_or_default();
        config.insert(option.to_owned(), NO_SUCH_SIZE.into());
        Some(self.new_instance(contract, config))
    }
}

/// Moves the configuration of a case into the options of its call, as far as a call may have them, because the instance runs already.
fn send_along(contract: &Contract, call: &Call, base: &Options, config: &mut Options, options: &mut Options) {
    for (name, value) in &call.config {
        if contract.option(name).is_some_and(|option| option.fixed) {
            continue;
        }
        options.entry(name).or_insert_with(|| value.clone());
        match base.get(name) {
            Some(value) => config.insert(name.clone(), value.clone()),
            None => config.remove(name),
        };
    }
}

/// The scenario of every case of a suite.
fn scenarios(suite: &Suite, diagnostics: &mut Diagnostics) -> Vec<Option<Arc<Scenario>>> {
    let mut scenario = |case: &Arc<Case>| Scenario::read(case.steps.as_ref()?, diagnostics).map(Arc::new);
    suite.cases.iter().map(&mut scenario).collect()
}

/// Whether a suite is for a model in a run. Some suites are only for the first of several models that takes part.
fn is_for(config: &Config, suite: &Suite, backend: &BackendTable, selection: &Selection, contract: &Contract) -> bool {
    let takes_part = |key: &str| config.model(key).is_some() && backend.serves(key) && selection.wants_model(key);
    suite.is_for_weights(selection.weights.as_deref()) && suite.is_for(contract, takes_part)
}

/// The checks of every case of a suite, also of cases that fit no declared model, because their mistakes count too.
fn compile(config: &Config, suite: &Suite, diagnostics: &mut Diagnostics) -> Vec<Checks> {
    let mut checks = |case: &Arc<Case>| {
        let fits = |contract: &&Contract| suite.scope.fits(contract) && case.fits(contract);
        let contracts: Vec<&Contract> = config.models.iter().map(Arc::as_ref).filter(fits).collect();
        check::compile_case(case, &contracts, diagnostics).into()
    };
    suite.cases.iter().map(&mut checks).collect()
}

/// The selected suites without a trial, with the reasons.
fn empty_suites(
    config: &Config,
    suites: &[Suite],
    backend: &BackendTable,
    selection: &Selection,
    trials: &[PlannedTrial],
) -> Vec<EmptySuite> {
    let wanted = suites.iter().filter(|suite| selection.wants_suite(&suite.name));
    let empty = wanted.filter(|suite| !trials.iter().any(|trial| *trial.suite == *suite.name));
    let reason = |suite: &Suite| {
        let selected = config.models.iter().filter(|model| selection.wants_model(&model.key));
        let served: Vec<&Arc<Contract>> = selected.filter(|model| backend.serves(&model.key)).collect();
        let applies = |model: &&Arc<Contract>| {
            is_for(config, suite, backend, selection, model) && suite.cases_for(model).next().is_some()
        };
        let has_level = |model: &&Arc<Contract>| {
            let mut cases = suite.cases_for(model);
            applies(model) && cases.any(|case| selection.wants_level(case.level(&model.key)))
        };
        if let (Some(wanted), false) = (&suite.weights, suite.is_for_weights(selection.weights.as_deref())) {
            let (wanted, has) = (wanted.join("` or `"), selection.weights.as_deref().unwrap_or_default());
            format!("it is for weights `{wanted}`, and those of backend `{}` are `{has}`", backend.name)
        } else if served.is_empty() {
            format!("backend `{}` serves none of the selected models", backend.name)
        } else if let Some(level) =
            selection.level.filter(|_| served.iter().any(applies) && !served.iter().any(has_level))
        {
            format!("none of those that apply is {level}")
        } else if served.iter().any(applies) {
            "none is in this shard".to_owned()
        } else {
            let models: Vec<&str> = served.iter().map(|model| model.key.as_str()).collect();
            format!("none applies to {}", models.join(", "))
        }
    };
    empty.map(|suite| EmptySuite { name: suite.name.clone(), reason: reason(suite) }).collect()
}
