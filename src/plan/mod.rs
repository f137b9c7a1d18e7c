//! The plan of a run: suites × models, expanded and ordered before anything is started. Data only; `run` carries it out.

mod expand;
mod known;
pub(crate) mod price;
mod select;
mod statement;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Scenario;
use crate::backend::skip::Skip;
use crate::check::Check;
use crate::config::{CallOrder, ExpectedFailure, Level, repetition_name};
use crate::prediction::known::KnownDefect;
use crate::prediction::{Contract, Options, Request};
use crate::snapshot::{InvalidKey, SnapshotKey};

pub use expand::{Overriding, expand};
pub use select::{Selection, Shard};
pub(crate) use statement::CaseStatement;

/// The checks of one case, shared by all models that it is for.
pub type Checks = Arc<[Check]>;

/// Everything a run will do, in the order in which it is reported.
#[derive(Default)]
pub struct Plan {
    /// The instances that the trials need, each once.
    pub instances: Vec<PlannedInstance>,
    /// The cases, each for one model.
    pub trials: Vec<PlannedTrial>,
    /// The models that the backend serves, selected or not.
    pub(crate) served: Vec<Arc<Contract>>,
    /// Suites that were selected and gave no trial, with the reason.
    pub empty: Vec<EmptySuite>,
    /// Entries for several cases whose every case is among the trials, so that a run shows whether they are out of date.
    pub covered: Vec<Arc<KnownDefect>>,
    /// Entries of the backend's own file of known failures that are about none of its cases.
    pub unmatched: Vec<Arc<KnownDefect>>,
}

/// One model with one configuration.
pub struct PlannedInstance {
    /// The model.
    pub contract: Arc<Contract>,
    /// What it is configured with when it starts.
    pub config: Options,
}

/// One case for one model.
#[derive(Clone)]
pub struct PlannedTrial {
    /// `model::suite::case`.
    pub name: String,
    /// The suite's name.
    pub suite: Arc<str>,
    /// The case's name, with its variant where it has one.
    pub case: String,
    /// The model.
    pub contract: Arc<Contract>,
    /// How much it counts for this model.
    pub level: Level,
    /// The scenario to run; `None` where its calls are simply made.
    pub scenario: Option<PlannedScenario>,
    /// Why it is not run.
    pub skip: Option<Skip>,
    /// The calls to make, in order; in a scenario the one that shows that an instance works.
    pub calls: Vec<PlannedCall>,
    /// When they are made.
    pub order: CallOrder,
    /// What is judged afterwards.
    pub checks: Checks,
    /// How long the calls of one attempt may take together.
    pub timeout: Duration,
    /// How often a failed attempt is repeated.
    pub retries: u32,
    /// Why and how it is expected to fail, if so.
    pub expected_failure: Option<Arc<ExpectedFailure>>,
    /// What is known upstream of the model, or of the backend, and may explain its failure.
    pub known: Vec<Arc<KnownDefect>>,
    /// The file that states the case.
    pub source: Arc<str>,
    /// What the suite says of the case, for readers.
    pub(crate) statement: CaseStatement,
    /// Its place in the plan, counted from 0; in a shard that in the plan of all shards.
    pub(crate) position: usize,
}

/// One scenario of the life cycle. It gets instances of its own, which no other trial uses.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedScenario {
    /// Its steps.
    pub scenario: Arc<Scenario>,
    /// Index of an instance that the model must refuse to be, for the scenario that needs one.
    pub refused: Option<usize>,
}

/// One call of a case.
#[derive(Clone)]
pub struct PlannedCall {
    /// Its name within the case.
    pub name: Arc<str>,
    /// Index of its instance in [`Plan::instances`].
    pub instance: usize,
    /// What the instance is configured with.
    pub config: Options,
    /// The size of the model, where the backend chose it in place of the contract's default: results of it are recorded by
    /// themselves.
    pub variant: Option<Arc<str>>,
    /// What is asked.
    pub request: Request,
}

/// A suite of which no case applies to any selected model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmptySuite {
    /// The suite's name.
    pub name: String,
    /// Why, such as `needs `masks`, which none of the selected models has`.
    pub reason: String,
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

    /// Leaves out the trials for which there is a reason, which their outcome will say.
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

    /// Whether no call of it is answered on any backend: it is about the life cycle, or about a size that keeps its model from starting.
    pub(crate) fn answers_nothing(&self) -> bool {
        let is_refused = |call: &PlannedCall| {
            let is_named = self.contract.variant_option().is_some_and(|option| call.config.contains_key(option));
            is_named && self.contract.variant(&call.config).is_none()
        };
        self.scenario.is_some() || (self.expects_error() && self.calls.iter().all(is_refused))
    }

    /// How many instances run at once for its sake.
    #[must_use]
    pub fn instances_at_once(&self) -> usize {
        self.scenario.as_ref().map_or(1, |planned| planned.scenario.instances())
    }

    /// The instances that its calls go to, each once.
    pub fn instances(&self) -> impl Iterator<Item = usize> + '_ {
        let calls = self.calls.iter().enumerate();
        calls
            .filter(|(index, call)| self.calls[..*index].iter().all(|earlier| earlier.instance != call.instance))
            .map(|(_, call)| call.instance)
    }

    /// The recorded results that its checks compare with.
    pub fn snapshot_keys(&self, weights: &str) -> impl Iterator<Item = SnapshotKey> + '_ {
        let recorded = self.calls.iter().filter(|call| self.checks.iter().any(|check| check.records(&call.name)));
        let keys = recorded.map(|call| self.snapshot_key(weights, &call.name));
        keys.filter_map(Result::ok).collect::<Vec<_>>().into_iter()
    }

    /// The recorded result of a call: named after it only where the case makes several, and after the size that the backend
    /// chose.
    ///
    /// # Errors
    /// When a name cannot be part of a file name.
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
