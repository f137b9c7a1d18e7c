//! The steps with planted faults: a start that fails or is abandoned, a crash, a stop that fails, and the end of the program that holds an
//! object. Checks what must hold all the same, and does not judge responses.

use std::time::Duration;

use super::context::{Context, Halt, SCENARIO, ScenarioSubject};
use super::wire::freeze;
use crate::backend::{Fault, Instance, ObjectAct, ProgramExit, Stage};
use crate::check::Finding;

/// The parts of the time of a complete start after which others are abandoned.
const MOMENTS: [f64; 2] = [0.25, 0.75];
/// How often that time is halved if the start completes before it.
const HALVINGS: usize = 10;
/// The time limit of a call that must fail.
const LONGEST_FAILURE: Duration = Duration::from_secs(120);

impl Context<'_> {
    /// Makes a start fail, which must leave nothing and not count as running. An instance gets a configuration that the model refuses, and
    /// then no time. The `startup()` of an object raises.
    pub(super) async fn fail_start(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        if self.host.is_some() {
            return self.fail_startup(index, when).await;
        }
        let mut failures = 0;
        if let Some(refused) = self.refused {
            match self.open_planned(refused).await {
                Ok(()) => {
                    self.fails_twice(index).await?;
                    failures += 1;
                }
                // A server that runs already cannot be configured.
                Err(error) if error.stage == Stage::Configure => {}
                Err(error) => return Err(self.failed("opening it", &error, "it can be made")),
            }
            self.renew();
        }
        if let ScenarioSubject::Instance(instance) = self.subject(index).await?
            && instance.start_within(Duration::ZERO).await.is_err()
        {
            self.is_gone(index, "after a start that was given no time").await?;
            failures += 1;
        }
        if failures == 0 {
            let reason = "no start can be made to fail: it is over at once, and there is no configuration to refuse";
            return Err(Halt::impossible(reason));
        }
        Ok(())
    }

    /// Checks that the same start fails twice, so that the second does not take the remains of the first for a running instance.
    async fn fails_twice(&mut self, index: usize) -> Result<(), Halt> {
        for when in ["a start with a size that no model has", "the same start once more"] {
            if let ScenarioSubject::Instance(instance) = self.subject(index).await?
                && instance.start().await.is_ok()
            {
                return Err(self.wrong(when, "it to fail", "a running instance"));
            }
            self.is_gone(index, when).await?;
        }
        Ok(())
    }

    async fn fail_startup(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        if self.state(&subject, when).await?.is_some_and(|state| state.startups.is_none()) {
            return Err(Halt::impossible("its class has no startup() that could be made to fail"));
        }
        if let ScenarioSubject::Object(object) = subject {
            let failed = self.act(object, ObjectAct::FailingStart).await;
            failed.map_err(|error| self.wrong(when, "start() to raise what startup() raises", error))?;
        }
        self.is_gone(index, when).await
    }

    /// Makes a stop fail, which must stop it all the same. The processes of an instance are frozen, so that they ignore the request to end.
    /// The `shutdown()` of an object raises.
    pub(super) async fn fail_stop(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        match self.subject(index).await? {
            ScenarioSubject::Object(object) => {
                let stopped = self.act(object, ObjectAct::FailingStop).await;
                stopped.map_err(|error| self.wrong(when, "a stop that hands no exception on", error))?;
            }
            ScenarioSubject::Instance(instance) => {
                freeze(&instance)?;
                let _ = instance.stop().await;
            }
        }
        self.up[index] = false;
        self.is_gone(index, when).await
    }

    /// Kills it from outside. The next call must fail, and after a stop it must not count as running.
    pub(super) async fn crash(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        let subject = self.subject(index).await?;
        match &subject {
            ScenarioSubject::Instance(instance) => {
                self.crash_instance(instance).await?;
                let expected = "an error that says that its server has ended";
                match self.ask(&subject).await? {
                    Err(error) if matches!(error.fault, Fault::Died | Fault::Unreachable) => {}
                    Err(error) => {
                        return Err(self.wrong(when, expected, format_args!("{}: {error}", error.fault.name())));
                    }
                    Ok(_) => return Err(self.wrong(when, expected, "a response")),
                }
                // The stop may report that it is gone already. It is stopped all the same.
                let _ = instance.stop().await;
                self.up[index] = false;
            }
            ScenarioSubject::Object(object) => {
                let killed = self.host.as_ref().map(|host| host.crash()).unwrap_or_default();
                // An object without processes on this machine cannot be killed here. It is only stopped and started again.
                if killed.is_empty() {
                    // If processes cannot be found, nothing was killed, and a stop and a start would prove nothing.
                    if let Err(unavailable) = crate::os::reads_environments() {
                        return Err(Halt::Unavailable(format!("finding its processes: {unavailable}")));
                    }
                } else {
                    self.call_fails(&subject, when).await?;
                }
                let stopped = self.act(*object, ObjectAct::Stop).await;
                self.up[index] = false;
                stopped.map_err(|error| self.failed(when, &error, "it stops without an error"))?;
            }
        }
        self.is_down(index, when).await
    }

    async fn crash_instance(&self, instance: &Instance) -> Result<(), Halt> {
        let when = "killing it from outside";
        let Some(guard) = instance.guard() else {
            return Err(Halt::impossible("it makes nothing that could be killed from outside"));
        };
        let ended = guard.kill().await;
        let ended = ended.map_err(|error| self.failed(when, &error, "it can be killed"))?;
        if ended.is_empty() {
            if let Err(unavailable) = guard.finds_processes() {
                return Err(Halt::Unavailable(format!("finding its processes: {unavailable}")));
            }
            let expected = "something with its label while it runs";
            return Err(self.wrong(when, expected, "nothing that the leak check could find"));
        }
        Ok(())
    }

    /// Checks that a call of an object soon raises an exception with a message.
    async fn call_fails(&self, object: &ScenarioSubject, when: &str) -> Result<(), Halt> {
        let expected = "a call to raise an exception that says why";
        match self.ask_within(object, LONGEST_FAILURE).await? {
            Ok(_) => Err(self.wrong(when, expected, "a response")),
            // Our own time limit has no exception.
            Err(error) if error.message.is_empty() || (error.fault == Fault::Timeout && error.exception.is_none()) => {
                Err(self.wrong(when, expected, error))
            }
            Err(_) => Ok(()),
        }
    }

    /// Abandons a start halfway, which must leave nothing: the start of an instance at several moments, as Ctrl-C does, and the start of an
    /// object by an interruption.
    pub(super) async fn abandon_start(&mut self, index: usize, when: &str) -> Result<(), Halt> {
        match self.subject(index).await? {
            ScenarioSubject::Instance(instance) => self.abandon_starts(index, &instance, when).await,
            ScenarioSubject::Object(object) => self.interrupt_start(index, object, when).await,
        }
    }

    async fn abandon_starts(&mut self, index: usize, instance: &Instance, when: &str) -> Result<(), Halt> {
        let whole = self.start(index, "a whole start").await?;
        self.stop(index, "the stop after a whole start").await?;
        let mut given_up = 0;
        for part in MOMENTS {
            let mut moment = whole.mul_f64(part);
            for _ in 0..=HALVINGS {
                // As Ctrl-C does: the future is dropped.
                let over = tokio::time::timeout(moment, instance.start()).await;
                if let Ok(Err(error)) = over {
                    return Err(Finding::failed(SCENARIO, "a start that is to be given up", &error).into());
                }
                if let Some(error) = instance.abort().await {
                    return Err(self.failed(when, &error, "it stops without an error"));
                }
                self.is_gone(index, when).await?;
                if over.is_err() {
                    given_up += 1;
                    break;
                }
                moment /= 2;
            }
        }
        if given_up == 0 {
            return Err(Halt::impossible("a start is over at once: it cannot be stopped half-way"));
        }
        Ok(())
    }

    async fn interrupt_start(&mut self, index: usize, object: u64, when: &str) -> Result<(), Halt> {
        let Some(host) = &self.host else { return Ok(()) };
        let completed = host.interrupt_start(object).await;
        let completed = completed.map_err(|error| self.wrong(when, "start() to hand the interruption on", error))?;
        if !completed {
            self.is_down(index, when).await?;
        }
        let stopped = self.act(object, ObjectAct::Stop).await;
        stopped.map_err(|error| self.wrong(when, "it stops without an error", error))?;
        if self.is_empty(index, when).await.is_ok() {
            return self.is_down(index, when).await;
        }
        let left = self.host.as_ref().map(|host| host.resources()).unwrap_or_default();
        // The base class of boileroom 0.4 calls shutdown() only for a running object, so that a backend cannot learn of an abandoned start.
        let shut_down = self.act(object, ObjectAct::Shutdown).await;
        shut_down.map_err(|error| self.wrong(when, "shutdown() to clear up", error))?;
        self.is_empty(index, when).await?;
        if let (Some(host), Some(thing)) = (&self.host, left.first()) {
            let text = format!(
                "{when} there was still {thing}, until shutdown() was called: boileroom's own Backend.stop() does not call it for a \
                 start that did not succeed; catch what interrupts startup() and clear up there"
            );
            host.warn("stop_during_start", text);
        }
        Ok(())
    }

    /// Ends the program that holds an object without stopping it. The object must be shut down, and nothing may be left.
    pub(super) async fn exit(&mut self, exit: ProgramExit, when: &str) -> Result<(), Halt> {
        let Some(host) = &mut self.host else { return Ok(()) };
        let exited = host.exit(exit).await;
        let exited = exited.map_err(|error| self.wrong(when, "the program to end", error))?;
        if !exited.shut_down {
            let came = format!("a program that {}: shutdown() was not called", exited.ending);
            return Err(self.wrong(when, "the object to be stopped", came));
        }
        match exited.leaked.first() {
            Some(thing) => Err(self.wrong(when, "nothing of it to be there", thing)),
            None => Ok(()),
        }
    }
}
