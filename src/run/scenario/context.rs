//! Takes the steps of a scenario, on instances or on hosted objects: opens, starts, calls and stops them, and says of each step
//! what was expected and what came. Knows no scenario; what goes wrong on purpose is in `faults`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::SCENARIO;
use super::table::{Action, Step, steps};
use crate::backend::{BackendError, Fault, Instance, ObjectAct, ObjectHost, ObjectState, Scenario, Stage};
use crate::check::{Answer, Finding};
use crate::plan::{PlannedCall, PlannedTrial};
use crate::prediction::Prediction;
use crate::run::pool::loan::Loan;

/// How long what an object has started may take to go after its stop.
const SETTLING: Duration = Duration::from_secs(3);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What one run of a scenario has and keeps.
pub(super) struct Context<'a> {
    trial: &'a PlannedTrial,
    loan: &'a Loan<'a>,
    /// Index of an instance that the model must refuse to be.
    pub(super) refused: Option<usize>,
    /// Where the subjects are objects: the program that hosts them.
    pub(super) host: Option<&'a mut dyn ObjectHost>,
    subjects: [Option<Subject>; 2],
    /// Which of them run.
    pub(super) up: [bool; 2],
    /// Whether one has ever run: before that, an object that does not start says nothing about its life cycle.
    has_run: bool,
    /// Time of calls so far.
    elapsed: Duration,
    pub(super) answers: Vec<Answer>,
}

/// What a scenario happens to.
#[derive(Clone)]
pub(super) enum Subject {
    Instance(Arc<Instance>),
    /// By its number in the host.
    Object(u64),
}

/// Why a scenario does not go on.
pub(super) enum Halt {
    /// Something was not as it must be.
    Wrong(Box<Finding>),
    /// It cannot run here.
    Impossible(String),
}

impl From<Finding> for Halt {
    fn from(finding: Finding) -> Self {
        Self::Wrong(Box::new(finding))
    }
}

impl<'a> Context<'a> {
    pub(super) const fn new(
        trial: &'a PlannedTrial,
        loan: &'a Loan<'a>,
        refused: Option<usize>,
        host: Option<&'a mut dyn ObjectHost>,
    ) -> Self {
        Self {
            trial,
            loan,
            refused,
            host,
            subjects: [None, None],
            up: [false, false],
            has_run: false,
            elapsed: Duration::ZERO,
            answers: Vec::new(),
        }
    }

    /// Takes all steps of a scenario.
    pub(super) async fn run(&mut self, scenario: Scenario) -> Result<(), Halt> {
        for step in steps(scenario) {
            self.take(*step).await?;
        }
        Ok(())
    }

    async fn take(&mut self, step: Step) -> Result<(), Halt> {
        let Step { action, subject, when } = step;
        match action {
            Action::Start => self.start(subject, when).await.map(drop),
            Action::Stop => self.stop(subject, when).await,
            Action::Call => self.call(subject, when).await,
            Action::Down => self.is_down(subject, when).await,
            Action::Refuse => {
                self.is_refused(subject, when).await?;
                self.is_empty(subject, when).await
            }
            Action::FailStart => self.fail_start(subject, when).await,
            Action::FailStop => self.fail_stop(subject, when).await,
            Action::AbandonStart => self.abandon_start(subject, when).await,
            Action::Crash => self.crash(subject, when).await,
            Action::Exit(exit) => self.exit(exit, when).await,
            Action::StartBoth => self.start_both(when).await,
            Action::CallBoth => self.call_both(when).await,
        }
    }

    /// The finding of an expectation that was not met.
    pub(super) fn wrong(&self, when: &str, expected: &str, came: impl Display) -> Halt {
        let when = self.at(when);
        Finding::wrong(SCENARIO, &when, format!("expected {expected}; came {came}")).into()
    }

