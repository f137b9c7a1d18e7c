//! The plan of a run: suites × models, expanded and ordered before anything starts. Does not run anything, which is for `run`.

mod expand;
mod known;
pub(crate) mod price;
mod select;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Scenario;
use crate::backend::skip::Skip;
use crate::check::Check;
use crate::config::{CallOrder, Case, ExpectedFailure, Level, repetition_name};
use crate::prediction::known::KnownDefect;
use crate::prediction::{Contract, Options, Request};
use crate::snapshot::{InvalidKey, SnapshotKey};

pub use expand::{Overriding, expand};
pub use select::{Selection, Shard};

/// The checks of one case, shared by its models.
pub type Checks = Arc<[Check]>;

/// Everything that a run will do, in the order of its report.
#[derive(Default)]
pub struct Plan {
    /// The instances that the trials need, each once.
    pub instances: Vec<PlannedInstance>,
    /// The cases, each for one model.
    pub trials: Vec<PlannedTrial>,
    /// The models that the backend serves, selected or not.
    pub(crate) served: Vec<Arc<Contract>>,
    /// Selected suites without a trial, with the reason.
    pub empty: Vec<EmptySuite>,
    /// Known failures for several cases, all of which are among the trials, so that a run shows whether the entry is out of date.
    pub covered: Vec<Arc<KnownDefect>>,
    /// Known failures of the backend's own file that match none of its cases.
    pub unmatched: Vec<Arc<KnownDefect>>,
}

/// One model with one configuration.
pub struct PlannedInstance {
    /// The model.
    pub contract: Arc<Contract>,
    /// Its configuration.
    pub config: Options,
}

/// One case for one model.
#[derive(Clone)]
pub struct PlannedTrial {
    /// `model::suite::case`.
    pub name: String,
    /// The suite's name.
    pub suite: Arc<str>,
    /// The case's name, with its variant if it has one.
    pub case: String,
    /// The model.
    pub contract: Arc<Contract>,
    /// The level of the case for this model.
    pub level: Level,
    /// The scenario to run. `None` if the calls are just made.
    pub scenario: Option<PlannedScenario>,
    /// Why it does not run.
    pub skip: Option<Skip>,
    /// The calls to make, in order. In a scenario, the call that shows that an instance works.
    pub calls: Vec<PlannedCall>,
    /// Whether they are made in turn or at once.
    pub order: CallOrder,
    /// The checks of its responses.
    pub checks: Checks,
    /// The time limit of all calls of one attempt.
    pub timeout: Duration,
    /// How often a failed attempt is repeated.
    pub retries: u32,
    /// The failure that its suite expects.
    pub expected_failure: Option<Arc<ExpectedFailure>>,
    /// Known failures of the model or the backend that may explain its failure.
    pub known: Vec<Arc<KnownDefect>>,
    /// The file that declares the case.
    pub source: Arc<str>,
    /// The declaration of the case, for reports.
    pub(crate) statement: CaseStatement,
    /// Its index in the plan of all shards.
    pub(crate) position: usize,
}

/// One scenario of the life cycle. No other trial uses its instances.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedScenario {
    /// Its steps.
    pub scenario: Arc<Scenario>,
    /// Index of an instance whose start must fail, for a scenario that needs one.
    pub refused: Option<usize>,
}

/// One call of a case.
#[derive(Clone)]
pub struct PlannedCall {
    /// Its name within the case.
    pub name: Arc<str>,
    /// Index of its instance in [`Plan::instances`].
    pub instance: usize,
    /// The configuration of the instance.
    pub config: Options,
    /// The size of the model, if the backend chose it in place of the contract's default. Its results are recorded separately.
    pub variant: Option<Arc<str>>,
    /// The request.
    pub request: Request,
}

/// A suite without a case for any selected model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmptySuite {
    /// The suite's name.
    pub name: String,
    /// Why, such as `needs `masks`, which none of the selected models has`.
    pub reason: String,
}

/// The declaration of a case, of which reports show parts. Cheap to clone, and read only on demand: listing a long plan needs none of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseStatement {
    case: Option<Arc<Case>>,
    /// The features that the whole suite needs.
    suite_needs: Arc<[String]>,
}

impl CaseStatement {
    /// The declaration of a case in a suite that needs these features.
    pub(crate) fn new(case: &Arc<Case>, suite_needs: &Arc<[String]>) -> Self {
        Self { case: Some(Arc::clone(case)), suite_needs: Arc::clone(suite_needs) }
    }

