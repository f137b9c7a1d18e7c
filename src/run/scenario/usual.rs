//! The steps without faults: starts, stops and calls, once, twice, too early or side by side. Reports what was expected and what came, and
//! does not plant any fault.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::context::{Context, Halt, ScenarioSubject};
use crate::backend::{Fault, ObjectAct};

/// Time until the resources of an object must be gone after its stop.
const SETTLING: Duration = Duration::from_secs(6);
/// The interval of the checks meanwhile.
const LOOK: Duration = Duration::from_millis(20);

impl Context<'_> {
    /// Starts it, which must succeed, and returns the time. A start of a running subject must do nothing.
    pub(super) async fn start(&mut self, index: usize, when: &str) -> Result<Duration, Halt> {
        let subject = self.subject(index).await?;
        let was_up = self.up[index];
        let resources = if was_up { self.resources(&subject, when).await? } else { BTreeSet::new() };
        let before = self.state(&subject, when).await?;
        let begun = Instant::now();
        let started = self.try_start(&subject).await;
        started.map_err(|error| self.failed(when, &error, "it starts"))?;
        let took = begun.elapsed();
        (self.up[index], self.has_run) = (true, true);
        if !was_up {
            self.passed.restart();
        }
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
            self.counts(when, "startup()", (before.startups, after.startups), !was_up)?;
        }
        Ok(took)
    }

    /// Checks that a method was called once, or not at all.
    fn counts(
        &self,
        when: &str,
        method: &str,
        (before, after): (Option<usize>, Option<usize>),
        once: bool,
    ) -> Result<(), Halt> {
        let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
        let (calls, wanted) = (after - before, usize::from(once));
        if calls == wanted {
            return Ok(());
        }
        let expected = format!("{method} to be called {wanted} times");
        Err(self.wrong(when, &expected, format_args!("{calls} calls")))
    }

    /// Stops it, which must succeed and leave nothing. A stop of a stopped subject must do nothing.
    pub(super) async fn stop(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        let was_up = std::mem::take(&mut self.up[index]);
        let before = self.state(&subject, when).await?;
        let stopped = match &subject {
            ScenarioSubject::Instance(instance) => instance.stop().await.map_or(Ok(()), Err),
            ScenarioSubject::Object(object) => self.act(*object, ObjectAct::Stop).await,
        };
        stopped.map_err(|error| self.failed(when, &error, "it stops without an error"))?;
        if let (Some(before), Some(after)) = (before, self.state(&subject, when).await?) {
            self.counts(when, "shutdown()", (before.shutdowns, after.shutdowns), was_up)?;
        }
        self.is_down(index, when).await?;
        // The stop of an instance includes its leak check.
        match subject {
            ScenarioSubject::Object(_) if self.up == [false, false] => self.is_empty(index, when).await,
            _ => Ok(()),
        }
    }

    /// Checks that it does not count as running: an instance refuses calls, and an object has no exit hook.
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

    /// Checks that it is not running and has no resources.
    pub(super) async fn is_gone(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        self.is_down(index, when).await?;
        self.is_empty(index, when).await
    }

    /// Checks that a call is refused because it is not initialized, and that the call starts nothing.
    pub(super) async fn refuse(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        self.is_refused(index, when).await?;
        self.is_empty(index, when).await
    }

    async fn is_refused(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let refused = match self.subject(index).await? {
            subject @ ScenarioSubject::Instance(_) => self.ask(&subject).await?.map(drop),
            ScenarioSubject::Object(object) => self.act(object, ObjectAct::GetModel).await,
        };
        let expected = "a call to be refused because it `is not initialized`";
        match refused {
            Err(error) if error.fault == Fault::NotRunning && error.message.contains("not initialized") => Ok(()),
            Err(error) => Err(self.wrong(when, expected, error)),
            Ok(()) => Err(self.wrong(when, expected, "a response")),
        }
    }

    /// Checks that it has no resources.
    pub(super) async fn is_empty(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        let deadline = tokio::time::Instant::now() + SETTLING;
        loop {
            let resources = self.resources(&subject, when).await?;
            let Some(thing) = resources.first() else { return Ok(()) };
            // The stop of an instance has already waited for its resources.
            if matches!(subject, ScenarioSubject::Instance(_)) || tokio::time::Instant::now() >= deadline {
                return Err(self.wrong(when, "nothing of it to be there", thing));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Calls it, which must answer, and keeps the response for the checks.
    pub(super) async fn call(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        let begun = Instant::now();
        let result = self.ask(&subject).await?;
        self.elapsed += begun.elapsed();
        let prediction = result.map_err(|error| self.failed(when, &error, "a response"))?;
        self.keep(prediction)
    }

    pub(super) async fn start_both(&mut self, when: &str) -> Result<(), Halt> {
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
        if let ScenarioSubject::Object(_) = one {
            // Objects of one program share its processes.
            return Ok(());
        }
        let (of_one, of_other) = (self.resources(&one, when).await?, self.resources(&other, when).await?);
        match of_one.intersection(&of_other).next() {
            Some(shared) => Err(self.wrong(when, "each to have its own", format_args!("{shared} of both"))),
            None => Ok(()),
        }
    }

    /// Calls both at once. Each must answer.
    pub(super) async fn call_both(&mut self, when: &str) -> Result<(), Halt> {
        const EXPECTED: &str = "a response to each";
        let (one, other) = (self.subject(0).await?, self.subject(1).await?);
        let (first, second) = tokio::join!(self.ask(&one), self.ask(&other));
        for result in [first?, second?] {
            // One that ends beside another, and not from outside, cannot run beside it.
            let prediction = result.map_err(|error| {
                if error.is_crash() { self.wrong(when, EXPECTED, error) } else { self.failed(when, &error, EXPECTED) }
            })?;
            self.keep(prediction)?;
        }
        Ok(())
    }
}
