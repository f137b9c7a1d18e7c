//! Expands suites × models into trials, in the order in which they run and are reported. Reads what is declared and starts
//! nothing.

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

/// Time for the calls of a case when neither the command line nor case, suite or backend say: long enough for a large
/// complex on a slow GPU, short enough that a hang does not eat a night.
const CASE_TIMEOUT: Duration = Duration::from_secs(600);

/// The name of a size that no model has.
const NO_SUCH_SIZE: &str = "no_such_size";

/// What the command line says about every case, in place of what is declared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overriding {
    /// Time for the calls of a case.
    pub timeout: Option<Duration>,
    /// How often a failed case is tried again.
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
            let shared = SharedBySuite::of(suite);
            trials.reserve(suite.cases.len());
            let cases = suite.cases.iter().zip(checks.iter().zip(scenarios));
            for (case, (checks, scenario)) in cases.filter(|(case, _)| is_wanted(case, contract, selection)) {
                expansion.repeat(contract, &shared, (case, checks, scenario.as_ref()), &mut trials);
            }
        }
        // Trials of one instance stay together, so that it loads once; otherwise the order is that of the files. What a model must
        // refuse comes last of them: on a graphics card a bad input can leave a process that no later call is answered by.
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

/// What all trials of a suite share.
struct SharedBySuite<'a> {
    suite: &'a Suite,
    name: Arc<str>,
    /// The path of its file.
    source: Arc<str>,
    needs: Arc<[String]>,
}

impl<'a> SharedBySuite<'a> {
    fn of(suite: &'a Suite) -> Self {
        let path = suite.cases.first().map(|case| case.location.source().path());
        Self {
            suite,
            name: suite.name.as_str().into(),
            source: path.unwrap_or_default().into(),
            needs: suite.scope.needs.as_slice().into(),
        }
    }
}

struct Expansion<'a> {
    config: &'a Config,
    backend: &'a BackendTable,
    /// Whether its servers run already, with the configuration that they have.
    is_preconfigured: bool,
    overriding: Overriding,
    instances: Vec<PlannedInstance>,
    /// Instances by model and configuration, those of a scenario apart.
    by_config: HashMap<(String, String), usize>,
    /// The one of these that was asked for last.
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
            let calls: Vec<PlannedCall> = case
                .calls
                .iter()
                .map(|call| self.call(contract, call, repetition.variant, scenario.is_some()))
                .collect();
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
                timeout: [self.overriding.timeout, case.timeout, suite.timeout, self.backend.case_timeout]
                    .into_iter()
                    .flatten()
                    .next()
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

    /// One call with what this backend makes of it.
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
        PlannedCall {
            name: call.name.as_str().into(),
            instance: if is_alone {
                self.new_instance(contract, config.clone())
            } else {
                self.instance(contract, &config)
            },
            config,
            variant: chosen.map(|variant| variant.name.as_str().into()),
            request: Request { method: call.method.unwrap_or(contract.method), input: call.input.clone(), options },
        }
    }

    /// Why a call cannot be made here: it is for a size that the backend does not have.
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
        if self.instances.get(self.latest).is_some_and(is_same) {
            return self.latest;
        }
        self.latest = self.shared_instance(contract, config);
        self.latest
    }

    fn shared_instance(&mut self, contract: &Arc<Contract>, config: &Options) -> usize {
        let key = (contract.key.clone(), serde_json::Value::Object(config.clone()).to_string());
        if let Some(known) = self.by_config.get(&key) {
            return *known;
        }
        let index = self.new_instance(contract, config.clone());
        self.by_config.insert(key, index);
        index
    }

    fn new_instance(&mut self, contract: &Arc<Contract>, config: Options) -> usize {
        self.instances.push(PlannedInstance { contract: Arc::clone(contract), config });
        self.instances.len() - 1
    }

    /// An instance of a size that the model does not have, for a start that must fail.
    fn refused(&mut self, scenario: &Scenario, contract: &Arc<Contract>, calls: &[PlannedCall]) -> Option<usize> {
        let option = contract.variant_option().filter(|_| scenario.fails_a_start())?;
        let mut config = calls.first().map(|call| call.config.clone()).unwrap_or_default();
        config.insert(option.to_owned(), NO_SUCH_SIZE.into());
        Some(self.new_instance(contract, config))
    }
}

/// Moves what a case would configure into its call, where the instance runs already and the call may say it as well.
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
    let steps = suite.cases.iter().map(|case| case.steps.as_ref());
    let scenarios = steps.map(|steps| Scenario::read(steps?, diagnostics).map(Arc::new));
    scenarios.collect()
}

/// Whether a suite is for a model in a run: it may be content with the first of several that there is.
fn is_for(config: &Config, suite: &Suite, backend: &BackendTable, selection: &Selection, contract: &Contract) -> bool {
    let takes_part = |key: &str| config.model(key).is_some() && backend.serves(key) && selection.wants_model(key);
    suite.is_for_weights(selection.weights.as_deref()) && suite.is_for(contract, takes_part)
}

/// Whether a case is for a model and of a level that was asked for.
fn is_wanted(case: &Case, contract: &Contract, selection: &Selection) -> bool {
    case.fits(contract) && selection.wants_level(case.level(&contract.key))
}

/// The checks of every case of a suite. A case that no declared model fits is compiled too: its mistakes are mistakes.
fn compile(config: &Config, suite: &Suite, diagnostics: &mut Diagnostics) -> Vec<Checks> {
    let fits = |case: &Case, contract: &Contract| suite.scope.fits(contract) && case.fits(contract);
    let cases = suite.cases.iter().map(|case| {
        let contracts: Vec<&Contract> =
            config.models.iter().map(Arc::as_ref).filter(|contract| fits(case, contract)).collect();
        check::compile_case(case, &contracts, diagnostics).into()
    });
    cases.collect()
}

/// The selected suites without a trial, with the reason.
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