    /// No case, in a suite that needs these features.
    #[cfg(test)]
    pub(crate) fn needing(needs: &[&str]) -> Self {
        Self { case: None, suite_needs: needs.iter().map(ToString::to_string).collect() }
    }

    /// `file:line` of the case.
    pub(crate) fn place(&self) -> String {
        let place = |case: &Arc<Case>| format!("{}:{}", case.location.source().path(), case.location.line());
        self.case.as_ref().map(place).unwrap_or_default()
    }

    /// The description of the case.
    pub(crate) fn about(&self) -> Option<&str> {
        self.case.as_ref()?.about.as_deref()
    }

    /// The names of its checks.
    pub(crate) fn checks(&self) -> Vec<String> {
        self.case.iter().flat_map(|case| &case.checks).map(|check| check.kind.value.clone()).collect()
    }

    /// The names that were drawn for it, and their seed.
    pub(crate) fn drawn(&self) -> Option<String> {
        let (seed, names) = self.case.as_ref()?.drawn.as_ref()?;
        Some(format!("names drawn from seed {seed}: {}", names.join(", ")))
    }

    /// The features that the suite and the case need.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        let of_case = self.case.iter().flat_map(|case| &case.scope.needs);
        self.suite_needs.iter().chain(of_case).map(String::as_str)
    }
}

impl Plan {
    /// The models of the trials that run, each once.
    pub(crate) fn models(&self) -> Vec<Arc<Contract>> {
        let mut models: Vec<Arc<Contract>> = Vec::new();
        for trial in self.trials.iter().filter(|trial| trial.skip.is_none()) {
            if !models.iter().any(|known| Arc::ptr_eq(known, &trial.contract)) {
                models.push(Arc::clone(&trial.contract));
            }
        }
        models
    }

    /// Skips the trials for which there is a reason, which their outcomes will state.
    pub fn leave_out(&mut self, mut reason: impl FnMut(&PlannedTrial) -> Option<Skip>) {
        for trial in self.trials.iter_mut().filter(|trial| trial.skip.is_none()) {
            trial.skip = reason(trial);
        }
    }
}

impl PlannedTrial {
    /// Whether any of its calls must fail.
    #[must_use]
    pub fn expects_error(&self) -> bool {
        let fails = |call: &PlannedCall| self.checks.iter().any(|check| check.expects_error(&call.name));
        self.calls.iter().any(fails)
    }

    /// Whether no backend answers its calls, because it is about the life cycle, or about a size with which its model cannot start.
    pub(crate) fn answers_nothing(&self) -> bool {
        let is_refused = |call: &PlannedCall| {
            let is_named = self.contract.variant_option().is_some_and(|option| call.config.contains_key(option));
            is_named && self.contract.variant(&call.config).is_none()
        };
        self.scenario.is_some() || (self.expects_error() && self.calls.iter().all(is_refused))
    }

    /// The number of instances that run at once for it.
    #[must_use]
    pub fn instances_at_once(&self) -> usize {
        self.scenario.as_ref().map_or(1, |planned| planned.scenario.instances())
    }

    /// The instances of its calls, each once.
    pub fn instances(&self) -> impl Iterator<Item = usize> + '_ {
        let is_first = |place: usize, instance| self.calls[..place].iter().all(|earlier| earlier.instance != instance);
        let instances = self.calls.iter().map(|call| call.instance).enumerate();
        instances.filter(move |&(place, instance)| is_first(place, instance)).map(|(_, instance)| instance)
    }

    /// The recorded results that its checks compare with.
    pub fn snapshot_keys(&self, weights: &str) -> impl Iterator<Item = SnapshotKey> {
        let recorded = self.calls.iter().filter(|call| self.checks.iter().any(|check| check.records(&call.name)));
        recorded.filter_map(move |call| self.snapshot_key(weights, &call.name).ok())
    }

    /// The recorded result of a call. Its name includes the size that the backend chose, and the call if the case makes several.
    ///
    /// # Errors
    /// If a name cannot be part of a file name.
    pub fn snapshot_key(&self, weights: &str, call: &str) -> Result<SnapshotKey, InvalidKey> {
        let variant = self.calls.iter().find(|planned| *planned.name == *call);
        let case = match variant.and_then(|planned| planned.variant.as_deref()) {
            Some(variant) => repetition_name(&self.case, variant),
            None => self.case.clone(),
        };
        let call = Some(call).filter(|_| self.calls.len() > 1);
        SnapshotKey::new(weights, &self.contract.key, &self.suite, &case, call)
    }
}

impl fmt::Display for EmptySuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "suite {} has no cases: {}", self.name, self.reason)
    }
}
