//! Carries out one trial: its calls, its judgement, its retries. Knows nothing of other trials and prints nothing.

use std::time::{Duration, Instant};

use super::pool::{Condition, Pool};
use crate::backend::{BackendError, Fault, Stage};
use crate::check::{Answer, Finding};
use crate::measure::Measurement;
use crate::outcome::{Outcome, Verdict};
use crate::plan::{PlannedCall, PlannedTrial};

/// Judges the answers of a trial; findings say what is wrong, notes what is worth knowing.
pub type Judge = dyn Fn(&PlannedTrial, &[Answer]) -> Judged + Send + Sync;

/// What judging gave.
#[derive(Debug, Default)]
pub struct Judged {
    /// What is wrong; empty when all is well.
    pub findings: Vec<Finding>,
    /// What is worth knowing although nothing is wrong.
    pub notes: Vec<String>,
    /// The numbers behind the verdicts of comparisons.
    pub measurements: Vec<Measurement>,
}

/// Runs a trial to its outcome, trying again as often as it allows.
pub async fn run_trial(trial: &PlannedTrial, pool: &Pool, judge: &Judge) -> Outcome {
    let mut outcome = Outcome {
        name: trial.name.clone(),
        verdict: Verdict::Pass,
        findings: Vec::new(),
        reason: None,
        notes: Vec::new(),
        measurements: Vec::new(),
        attempts: 0,
        elapsed: Duration::ZERO,
    };
    loop {
        let mut elapsed = Duration::ZERO;
        let answers = ask(trial, pool, &mut elapsed).await;
        let judging = Instant::now();
        // Judging is arithmetic over whole arrays: it must not hold up the tasks that wait for a server.
        let judged = tokio::task::block_in_place(|| judge(trial, &answers));
        outcome.attempts += 1;
        outcome.elapsed += elapsed + judging.elapsed();
        outcome.verdict = Verdict::of(&judged.findings);
        outcome.findings = judged.findings;
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        if outcome.verdict == Verdict::Pass || outcome.attempts > trial.retries {
            break;
        }
    }
    expect_failure(trial, &mut outcome);
    outcome
}

/// Makes the calls in order. A call that gets no answer at all ends the attempt: those after it would only wait in vain.
async fn ask(trial: &PlannedTrial, pool: &Pool, elapsed: &mut Duration) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(trial.calls.len());
    for call in &trial.calls {
        let result = call_once(trial, call, pool, elapsed).await;
        let broken = result.as_ref().is_err_and(|error| !error.fault.leaves_usable());
        answers.push(Answer {
            call: call.name.to_string(),
            request: call.request.clone(),
            config: call.config.clone(),
            result,
        });
        if broken {
            break;
        }
    }
    answers
}

async fn call_once(
    trial: &PlannedTrial,
    call: &PlannedCall,
    pool: &Pool,
    elapsed: &mut Duration,
) -> Result<crate::prediction::Prediction, BackendError> {
    let lease = pool.lease(call.instance).await?;
    let begun = Instant::now();
    let left = trial.timeout.saturating_sub(*elapsed);
    let answered = tokio::time::timeout(left, lease.instance.predict(&call.request)).await;
    let result = if let Ok(result) = answered {
        result
    } else {
        let (name, limit) = (&call.name, trial.timeout.as_secs_f64());
        let message = format!("no answer to call `{name}` within the case's {limit} s");
        Err(BackendError::new(Stage::Call, Fault::Timeout, message).with_log(lease.instance.log_tail().await))
    };
    *elapsed += begun.elapsed();
    let condition = match &result {
        Err(error) if !error.fault.leaves_usable() => Condition::Broken(error.clone()),
        _ => Condition::Usable,
    };
    pool.release(lease, condition).await;
    result
}

/// Turns a failure that the suite expects into one, and a pass that it does not into a failure.
fn expect_failure(trial: &PlannedTrial, outcome: &mut Outcome) {
    let Some(expected) = &trial.expected_failure else {
        return;
    };
    match outcome.verdict {
        Verdict::Fail => {
            let says_so = expected.message.as_ref().is_none_or(|message| {
                outcome
                    .findings
                    .iter()
                    .any(|finding| finding.to_string().contains(message.as_str()))
            });
            if says_so {
                outcome.verdict = Verdict::ExpectedFailure;
            }
            outcome.reason = Some(expected.reason.clone());
        }
        Verdict::Pass => {
            outcome.verdict = Verdict::UnexpectedPass;
            outcome.reason = Some(expected.reason.clone());
        }
        _ => {}
    }
}
