//! Runs the scenarios of the life cycle: on instances of their own, with the guarantees of every kind, and then on the objects that a kind
//! hosts, without them. Does not judge responses, which is for the checks of the case.

mod context;
mod faults;
mod growth;
mod steps;
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

use context::{Context, Halt, SCENARIO};

/// The result of a scenario.
#[derive(Debug, Default)]
pub(crate) struct ScenarioResult {
    pub(crate) findings: Vec<Finding>,
    /// All responses, to be judged one by one.
    pub(crate) responses: Vec<CallResult>,
    /// What could not be checked.
    pub(crate) notes: Vec<String>,
    /// Why it could not run here at all.
    pub(crate) skip: Option<Skip>,
    pub(crate) elapsed: Duration,
}

/// Runs the scenario of a trial. Stops everything that it opened before it returns.
pub(crate) async fn run(trial: &PlannedTrial, planned: &PlannedScenario, pool: &Pool) -> ScenarioResult {
    let own = trial.calls.first().map_or(0, |call| call.instance);
    let lease = match pool.lease_exclusively(own, planned.scenario.instances()).await {
        Ok(lease) => lease,
        Err(error) => {
            let findings = vec![Finding::failed(SCENARIO, "before it", &error)];
            return ScenarioResult { findings, ..ScenarioResult::default() };
        }
    };
    let begun = Instant::now();
    let mut result = ScenarioResult::default();
    let mut halted = on_instances(trial, planned, &lease, &mut result).await.err();
    // Objects of a kind run the same model as its instances.
    if !matches!(halted, Some(Halt::Wrong(_))) && !planned.scenario.makes_many_calls() {
        match on_objects(trial, &planned.scenario, &lease, &mut result.responses).await {
            None | Some(Err(Halt::Impossible(_) | Halt::Unavailable(_))) => {}
            // A scenario that runs on objects need not run on instances.
            Some(ran) => halted = ran.err(),
        }
    }
    for leak in pool.return_lease(lease).await {
        let summary = format!("expected nothing to be left; came {leak}");
        result.findings.push(Finding::wrong(SCENARIO, "after a stop", summary));
    }
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
        return Err(Halt::impossible(reason));
    }
    let mut context = Context::new(trial, lease, planned.refused, None);
    let ran = context.run(&planned.scenario).await;
    result.responses.append(&mut context.responses);
    result.notes.append(&mut context.notes);
    ran
}

/// Runs a scenario on objects of the backend. Returns `None` if it has none.
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
