//! Carries out one trial: its calls, its judgement, its retries. Knows nothing of other trials and prints nothing.

use std::time::{Duration, Instant};

use super::judging::{Judged, Judging};
use super::pool::{Condition, Pool};
use super::seen_answers::SeenAnswers;
use super::{scenario, upstream};
use crate::backend::{BackendError, Fault, Stage};
use crate::check::CallResult;
use crate::config::CallOrder;
use crate::outcome::{Outcome, Verdict};
use crate::plan::{PlannedCall, PlannedScenario, PlannedTrial};
use crate::prediction::Prediction;

/// Whether a case may pass that the backend failed before it was tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaky {
    /// It fails.
    #[default]
    Fails,
    /// It passes, and is reported as flaky.
    Passes,
}

/// Runs a trial to its outcome, trying again where another attempt can say more.
pub(crate) async fn run_trial(
    trial: &PlannedTrial,
    pool: &Pool,
    judging: &Judging,
    seen: &SeenAnswers,
    flaky: Flaky,
) -> Outcome {
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
    let mut crashed: Option<String> = None;
    loop {
        let attempt = match trial.scenario {
            Some(planned) => attempt_scenario(trial, planned, pool, judging).await,
            None => attempt(trial, pool, judging, Some(seen), crashed.as_deref()).await,
        };
        let attempt = match attempt {
            Ok(attempt) => attempt,
            // A retry that cannot be made leaves what was judged before.
            Err(Unplayable(_)) if outcome.attempts > 0 => break,
            Err(Unplayable(reason)) => return Outcome::skipped(&trial.name, reason),
        };
        if outcome.attempts > 0 && attempt.is_inherited {
            // There is no instance any more to try again on: what is known already is the answer.
            break;
        }
        outcome.attempts += 1;
        outcome.elapsed += attempt.elapsed;
        let verdict = Verdict::of(&attempt.judged.findings);
        if verdict == Verdict::Pass && !attempt.judged.unjudged.is_empty() {
            // Nothing judged is no pass.
            outcome.verdict = Verdict::Skip;
            outcome.reason = Some(format!("not judged: {}", attempt.judged.unjudged.join("; ")));
            outcome.findings = Vec::new();
            break;
        }
        if verdict == Verdict::Pass && outcome.attempts > 1 {
            passed_again(&mut outcome, attempt.judged, trial, flaky);
            break;
        }
        outcome.verdict = verdict;
        outcome.findings = attempt.judged.findings;
        outcome.notes = attempt.judged.notes;
        outcome.measurements = attempt.judged.measurements;
        // One crash may be an accident of the platform: the same call on a fresh instance tells.
        let tells_more = attempt.crashed.is_some() && crashed.is_none();
        let is_retried = outcome.attempts <= trial.retries && (verdict == Verdict::Error || !attempt.is_answered);
        if verdict == Verdict::Pass || attempt.is_inherited || !(tells_more || is_retried) {
            break;
        }
        crashed = attempt.crashed;
    }
    expect_failure(trial, &mut outcome);
    upstream::weigh(trial, &mut outcome, upstream::today());
    outcome
}

/// What came of a case that passes now and did not before. Retries that were not requested do not make it a pass.
fn passed_again(outcome: &mut Outcome, judged: Judged, trial: &PlannedTrial, flaky: Flaky) {
    let asked_for = outcome.attempts <= trial.retries.saturating_add(1);
    let accepted = outcome.verdict != Verdict::Fail || flaky == Flaky::Passes;
    if asked_for && accepted {
        outcome.verdict = Verdict::Pass;
        outcome.findings = Vec::new();
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        return;
    }
    let attempt = outcome.attempts;
    let again = if asked_for {
        format!("not repeatable: attempt {attempt} of the same calls passed; `--allow-flaky` accepts that")
    } else {
        format!("asked again on a fresh instance, attempt {attempt} passed; `--retries 1` accepts that")
    };
    if let Some(finding) = outcome.findings.last_mut() {
        finding.details.push(again);
    }
}

/// Why a scenario could not run, or that a call cannot be answered for want of a recorded response.
pub(super) struct Unplayable(String);

/// What came of one attempt.
pub(super) struct Attempt {
    pub(super) judged: Judged,
    elapsed: Duration,
    /// Every call has an answer, or was refused as it must be: all that is wrong are values.
    is_answered: bool,
    /// The call that ended the instance.
    pub(super) crashed: Option<String>,
    /// An earlier case had left no instance to ask.
    pub(super) is_inherited: bool,
}

