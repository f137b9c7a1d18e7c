//! The context of a scenario: its subjects, which are instances or hosted objects, and its responses. Acts on a subject, and does not know
//! the expected result, which is for `usual` and `faults`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::backend::{BackendError, Fault, Instance, ObjectAct, ObjectHost, ObjectState, Stage};
use crate::check::{CallResult, Finding};
use crate::plan::{PlannedCall, PlannedTrial};
use crate::prediction::Prediction;
use crate::run::pool::lease::ExclusiveLease;

/// The check name of the findings.
pub(super) const SCENARIO: &str = "scenario";

/// The state of one run of a scenario.
pub(super) struct Context<'a> {
    trial: &'a PlannedTrial,
    lease: &'a ExclusiveLease<'a>,
    /// Index of an instance whose start must fail.
    pub(super) refused: Option<usize>,
    /// The program that hosts the subjects, if they are objects.
    pub(super) host: Option<&'a mut dyn ObjectHost>,
    subjects: [Option<ScenarioSubject>; 2],
    /// Which subjects run.
    pub(super) up: [bool; 2],
    /// Whether a subject has run. Before that, an object that does not start shows nothing about its life cycle.
    pub(super) has_run: bool,
    /// Time of calls so far.
    pub(super) elapsed: Duration,
    pub(super) responses: Vec<CallResult>,
    /// What could not be checked.
    pub(super) notes: Vec<String>,
    /// The responses that passed the proxy.
    pub(super) passed: PassedResponses,
}

/// The last responses of a server before and after its restart.
#[derive(Debug, Default)]
pub(super) struct PassedResponses {
    pub(super) earlier: Option<Bytes>,
    pub(super) since: Option<Bytes>,
}

impl PassedResponses {
    /// Marks the responses so far as those of an earlier server.
    pub(super) fn restart(&mut self) {
        self.earlier = self.since.take().or(self.earlier.take());
    }
}

/// An instance or a hosted object.
#[derive(Clone)]
pub(super) enum ScenarioSubject {
    Instance(Arc<Instance>),
    /// Contains its number in the host.
    Object(u64),
}

/// Why a scenario ends early.
pub(super) enum Halt {
    /// An expectation was not met.
    Wrong(Box<Finding>),
    /// It does not apply to the backend.
    Impossible(String),
    /// It cannot run on this machine, which shows nothing about the backend.
    Unavailable(String),
}

impl Halt {
    pub(super) fn impossible(reason: &str) -> Self {
        Self::Impossible(reason.to_owned())
    }
}

impl From<Finding> for Halt {
    fn from(finding: Finding) -> Self {
        Self::Wrong(Box::new(finding))
    }
}

impl<'a> Context<'a> {
    pub(super) fn new(
        trial: &'a PlannedTrial,
        lease: &'a ExclusiveLease<'a>,
        refused: Option<usize>,
        host: Option<&'a mut dyn ObjectHost>,
    ) -> Self {
        Self {
            trial,
            lease,
            refused,
            host,
            subjects: [None, None],
            up: [false, false],
            has_run: false,
            elapsed: Duration::ZERO,
            responses: Vec::new(),
            notes: Vec::new(),
            passed: PassedResponses::default(),
        }
    }

    /// The finding of an expectation that was not met.
    pub(super) fn wrong(&self, when: &str, expected: &str, came: impl Display) -> Halt {
        let when = self.at(when);
        Finding::wrong(SCENARIO, &when, format!("expected {expected}; came {came}")).into()
    }

    /// The finding of an unexpected error. Once an object has run, it is responsible for any error.
    pub(super) fn failed(&self, when: &str, error: &BackendError, expected: &str) -> Halt {
        let when = self.at(when);
        if self.host.is_some() && self.has_run {
            let summary = format!("expected {expected}; came {error}");
            let mut finding = Finding::wrong(SCENARIO, &when, summary);
            finding.log_tail.clone_from(&error.log_tail);
            return finding.into();
        }
        let finding = Finding::failed(SCENARIO, &when, error);
        finding.detail(format!("expected: {expected}")).into()
    }

    fn at(&self, when: &str) -> String {
        match self.host {
            Some(_) => format!("hosted object, {when}"),
            None => when.to_owned(),
        }
    }

