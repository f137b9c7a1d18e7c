//! The scenes in which something goes wrong for real: a start that fails or is given up, a crash, a stop that is not obeyed.

use std::time::Duration;

use super::SCENE;
use super::stage::{Halt, Stage, wrong};
use crate::backend::resources::LeakGuard;
use crate::backend::{Fault, Instance, Stage as Step};
use crate::check::Finding;
use crate::os;

/// At which parts of the time of a whole start others are given up.
const MOMENTS: [f64; 2] = [0.25, 0.75];
/// How often a moment is halved when the start was over before it.
const HALVINGS: usize = 10;

/// A configuration that the model refuses, and a start that is given no time: both fail, leave nothing and can be tried again.
pub(super) async fn failed_start(stage: &mut Stage<'_>, refused: Option<usize>) -> Result<(), Halt> {
    let mut failures = 0;
    if let Some(index) = refused {
        match stage.open_planned(index).await {
            Ok(instance) => {
                fails_twice(stage, &instance).await?;
                failures += 1;
            }
            // A server that runs already has the configuration it has.
            Err(error) if error.stage == Step::Configure => {}
            Err(error) => return Err(Finding::failed(SCENE, "opening it", &error).into()),
        }
    }
    let instance = stage.open().await?;
    if instance.start_within(Duration::ZERO).await.is_err() {
        after_failure(stage, &instance, "after a start that was given no time").await?;
        failures += 1;
    }
    if failures == 0 {
        return Err(Halt::Unplayable(
            "no start can be made to fail: it is over at once, and there is no configuration to refuse".to_owned(),
        ));
    }
    stage.start(&instance, "the start after a failed one").await?;
    stage
        .responses(&instance, "after the start that followed a failed one")
        .await?;
    stage.stop(&instance, "the stop").await
}

/// The same start fails again when it is tried again: nothing of the first is in its way or passes for it.
async fn fails_twice(stage: &Stage<'_>, instance: &Instance) -> Result<(), Halt> {
    for when in ["a start with a size that no model has", "the same start once more"] {
        if instance.start().await.is_ok() {
            return Err(wrong(when, "it to fail", "a running instance"));
        }
        after_failure(stage, instance, when).await?;
    }
    Ok(())
}

async fn after_failure(stage: &Stage<'_>, instance: &Instance, when: &str) -> Result<(), Halt> {
    stage.is_down(instance, when).await?;
    nothing_there(stage, instance, when).await
}

async fn nothing_there(stage: &Stage<'_>, instance: &Instance, when: &str) -> Result<(), Halt> {
    match stage.resources(instance, when).await?.first() {
        Some(thing) => Err(wrong(when, "nothing of it to be there", thing)),
        None => Ok(()),
    }
}

/// Given up at several moments of its start, an instance leaves nothing and can be started.
pub(super) async fn stop_during_start(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    let whole = stage.start(&instance, "a whole start").await?;
    stage.stop(&instance, "the stop after a whole start").await?;
    let mut given_up = 0;
    for part in MOMENTS {
        let mut moment = whole.mul_f64(part);
        for _ in 0..=HALVINGS {
            // A start is dropped as Ctrl-C drops it.
            let over = tokio::time::timeout(moment, instance.start()).await;
            if let Ok(Err(error)) = over {
                return Err(Finding::failed(SCENE, "a start that is to be given up", &error).into());
            }
            let when = "after a start was given up";
            if let Some(error) = instance.abort().await {
                return Err(Finding::failed(SCENE, when, &error)
                    .detail("expected: it stops without trouble")
                    .into());
            }
            stage.is_down(&instance, when).await?;
            nothing_there(stage, &instance, when).await?;
            if over.is_err() {
                given_up += 1;
                break;
            }
            moment /= 2;
        }
    }
    if given_up == 0 {
        return Err(Halt::Unplayable(
            "a start is over at once: it cannot be stopped half-way".to_owned(),
        ));
    }
    stage.start(&instance, "the start after one was given up").await?;
    stage
        .responses(&instance, "after the start that followed one that was given up")
        .await?;
    stage.stop(&instance, "the stop").await
}

/// Everything of it is killed behind its back: the next call says so, and after a stop it can be started again.
pub(super) async fn restart_after_crash(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    stage.start(&instance, "the start").await?;
    stage.responses(&instance, "after the start").await?;
    let Some(guard) = instance.guard() else {
        return Err(Halt::Unplayable(
            "it makes nothing that could be ended behind its back".to_owned(),
        ));
    };
    let ended = guard.kill().await;
    let ended = ended.map_err(|error| Halt::from(Finding::failed(SCENE, "ending it from outside", &error)))?;
    if ended.is_empty()
        && let Err(unavailable) = os::reads_environments()
    {
        return Err(Halt::Unplayable(format!("ending it from outside: {unavailable}")));
    }
    if ended.is_empty() {
        let expected = "a resource with its label while it runs";
        return Err(wrong(
            "ending it from outside",
            expected,
            "nothing that the leak check could find",
        ));
    }
    let (when, expected) = ("a call after a crash", "an error that says that its server has ended");
    match stage.ask(&instance).await? {
        Err(error) if matches!(error.fault, Fault::Died | Fault::Unreachable) => {}
        Err(error) => return Err(wrong(when, expected, format_args!("{}: {error}", error.fault.name()))),
        Ok(_) => return Err(wrong(when, expected, "an answer")),
    }
    // A stop of what is gone may find fault with that; it is stopped all the same.
    let _ = instance.stop().await;
    stage.is_down(&instance, "the stop after a crash").await?;
    stage.start(&instance, "the start after a crash").await?;
    stage
        .responses(&instance, "after the start that followed a crash")
        .await?;
    stage.stop(&instance, "the last stop").await
}

/// Its processes do not end when they are asked to: it is stopped all the same, whatever the stop says.
pub(super) async fn failed_stop(stage: &mut Stage<'_>) -> Result<(), Halt> {
    let instance = stage.open().await?;
    stage.start(&instance, "the start").await?;
    stage.responses(&instance, "after the start").await?;
    let frozen = instance.guard().map(LeakGuard::freeze).unwrap_or_default();
    if frozen.is_empty() {
        return Err(Halt::Unplayable(
            "none of its processes is on this machine, where it could be frozen".to_owned(),
        ));
    }
    let when = "the stop of frozen processes";
    let _ = instance.stop().await;
    stage.is_down(&instance, when).await?;
    nothing_there(stage, &instance, when).await?;
    stage.start(&instance, "the start after a failed stop").await?;
    stage
        .responses(&instance, "after the start that followed a failed stop")
        .await?;
    stage.stop(&instance, "the last stop").await
}