/// Makes the calls of a trial once and judges the answers, also by those that were `seen` before. `crashed` names the call that ended the instance before.
pub(super) async fn attempt(
    trial: &PlannedTrial,
    pool: &Pool,
    judging: &Judging,
    seen: Option<&SeenAnswers>,
    crashed: Option<&str>,
) -> Result<Attempt, Unplayable> {
    let mut elapsed = Duration::ZERO;
    let mut responses = ask(trial, pool, &mut elapsed).await;
    let errors = responses.iter().filter_map(|response| response.result.as_ref().err());
    if let Some(error) = errors.into_iter().find(|error| error.fault == Fault::Unrecorded) {
        return Err(Unplayable(error.message.clone()));
    }
    let last = responses.last_mut().and_then(|response| {
        let call = response.call.clone();
        Some((call, response.result.as_mut().err()?))
    });
    let mut ended = None;
    let mut is_inherited = false;
    if let Some((call, error)) = last {
        is_inherited = error.inherited;
        if error.is_crash() {
            if crashed == Some(call.as_str()) {
                *error = error.clone().crashed_again();
            }
            ended = Some(call);
        }
    }
    let is_answered = responses.iter().all(|response| {
        let expected = || trial.checks.iter().any(|check| check.expects_error(&response.call));
        response.result.is_ok() || expected()
    });
    let begun = Instant::now();
    // Judging is arithmetic over whole arrays: it must not hold up the tasks that wait for a server.
    let judged = tokio::task::block_in_place(|| {
        let mut judged = judging.judge(trial, &responses);
        if let Some((seen, origin)) = seen.zip(judging.origin()) {
            seen.weigh(trial, origin, &responses, &mut judged);
        }
        judged
    });
    Ok(Attempt {
        judged,
        elapsed: elapsed + begun.elapsed(),
        is_answered,
        crashed: ended,
        is_inherited,
    })
}

/// Runs a scenario. Each of its answers is judged as if it were the only one.
async fn attempt_scenario(
    trial: &PlannedTrial,
    planned: PlannedScenario,
    pool: &Pool,
    judging: &Judging,
) -> Result<Attempt, Unplayable> {
    let ran = scenario::run(trial, planned, pool).await;
    if let (Some(reason), true) = (ran.skip, ran.findings.is_empty()) {
        return Err(Unplayable(reason));
    }
    let begun = Instant::now();
    let mut judged = Judged {
        findings: ran.findings,
        ..Judged::default()
    };
    for response in &ran.responses {
        let one = tokio::task::block_in_place(|| judging.judge(trial, std::slice::from_ref(response)));
        judged.findings.extend(one.findings);
        judged.notes.extend(one.notes);
        judged.measurements.extend(one.measurements);
        judged.unjudged.extend(one.unjudged);
    }
    Ok(Attempt {
        judged,
        elapsed: ran.elapsed + begun.elapsed(),
        is_answered: true,
        crashed: None,
        is_inherited: false,
    })
}

/// Makes the calls of a case, as its order says.
async fn ask(trial: &PlannedTrial, pool: &Pool, elapsed: &mut Duration) -> Vec<CallResult> {
    match trial.order {
        CallOrder::InTurn => ask_in_turn(trial, pool, elapsed).await,
        CallOrder::AtOnce => ask_at_once(trial, pool, elapsed).await,
    }
}

/// Makes all calls at the same time.
async fn ask_at_once(trial: &PlannedTrial, pool: &Pool, elapsed: &mut Duration) -> Vec<CallResult> {
    let calls = trial.calls.iter().map(|call| async move {
        let mut own = Duration::ZERO;
        let result = call_once(trial, call, pool, &mut own).await;
        (response_to(call, result), own)
    });
    let answered = futures_util::future::join_all(calls).await;
    *elapsed += answered.iter().map(|(_, own)| *own).max().unwrap_or_default();
    answered.into_iter().map(|(response, _)| response).collect()
}

/// Makes the calls in order. A call that gets no answer at all ends the attempt: those after it would only wait in vain.
async fn ask_in_turn(trial: &PlannedTrial, pool: &Pool, elapsed: &mut Duration) -> Vec<CallResult> {
    let mut responses = Vec::with_capacity(trial.calls.len());
    for call in &trial.calls {
        let result = call_once(trial, call, pool, elapsed).await;
        let broken =
            (result.as_ref()).is_err_and(|error| !error.fault.leaves_usable() || error.fault == Fault::Unrecorded);
        responses.push(response_to(call, result));
        if broken {
            break;
        }
    }
    responses
}

fn response_to(call: &PlannedCall, result: Result<Prediction, BackendError>) -> CallResult {
    CallResult {
        call: call.name.to_string(),
        request: call.request.clone(),
        config: call.config.clone(),
        result,
    }
}

async fn call_once(
    trial: &PlannedTrial,
    call: &PlannedCall,
    pool: &Pool,
    elapsed: &mut Duration,
) -> Result<Prediction, BackendError> {
    let lease = pool.lease(call.instance).await?;
    let begun = Instant::now();
    let left = trial.timeout.saturating_sub(*elapsed);
    let answered = tokio::time::timeout(left, lease.instance.predict(&call.request)).await;
    let result = if let Ok(result) = answered {
        result
    } else {
        let (name, limit) = (&call.name, trial.timeout.as_secs_f64());
        let message = format!(
            "no response to call `{name}` within the case's {limit} s\n\
             `--timeout`, `timeout` of the case or suite, or `case_timeout` of the backend allow more"
        );
        Err(BackendError::new(Stage::Call, Fault::TooSlow, message).with_log(lease.instance.log_tail().await))
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
                outcome.reason = Some(expected.reason.clone());
            } else {
                let message = expected.message.as_deref().unwrap_or_default();
                outcome.reason = Some(format!(
                    "expected to fail with {message:?} ({}); it failed otherwise",
                    expected.reason
                ));
            }
        }
        Verdict::Pass => {
            outcome.verdict = Verdict::UnexpectedPass;
            outcome.reason = Some(expected.reason.clone());
        }
        _ => {}
    }
}