    /// The finding of an error where none was expected. Once an object has run, it is at fault whatever the error says.
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
            Some(_) => format!("on the hosted object: {when}"),
            None => when.to_owned(),
        }
    }

    pub(super) fn planned(&self) -> Result<&'a PlannedCall, Halt> {
        let none = || Halt::from(Finding::unjudged(SCENARIO, "the scenario has no call"));
        self.trial.calls.first().ok_or_else(none)
    }

    /// One of the two subjects, made when it is first asked for.
    pub(super) async fn subject(&mut self, index: usize) -> Result<Subject, Halt> {
        if let Some(subject) = &self.subjects[index] {
            return Ok(subject.clone());
        }
        let made = match &self.host {
            None => self.loan.open(self.planned()?.instance).await.map(Subject::Instance),
            Some(host) => host.make().await.map(Subject::Object),
        };
        let made = made.map_err(|error| self.failed("opening it", &error, "it can be made"))?;
        self.subjects[index] = Some(made.clone());
        Ok(made)
    }

    /// Replaces the first subject by an instance of another index of the plan.
    ///
    /// # Errors
    /// When there can be none.
    pub(super) async fn open_planned(&mut self, index: usize) -> Result<(), BackendError> {
        let instance = self.loan.open(index).await?;
        self.subjects[0] = Some(Subject::Instance(instance));
        Ok(())
    }

    /// Forgets the first subject: the next step has a fresh one.
    pub(super) fn renew(&mut self) {
        self.subjects[0] = None;
    }

    /// Has an object do something. Without a host there are no objects.
    pub(super) async fn act(&self, object: u64, act: ObjectAct) -> Result<(), BackendError> {
        match &self.host {
            Some(host) => host.act(object, act).await,
            None => Ok(()),
        }
    }

    /// What can be seen of a subject that is an object.
    pub(super) async fn state(&self, subject: &Subject, when: &str) -> Result<Option<ObjectState>, Halt> {
        let (Some(host), Subject::Object(object)) = (&self.host, subject) else {
            return Ok(None);
        };
        let state = host.state(*object).await;
        let state = state.map_err(|error| self.failed(when, &error, "its state to be seen"))?;
        Ok(Some(state))
    }

    async fn try_start(&self, subject: &Subject) -> Result<(), BackendError> {
        match subject {
            Subject::Instance(instance) => instance.start().await,
            Subject::Object(object) => self.act(*object, ObjectAct::Start).await,
        }
    }

    async fn is_running(&self, subject: &Subject, when: &str) -> Result<Option<bool>, Halt> {
        match subject {
            Subject::Instance(instance) => Ok(Some(instance.is_running().await)),
            Subject::Object(_) => Ok(self.state(subject, when).await?.and_then(|state| state.running)),
        }
    }

    /// Starts it, which must succeed, and says how long it took. A start of what runs must do nothing.
    pub(super) async fn start(&mut self, index: usize, when: &str) -> Result<Duration, Halt> {
        let subject = self.subject(index).await?;
        let was_up = self.up[index];
        let resources = if was_up {
            self.resources(&subject, when).await?
        } else {
            BTreeSet::new()
        };
        let before = self.state(&subject, when).await?;
        let begun = Instant::now();
        let started = self.try_start(&subject).await;
        started.map_err(|error| self.failed(when, &error, "it starts"))?;
        let took = begun.elapsed();
        (self.up[index], self.has_run) = (true, true);
        if self.is_running(&subject, when).await? == Some(false) {
            return Err(self.wrong(when, "it to run after its start", "one that is not running"));
        }
        let nothing = "a start that does nothing, because it runs";
        if was_up {
            let after = self.resources(&subject, when).await?;
            if let Some(gone) = resources.difference(&after).next() {
                return Err(self.wrong(when, nothing, format_args!("a platform on which {gone} is gone")));
            }
        }
        let after = self.state(&subject, when).await?;
        if let (Some(before), Some(after)) = (before, after) {
            if was_up && after.exit_hooks > before.exit_hooks {
                return Err(self.wrong(when, nothing, "another exit hook"));
            }
            self.counts(when, "startup()", before.startups, after.startups, !was_up)?;
        }
        Ok(took)
    }

    /// A method must have been called once, or not at all.
    fn counts(
        &self,
        when: &str,
        method: &str,
        before: Option<usize>,
        after: Option<usize>,
        once: bool,
    ) -> Result<(), Halt> {
        let (Some(before), Some(after)) = (before, after) else {
            return Ok(());
        };
        let (calls, wanted) = (after - before, usize::from(once));
        if calls == wanted {
            return Ok(());
        }
        let expected = format!("{method} to be called {wanted} times");
        Err(self.wrong(when, &expected, format_args!("{calls} calls")))
    }

    /// Stops it, which must succeed and leave nothing. A stop of what does not run must do nothing.
    pub(super) async fn stop(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        let was_up = std::mem::take(&mut self.up[index]);
        let before = self.state(&subject, when).await?;
        let stopped = match &subject {
            Subject::Instance(instance) => instance.stop().await.map_or(Ok(()), Err),
            Subject::Object(object) => self.act(*object, ObjectAct::Stop).await,
        };
        stopped.map_err(|error| self.failed(when, &error, "it stops without trouble"))?;
        if let (Some(before), Some(after)) = (before, self.state(&subject, when).await?) {
            self.counts(when, "shutdown()", before.shutdowns, after.shutdowns, was_up)?;
        }
        self.is_down(index, when).await?;
        // The leak check of an instance comes with its stop.
        match subject {
            Subject::Object(_) if self.up == [false, false] => self.is_empty(index, when).await,
            _ => Ok(()),
        }
    }

    /// It does not count as running. An instance says so to its callers, and no exit hook waits for an object.
    pub(super) async fn is_down(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        if self.is_running(&subject, when).await? == Some(true) {
            return Err(self.wrong(when, "one that is not running", "one that counts as running"));
        }
        match self.state(&subject, when).await? {
            None => self.is_refused(index, when).await,
            Some(state) if state.exit_hooks > 0 => Err(self.wrong(when, "no exit hook to be left", "one that is left")),
            Some(_) => Ok(()),
        }
    }

    /// A call is refused because it is not initialized.
    async fn is_refused(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let refused = match self.subject(index).await? {
            subject @ Subject::Instance(_) => self.ask(&subject).await?.map(drop),
            Subject::Object(object) => self.act(object, ObjectAct::GetModel).await,
        };
        let expected = "a call to be refused because it `is not initialized`";
        match refused {
            Err(error) if error.fault == Fault::NotRunning && error.message.contains("not initialized") => Ok(()),
            Err(error) => Err(self.wrong(when, expected, error)),
            Ok(()) => Err(self.wrong(when, expected, "an answer")),
        }
    }

    /// Nothing of it is there.
    pub(super) async fn is_empty(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        let deadline = tokio::time::Instant::now() + SETTLING;
        loop {
            let resources = self.resources(&subject, when).await?;
            let Some(thing) = resources.first() else {
                return Ok(());
            };
            // What an instance leaves has been given its time by the stop.
            if matches!(subject, Subject::Instance(_)) || tokio::time::Instant::now() >= deadline {
                return Err(self.wrong(when, "nothing of it to be there", thing));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What there is of it, by name: on its platform, or of all objects together.
    pub(super) async fn resources(&self, subject: &Subject, when: &str) -> Result<BTreeSet<String>, Halt> {
        let instance = match (subject, &self.host) {
            (Subject::Instance(instance), _) => instance,
            (Subject::Object(_), Some(host)) => return Ok(host.resources()),
            (Subject::Object(_), None) => return Ok(BTreeSet::new()),
        };
        let Some(caretaker) = instance.caretaker() else {
            return Ok(BTreeSet::new());
        };
        let found = caretaker.belongings().await;
        let found = found.map_err(|error| Halt::from(Finding::failed(SCENARIO, when, &error)))?;
        Ok(found
            .into_iter()
            .map(|thing| format!("{} {}", thing.what, thing.id))
            .collect())
    }

    /// Calls it, which must answer. The response is kept for the checks.
    pub(super) async fn call(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        let begun = Instant::now();
        let result = self.ask(&subject).await?;
        self.elapsed += begun.elapsed();
        let prediction = result.map_err(|error| self.failed(when, &error, "an answer"))?;
        self.keep(prediction)
    }

    fn keep(&mut self, prediction: Prediction) -> Result<(), Halt> {
        let call = self.planned()?;
        self.answers.push(Answer {
            call: call.name.to_string(),
            request: call.request.clone(),
            config: call.config.clone(),
            result: Ok(prediction),
        });
        Ok(())
    }

    /// Calls it within the time that the case has left.
    pub(super) async fn ask(&self, subject: &Subject) -> Result<Result<Prediction, BackendError>, Halt> {
        let left = self.trial.timeout.saturating_sub(self.elapsed);
        self.ask_within(subject, left).await
    }

    pub(super) async fn ask_within(
        &self,
        subject: &Subject,
        limit: Duration,
    ) -> Result<Result<Prediction, BackendError>, Halt> {
        let request = &self.planned()?.request;
        let asking = async {
            match (subject, &self.host) {
                (Subject::Instance(instance), _) => instance.predict(request).await,
                (Subject::Object(object), Some(host)) => host.predict(*object, request).await,
                (Subject::Object(_), None) => Err(BackendError::new(Stage::Call, Fault::Internal, "there is no host")),
            }
        };
        let asked = tokio::time::timeout(limit, asking).await;
        Ok(asked.unwrap_or_else(|_| {
            let message = format!("no answer within {} s", limit.as_secs_f64());
            Err(BackendError::new(Stage::Call, Fault::Timeout, message))
        }))
    }

    async fn start_both(&mut self, when: &str) -> Result<(), Halt> {
        let (one, other) = (self.subject(0).await?, self.subject(1).await?);
        let (started, also_started) = tokio::join!(self.try_start(&one), self.try_start(&other));
        let started = started.and(also_started);
        started.map_err(|error| self.failed(when, &error, "it starts"))?;
        (self.up, self.has_run) = ([true, true], true);
        for subject in [&one, &other] {
            if self.is_running(subject, when).await? == Some(false) {
                return Err(self.wrong(when, "both to run", "one that is not running"));
            }
        }
        if let Subject::Object(_) = one {
            // Objects of one program share its processes.
            return Ok(());
        }
        let (of_one, of_other) = (self.resources(&one, when).await?, self.resources(&other, when).await?);
        match of_one.intersection(&of_other).next() {
            Some(shared) => Err(self.wrong(when, "each to have its own", format_args!("{shared} of both"))),
            None => Ok(()),
        }
    }

    async fn call_both(&mut self, when: &str) -> Result<(), Halt> {
        let (one, other) = (self.subject(0).await?, self.subject(1).await?);
        let (first, second) = tokio::join!(self.ask(&one), self.ask(&other));
        for result in [first?, second?] {
            let prediction = result.map_err(|error| self.wrong(when, "an answer to each", error))?;
            self.keep(prediction)?;
        }
        Ok(())
    }
}
