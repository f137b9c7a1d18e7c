//! Plays the scenes of the life cycle: on instances of their own, by the guarantees that every kind gets, and after that on
//! the platform's own life cycle where a kind only wraps one. Judges what happens to instances; what they answer is judged
//! by the case's checks.

mod faults;
mod stage;
#[cfg(test)]
mod tests;
mod usual;

use std::time::{Duration, Instant};

use super::pool::Pool;
use crate::backend::Scene;
use crate::check::{CallResult, Finding};
use crate::plan::{PlannedScene, PlannedTrial};

use stage::{Halt, Stage};

/// The name under which findings show.
const SCENE: &str = "scene";

/// What came of playing a scene.
#[derive(Debug, Default)]
pub struct Played {
    /// What was wrong with it.
    pub findings: Vec<Finding>,
    /// Every answer that was given in it, to be judged one by one.
    pub responses: Vec<CallResult>,
    /// Why it could not be played here at all.
    pub skip: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Plays the scene of a trial. Whatever is opened for it is stopped before this returns.
pub async fn play(trial: &PlannedTrial, planned: PlannedScene, pool: &Pool) -> Played {
    let own = trial.calls.first().map_or(0, |call| call.instance);
    let lease = match pool.lease_exclusively(own, planned.scene.instances()).await {
        Ok(lease) => lease,
        Err(error) => return Played::broken(Finding::failed(SCENE, "before it", &error)),
    };
    let begun = Instant::now();
    let mut stage = Stage::new(trial, &lease);
    let mut halted = match planned.scene {
        Scene::StartTwice => usual::start_twice(&mut stage).await,
        Scene::StopTwice => usual::stop_twice(&mut stage).await,
        Scene::StopBeforeStart => usual::stop_before_start(&mut stage).await,
        Scene::UseBeforeStart => usual::use_before_start(&mut stage).await,
        Scene::TwoAtOnce => usual::two_at_once(&mut stage).await,
        Scene::FailedStart => faults::failed_start(&mut stage, planned.refused).await,
        Scene::FailedStop => faults::failed_stop(&mut stage).await,
        Scene::RestartAfterCrash => faults::restart_after_crash(&mut stage).await,
        Scene::StopDuringStart => faults::stop_during_start(&mut stage).await,
        Scene::OrderlyExit | Scene::Terminated => Err(Halt::Unplayable(
            "the harness holds the instance itself, and does not end in the middle of a run".to_owned(),
        )),
    }
    .err();
    if !matches!(halted, Some(Halt::Wrong(_))) {
        halted = match rehearse(&mut stage, planned.scene).await {
            Err(wrong) => Some(wrong),
            // What the platform plays by itself need not be played by us.
            Ok(Rehearsed::Yes) => None,
            Ok(Rehearsed::No) => halted,
        };
    }
    let Stage {
        mut findings,
        responses,
        ..
    } = stage;
    let left = pool.return_lease(lease).await;
    findings.extend(left.into_iter().map(|leak| {
        Finding::wrong(
            SCENE,
            "after a stop",
            format!("expected nothing to be left; came {leak}"),
        )
    }));
    let mut skip = None;
    match halted {
        Some(Halt::Wrong(finding)) => findings.push(*finding),
        Some(Halt::Unplayable(reason)) => skip = Some(reason),
        None => {}
    }
    Played {
        findings,
        responses,
        skip,
        elapsed: begun.elapsed(),
    }
}

/// Whether the platform has a life cycle of its own that the scene was played on.
enum Rehearsed {
    Yes,
    No,
}

async fn rehearse(stage: &mut Stage<'_>, scene: Scene) -> Result<Rehearsed, Halt> {
    let instance = stage.open().await?;
    match instance.rehearse(scene).await {
        None => Ok(Rehearsed::No),
        Some(Err(error)) => Err(Finding::failed(SCENE, "on the platform's own life cycle", &error).into()),
        Some(Ok(wrong)) => {
            let findings = wrong
                .into_iter()
                .map(|what| Finding::wrong(SCENE, "on the platform's own life cycle", what));
            stage.findings.extend(findings);
            Ok(Rehearsed::Yes)
        }
    }
}

impl Played {
    fn broken(finding: Finding) -> Self {
        Self {
            findings: vec![finding],
            ..Self::default()
        }
    }
}
