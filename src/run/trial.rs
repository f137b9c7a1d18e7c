//! Carries out one trial: its calls, its judgement, its retries. Knows nothing of other trials and prints nothing.

use std::time::{Duration, Instant};

use super::pool::{Condition, Pool};
use super::scene;
use crate::backend::{BackendError, Fault, Stage};
use crate::check::{Answer, Finding};
use crate::measure::Measurement;
use crate::outcome::{Outcome, Verdict};
use crate::plan::{PlannedCall, PlannedScene, PlannedTrial};

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
    /// What checks could not judge although nothing is wrong, and why.
    pub unjudged: Vec<String>,
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
        let attempt = match trial.scene {
            Some(planned) => attempt_scene(trial, planned, pool, judge).await,
            None => attempt(trial, pool, judge).await,
        };
        let (judged, elapsed) = match attempt {
            Ok(attempt) => attempt,
            // A retry that cannot be made leaves what was judged before.
            Err(Unplayable(_)) if outcome.attempts > 0 => break,
            Err(Unplayable(reason)) => return Outcome::skipped(&trial.name, reason),
        };
        outcome.attempts += 1;
        outcome.elapsed += elapsed;
        outcome.verdict = Verdict::of(&judged.findings);
        outcome.findings = judged.findings;
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        // Nothing judged is no pass.
        if outcome.verdict == Verdict::Pass && !judged.unjudged.is_empty() {
            outcome.verdict = Verdict::Skip;
            outcome.reason = Some(format!("not judged: {}", judged.unjudged.join("; ")));
            break;
        }
        if outcome.verdict == Verdict::Pass || outcome.attempts > trial.retries {
            break;
        }
    }
    expect_failure(trial, &mut outcome);
    outcome
}

/// Why a scene could not be played, or that a call cannot be answered for want of a recorded response.
struct Unplayable(String);

type Attempt = Result<(Judged, Duration), Unplayable>;

async fn attempt(trial: &PlannedTrial, pool: &Pool, judge: &Judge) -> Attempt {
    let mut elapsed = Duration::ZERO;
    let answers = ask(trial, pool, &mut elapsed).await;
    let errors = answers.iter().filter_map(|answer| answer.result.as_ref().err());
    if let Some(error) = errors.into_iter().find(|error| error.fault == Fault::Unrecorded) {
        return Err(Unplayable(error.message.clone()));
    }
    let judging = Instant::now();
    // Judging is arithmetic over whole arrays: it must not hold up the tasks that wait for a server.
    let judged = tokio::task::block_in_place(|| judge(trial, &answers));
    Ok((judged, elapsed + judging.elapsed()))
}

/// Plays a scene. Each of its answers is judged as if it were the only one.
async fn attempt_scene(trial: &PlannedTrial, planned: PlannedScene, pool: &Pool, judge: &Judge) -> Attempt {
    let played = scene::play(trial, planned, pool).await;
    if let (Some(reason), true) = (played.skip, played.findings.is_empty()) {
        return Err(Unplayable(reason));
    }
    let judging = Instant::now();
    let mut judged = Judged {
        findings: played.findings,
        ..Judged::default()
    };
    for answer in &played.answers {
        let one = tokio::task::block_in_place(|| judge(trial, std::slice::from_ref(answer)));
        judged.findings.extend(one.findings);
        judged.notes.extend(one.notes);
        judged.measurements.extend(one.measurements);
        judged.unjudged.extend(one.unjudged);
    }
    Ok((judged, played.elapsed + judging.elapsed()))
}

/// Makes the calls in order. A call that gets no answer at all ends the attempt: those after it would only wait in vain.
async fn ask(trial: &PlannedTrial, pool: &Pool, elapsed: &mut Duration) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(trial.calls.len());
    for call in &trial.calls {
        let result = call_once(trial, call, pool, elapsed).await;
        let broken =
            (result.as_ref()).is_err_and(|error| !error.fault.leaves_usable() || error.fault == Fault::Unrecorded);
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
