//! Runs the scenarios of the life cycle: on instances of their own, with the guarantees that every kind gets, and then on the
//! objects that a kind hosts, without them. Judges what happens to them; their responses are judged by the case's checks.

mod context;
mod faults;
mod growth;
#[cfg(test)]
mod tests;
mod usual;
mod wire;

use std::time::{Duration, Instant};

use super::pool::Pool;
use super::pool::lease::ExclusiveLease;
use crate::backend::Scenario;
use crate::backend::skip::Skip;
use crate::check::{CallResult, Finding};
use crate::plan::{PlannedScenario, PlannedTrial};

use context::{Context, Halt};

/// The name under which findings show.
const SCENARIO: &str = "scenario";

/// What came of a scenario.
#[derive(Debug, Default)]
pub(crate) struct ScenarioResult {
    /// What was wrong.
    pub(crate) findings: Vec<Finding>,
    /// Every response that was given in it, to be judged one by one.
    pub(crate) responses: Vec<CallResult>,
    /// What could not be looked at.
    pub(crate) notes: Vec<String>,
    /// Why it could not run here at all.
    pub(crate) skip: Option<Skip>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// Runs the scenario of a trial. Whatever is opened for it is stopped before this returns.
pub(crate) async fn run(trial: &PlannedTrial, planned: &PlannedScenario, pool: &Pool) -> ScenarioResult {
    let own = trial.calls.first().map_or(0, |call| call.instance);
    let lease = match pool.lease_exclusively(own, planned.scenario.instances()).await {
        Ok(lease) => lease,
        Err(error) => {
            return ScenarioResult {
                findings: vec![Finding::failed(SCENARIO, "before it", &error)],
                ..ScenarioResult::default()
            };
        }
    };
    let begun = Instant::now();
    let mut result = ScenarioResult::default();
    let mut halted = on_instances(trial, planned, &lease, &mut result).await.err();
    // Objects of a kind run the same model as its instances.
    if !matches!(halted, Some(Halt::Wrong(_))) && !planned.scenario.makes_many_calls() {
        match on_objects(trial, &planned.scenario, &lease, &mut result.responses).await {
            None | Some(Err(Halt::Impossible(_) | Halt::Unavailable(_))) => {}
            // What runs on objects need not run on instances as well.
            Some(ran) => halted = ran.err(),
        }
    }
    let leaks = pool.return_lease(lease).await;
    let leaks = leaks.into_iter().map(|leak| {
        let summary = format!("expected nothing to be left; came {leak}");
        Finding::wrong(SCENARIO, "after a stop", summary)
    });
    result.findings.extend(leaks);
    match halted {
        Some(Halt::Wrong(finding)) => result.findings.push(*finding),
        Some(Halt::Impossible(reason)) => result.skip = Some(Skip::inapplicable(reason)),
        Some(Halt::Unavailable(reason)) => result.skip = Some(Skip::not_run(reason)),
        None => {}
    }
    result.elapsed = begun.elapsed();
    result
}

async fn on_instances(
    trial: &PlannedTrial,
    planned: &PlannedScenario,
    lease: &ExclusiveLease<'_>,
    result: &mut ScenarioResult,
) -> Result<(), Halt> {
    if planned.scenario.ends_its_program() {
        let reason = "the harness holds the instance itself, and does not end in the middle of a run";
        return Err(Halt::Impossible(reason.to_owned()));
    }
    let mut context = Context::new(trial, lease, planned.refused, None);
    let ran = context.run(&planned.scenario).await;
    result.responses.append(&mut context.responses);
    result.notes.append(&mut context.notes);
    ran
}

/// Runs a scenario on objects of the backend's own; `None` where it has none.
async fn on_objects(
    trial: &PlannedTrial,
    scenario: &Scenario,
    lease: &ExclusiveLease<'_>,
    responses: &mut Vec<CallResult>,
) -> Option<Result<(), Halt>> {
    const WHEN: &str = "the program that hosts its objects";
    let failed = |error| Halt::from(Finding::failed(SCENARIO, WHEN, &error));
    let call = trial.calls.first()?;
    let instance = match lease.open(call.instance).await {
        Ok(instance) => instance,
        Err(error) => return Some(Err(failed(error))),
    };
    let mut host = match instance.objects().await? {
        Ok(host) => host,
        Err(error) => return Some(Err(failed(error))),
    };
    let mut context = Context::new(trial, lease, None, Some(&mut *host));
    let ran = context.run(scenario).await;
    responses.append(&mut context.responses);
    let ended = host.end().await.map_err(failed);
    Some(ran.and(ended))
}
