//! Makes the calls of one attempt of a case, in turn or at once, within its deadline, and measures the time. Does not judge responses.

use std::time::{Duration, Instant};

use super::pool::Pool;
use crate::backend::{BackendError, Fault, Stage, time_limit};
use crate::check::CallResult;
use crate::config::CallOrder;
use crate::outcome::record::CaseTimes;
use crate::plan::{PlannedCall, PlannedTrial};
use crate::prediction::Prediction;

/// Times of the calls of one attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CallTime {
    pub(super) wait: Duration,
    pub(super) start: Duration,
    pub(super) calls: Duration,
    /// The waits in `calls` that the time limit leaves out: those that servers asked for, and those for the report of their exit.
    pub(super) asked: Duration,
}

impl CallTime {
    pub(super) fn with_judging(self, judging: Duration) -> CaseTimes {
        CaseTimes {
            wait: self.wait.as_secs_f64(),
            start: self.start.as_secs_f64(),
            calls: self.calls.as_secs_f64(),
            judge: judging.as_secs_f64(),
        }
    }
}

/// Makes the calls of a case in its order.
pub(super) async fn ask(trial: &PlannedTrial, pool: &Pool, spent: &mut CallTime) -> Vec<CallResult> {
    match trial.order {
        CallOrder::InTurn => ask_in_turn(trial, pool, spent).await,
        CallOrder::AtOnce => ask_at_once(trial, pool, spent).await,
    }
}

/// Makes all calls at the same time.
async fn ask_at_once(trial: &PlannedTrial, pool: &Pool, spent: &mut CallTime) -> Vec<CallResult> {
    let calls = trial.calls.iter().map(|call| async move {
        let mut own = CallTime::default();
        let result = call_once(trial, call, pool, &mut own).await;
        (response_to(call, result), own)
    });
    let answered = futures_util::future::join_all(calls).await;
    // The calls overlap, so that the case waited for the longest of each.
    for (_, own) in &answered {
        spent.wait = spent.wait.max(own.wait);
        spent.start = spent.start.max(own.start);
        spent.calls = spent.calls.max(own.calls);
        spent.asked = spent.asked.max(own.asked);
    }
    answered.into_iter().map(|(response, _)| response).collect()
}

/// Makes the calls in order. A call that leaves no usable instance, that is refused as long as the server is busy, or for which no
/// response is recorded, ends the attempt: later calls would wait in vain.
async fn ask_in_turn(trial: &PlannedTrial, pool: &Pool, spent: &mut CallTime) -> Vec<CallResult> {
    let mut responses = Vec::with_capacity(trial.calls.len());
    for call in &trial.calls {
        let result = call_once(trial, call, pool, spent).await;
        let ends = result
            .as_ref()
            .is_err_and(|error| !error.fault.leaves_usable() || matches!(error.fault, Fault::Unrecorded | Fault::Busy));
        responses.push(response_to(call, result));
        if ends {
            break;
        }
    }
    responses
}

fn response_to(call: &PlannedCall, result: Result<Prediction, BackendError>) -> CallResult {
    CallResult { call: call.name.to_string(), request: call.request.clone(), config: call.config.clone(), result }
}

async fn call_once(
    trial: &PlannedTrial,
    call: &PlannedCall,
    pool: &Pool,
    spent: &mut CallTime,
) -> Result<Prediction, BackendError> {
    let asked = Instant::now();
    let lease = pool.lease(call.instance).await;
    let begun = Instant::now();
    // A failed start counts for this call, unless another case met the same failure before.
    if lease.as_ref().map_or_else(|error| !error.inherited, |lease| lease.is_fresh) {
        spent.start += begun - asked;
    } else {
        spent.wait += begun - asked;
    }
    let lease = lease?;
    let left = trial.timeout.saturating_sub(spent.calls.saturating_sub(spent.asked));
    let (answered, asked) = time_limit::within(left, lease.instance.predict(&call.request)).await;
    let result = if let Some(result) = answered {
        result
    } else {
        let (name, limit) = (&call.name, trial.timeout.as_secs_f64());
        let message = format!(
            "no response to call `{name}` within the case's {limit} s\n\
             `--timeout`, `timeout` of the case or suite, or `case_timeout` of the backend allow more"
        );
        Err(BackendError::new(Stage::Call, Fault::TooSlow, message).with_log(lease.instance.log_tail().await))
    };
    spent.calls += begun.elapsed();
    spent.asked += asked;
    let broken = result.as_ref().err().filter(|error| !error.fault.leaves_usable()).cloned();
    pool.release(lease, broken).await;
    result
}