    pub(super) fn planned(&self) -> Result<&'a PlannedCall, Halt> {
        self.trial.calls.first().ok_or_else(|| Finding::unjudged(SCENARIO, "the scenario has no call").into())
    }

    /// One of the two subjects. Makes it on first use.
    pub(super) async fn subject(&mut self, index: usize) -> Result<ScenarioSubject, Halt> {
        if let Some(subject) = &self.subjects[index] {
            return Ok(subject.clone());
        }
        let made = match &self.host {
            None => self.lease.open(self.planned()?.instance).await.map(ScenarioSubject::Instance),
            Some(host) => host.make().await.map(ScenarioSubject::Object),
        };
        let made = made.map_err(|error| self.failed("opening it", &error, "it can be made"))?;
        self.subjects[index] = Some(made.clone());
        Ok(made)
    }

    /// Replaces the first subject by an instance with another index of the plan.
    ///
    /// # Errors
    /// If there can be no such instance.
    pub(super) async fn open_planned(&mut self, index: usize) -> Result<(), BackendError> {
        let instance = self.lease.open(index).await?;
        self.subjects[0] = Some(ScenarioSubject::Instance(instance));
        Ok(())
    }

    /// Drops the first subject, so that the next step gets a fresh one.
    pub(super) fn renew(&mut self) {
        self.subjects[0] = None;
    }

    /// Makes an object act. Without a host there are no objects.
    pub(super) async fn act(&self, object: u64, act: ObjectAct) -> Result<(), BackendError> {
        match &self.host {
            Some(host) => host.act(object, act).await,
            None => Ok(()),
        }
    }

    /// The visible state of a subject that is an object.
    pub(super) async fn state(&self, subject: &ScenarioSubject, when: &str) -> Result<Option<ObjectState>, Halt> {
        let (Some(host), ScenarioSubject::Object(object)) = (&self.host, subject) else { return Ok(None) };
        let state = host.state(*object).await;
        state.map(Some).map_err(|error| self.failed(when, &error, "its state to be seen"))
    }

    pub(super) async fn try_start(&self, subject: &ScenarioSubject) -> Result<(), BackendError> {
        match subject {
            ScenarioSubject::Instance(instance) => instance.start().await,
            ScenarioSubject::Object(object) => self.act(*object, ObjectAct::Start).await,
        }
    }

    pub(super) async fn is_running(&self, subject: &ScenarioSubject, when: &str) -> Result<Option<bool>, Halt> {
        match subject {
            ScenarioSubject::Instance(instance) => Ok(Some(instance.is_running().await)),
            ScenarioSubject::Object(_) => Ok(self.state(subject, when).await?.and_then(|state| state.running)),
        }
    }

    /// The names of its resources on its platform, or of those of all objects together.
    pub(super) async fn resources(&self, subject: &ScenarioSubject, when: &str) -> Result<BTreeSet<String>, Halt> {
        let ScenarioSubject::Instance(instance) = subject else {
            return Ok(self.host.as_ref().map(|host| host.resources()).unwrap_or_default());
        };
        let Some(guard) = instance.guard() else { return Ok(BTreeSet::new()) };
        let found = guard.resources().await.map_err(|error| Finding::failed(SCENARIO, when, &error))?;
        let found = found.into_iter().filter(|thing| !thing.is_ending);
        Ok(found.map(|thing| format!("{} {}", thing.kind, thing.id)).collect())
    }

    /// Keeps a response for the checks.
    pub(super) fn keep(&mut self, prediction: Prediction) -> Result<(), Halt> {
        let call = self.planned()?;
        self.responses.push(CallResult {
            call: call.name.to_string(),
            request: call.request.clone(),
            config: call.config.clone(),
            result: Ok(prediction),
        });
        Ok(())
    }

    /// Calls it within the remaining time of the case.
    pub(super) async fn ask(&self, subject: &ScenarioSubject) -> Result<Result<Prediction, BackendError>, Halt> {
        self.ask_within(subject, self.left()).await
    }

    /// The remaining time for calls of the case.
    pub(super) const fn left(&self) -> Duration {
        self.trial.timeout.saturating_sub(self.elapsed)
    }

    pub(super) async fn ask_within(
        &self,
        subject: &ScenarioSubject,
        limit: Duration,
    ) -> Result<Result<Prediction, BackendError>, Halt> {
        let request = &self.planned()?.request;
        let asking = async {
            match (subject, &self.host) {
                (ScenarioSubject::Instance(instance), _) => instance.predict(request).await,
                (ScenarioSubject::Object(object), Some(host)) => host.predict(*object, request).await,
                (ScenarioSubject::Object(_), None) => {
                    Err(BackendError::new(Stage::Call, Fault::Internal, "there is no host"))
                }
            }
        };
        let asked = tokio::time::timeout(limit, asking).await;
        Ok(asked.unwrap_or_else(|_| {
            let message = format!("no response within {} s", limit.as_secs_f64());
            Err(BackendError::new(Stage::Call, Fault::Timeout, message))
        }))
    }
}
