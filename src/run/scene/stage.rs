//! What a scene is made of: instances are opened, started, called and stopped, and each step says what was expected and what
//! came.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::SCENE;
use crate::backend::{BackendError, Fault, Instance, Stage as Step};
use crate::check::{CallResult, Finding};
use crate::plan::{PlannedCall, PlannedTrial};
use crate::prediction::Prediction;
use crate::run::pool::lease::ExclusiveLease;

/// Where one scene is played.
pub(super) struct Stage<'a> {
    trial: &'a PlannedTrial,
    lease: &'a ExclusiveLease<'a>,
    /// Time of calls so far.
    elapsed: Duration,
    pub(super) findings: Vec<Finding>,
    pub(super) responses: Vec<CallResult>,
}

/// Why a scene does not go on.
pub(super) enum Halt {
    /// Something was not as it must be.
    Wrong(Box<Finding>),
    /// It cannot be played here.
    Unplayable(String),
}

impl From<Finding> for Halt {
    fn from(finding: Finding) -> Self {
        Self::Wrong(Box::new(finding))
    }
}

/// The finding of an expectation that was not met.
pub(super) fn wrong(when: &str, expected: &str, came: impl std::fmt::Display) -> Halt {
    Finding::wrong(SCENE, when, format!("expected {expected}; came {came}")).into()
}

impl<'a> Stage<'a> {
    pub(super) const fn new(trial: &'a PlannedTrial, lease: &'a ExclusiveLease<'a>) -> Self {
        Self {
            trial,
            lease,
            elapsed: Duration::ZERO,
            findings: Vec::new(),
            responses: Vec::new(),
        }
    }

    fn call(&self) -> Result<&'a PlannedCall, Halt> {
        let none = || Halt::from(Finding::unjudged(SCENE, "the scene has no call"));
        self.trial.calls.first().ok_or_else(none)
    }

    /// A fresh instance.
    pub(super) async fn open(&self) -> Result<Arc<Instance>, Halt> {
        let opened = self.open_planned(self.call()?.instance).await;
        opened.map_err(|error| Finding::failed(SCENE, "opening it", &error).into())
    }

    /// A fresh instance of another index of the plan.
    pub(super) async fn open_planned(&self, index: usize) -> Result<Arc<Instance>, BackendError> {
        self.lease.open(index).await
    }

    /// Starts an instance, which must succeed, and says how long it took.
    pub(super) async fn start(&self, instance: &Instance, when: &str) -> Result<Duration, Halt> {
        let begun = Instant::now();
        let started = instance.start().await;
        started.map_err(|error| Finding::failed(SCENE, when, &error).detail("expected: it starts"))?;
        if instance.is_running().await {
            Ok(begun.elapsed())
        } else {
            Err(wrong(
                when,
                "a running instance after its start",
                "one that is not running",
            ))
        }
    }

    /// Stops an instance, which must succeed.
    pub(super) async fn stop(&self, instance: &Instance, when: &str) -> Result<(), Halt> {
        if let Some(error) = instance.stop().await {
            return Err(Finding::failed(SCENE, when, &error)
                .detail("expected: it stops without trouble")
                .into());
        }
        self.is_down(instance, when).await
    }

    /// The instance does not count as running, and its calls say so.
    pub(super) async fn is_down(&self, instance: &Instance, when: &str) -> Result<(), Halt> {
        if instance.is_running().await {
            return Err(wrong(
                when,
                "an instance that is not running",
                "one that counts as running",
            ));
        }
        let expected = "a call to be refused because it `is not initialized`";
        match self.ask(instance).await? {
            Err(error) if error.fault == Fault::NotRunning && error.message.contains("is not initialized") => Ok(()),
            Err(error) => Err(wrong(when, expected, error)),
            Ok(_) => Err(wrong(when, expected, "an answer")),
        }
    }

    /// Calls an instance, which must answer. The answer is kept for the checks.
    pub(super) async fn responses(&mut self, instance: &Instance, when: &str) -> Result<(), Halt> {
        let begun = Instant::now();
        let result = self.ask(instance).await?;
        self.elapsed += begun.elapsed();
        match result {
            Ok(prediction) => self.keep(prediction),
            Err(error) => Err(Finding::failed(SCENE, when, &error)
                .detail("expected: an answer")
                .into()),
        }
    }

    /// Keeps an answer for the checks.
    pub(super) fn keep(&mut self, prediction: Prediction) -> Result<(), Halt> {
        let call = self.call()?;
        self.responses.push(CallResult {
            call: call.name.to_string(),
            request: call.request.clone(),
            config: call.config.clone(),
            result: Ok(prediction),
        });
        Ok(())
    }

    /// Calls an instance within the time that the case has left.
    pub(super) async fn ask(&self, instance: &Instance) -> Result<Result<Prediction, BackendError>, Halt> {
        let left = self.trial.timeout.saturating_sub(self.elapsed);
        let asked = tokio::time::timeout(left, instance.predict(&self.call()?.request)).await;
        Ok(asked.unwrap_or_else(|_| {
            let message = format!("no answer within the case's {} s", self.trial.timeout.as_secs_f64());
            Err(BackendError::new(Step::Call, Fault::Timeout, message))
        }))
    }

    /// The resources that an instance has on its platform, by name.
    pub(super) async fn resources(&self, instance: &Instance, when: &str) -> Result<BTreeSet<String>, Halt> {
        let Some(guard) = instance.guard() else {
            return Ok(BTreeSet::new());
        };
        let found = guard.resources().await;
        let found = found.map_err(|error| Halt::from(Finding::failed(SCENE, when, &error)))?;
        Ok(found
            .into_iter()
            .map(|resource| format!("{} {}", resource.kind, resource.id))
            .collect())
    }
}
