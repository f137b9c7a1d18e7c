//! Carries out one trial: its calls, its judgement, its retries. Knows nothing of other trials and prints nothing.

use std::time::{Duration, Instant};

use super::judging::{Judged, Judging};
use super::pool::{Condition, Pool};
use super::{known, scenario};
use crate::backend::skip::{Skip, SkipCause};
use crate::backend::{BackendError, Fault, Stage};
use crate::check::CallResult;
use crate::config::CallOrder;
use crate::metric_value::count;
use crate::outcome::record::CaseTimes;
use crate::outcome::{JudgedAttempt, Outcome, Verdict};
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

/// Runs a trial so often; the first outcome that is not a pass is that of the case, with every attempt before it.
pub(crate) async fn run_trial(
    trial: &PlannedTrial,
    pool: &Pool,
    judging: &Judging,
    flaky: Flaky,
    repeat: u32,
) -> Outcome {
    let mut outcome = run_once(trial, pool, judging, flaky).await;
    for _ in 1..repeat {
        if outcome.verdict != Verdict::Pass {
            break;
        }
        let mut again = run_once(trial, pool, judging, flaky).await;
        let passed = outcome.attempts;
        again.attempts += passed;
        again.times.add(&outcome.times);
        again.history.splice(0..0, outcome.history);
        if again.verdict == Verdict::Fail
            && let Some(finding) = again.findings.first_mut()
        {
            let times = count(passed as usize, "time");
            finding
                .details
                .push(format!("not repeatable: the same calls passed {times} before"));
        }
        outcome = again;
    }
    outcome
}

/// Runs a trial to its outcome, trying again where another attempt can say more.
async fn run_once(trial: &PlannedTrial, pool: &Pool, judging: &Judging, flaky: Flaky) -> Outcome {
    let mut outcome = Outcome {
        name: trial.name.clone(),
        level: trial.level,
        verdict: Verdict::Pass,
        skip_cause: SkipCause::NotRun,
        findings: Vec::new(),
        reason: None,
        notes: Vec::new(),
        measurements: Vec::new(),
        attempts: 0,
        history: Vec::new(),
        times: CaseTimes::default(),
        plots: Vec::new(),
    };
    let mut crashed: Option<String> = None;
    loop {
        let attempt = match trial.scenario {
            Some(planned) => attempt_scenario(trial, planned, pool, judging).await,
            None => attempt(trial, pool, judging, crashed.as_deref()).await,
        };
        let attempt = match attempt {
            Ok(attempt) => attempt,
            // A retry that cannot be made leaves what was judged before.
            Err(Unplayable(_)) if outcome.attempts > 0 => break,
            Err(Unplayable(skip)) => return skipped(trial, &skip),
        };
        if outcome.attempts > 0 && attempt.is_inherited {
            // There is no instance any more to try again on: what is known already is the answer.
            break;
        }
        outcome.attempts += 1;
        outcome.times.add(&attempt.times);
        let verdict = Verdict::of(&attempt.judged.findings);
        outcome.history.push(JudgedAttempt {
            verdict,
            findings: attempt.judged.findings.clone(),
        });
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
        outcome.plots = attempt.judged.plots;
        // One crash may be an accident of the platform: the same call on a fresh instance tells.
        let tells_more = attempt.crashed.is_some() && crashed.is_none();
        let is_flaky = outcome.attempts == 1 && known::flaky(trial, &outcome.findings, known::today()).is_some();
        let is_retried =
            is_flaky || outcome.attempts <= trial.retries && (verdict == Verdict::Error || !attempt.is_answered);
        if verdict == Verdict::Pass || attempt.is_inherited || !(tells_more || is_retried) {
            break;
        }
        tracing::info!(case = %trial.name, attempt = outcome.attempts, "tried again");
        crashed = attempt.crashed;
    }
    expect_failure(trial, &mut outcome);
    known::weigh(trial, &mut outcome, known::today());
    outcome
}

/// The outcome of a trial that is not run.
pub(super) fn skipped(trial: &PlannedTrial, skip: &Skip) -> Outcome {
    Outcome {
        level: trial.level,
        skip_cause: skip.cause,
        ..Outcome::skipped(&trial.name, &skip.reason)
    }
}

/// What came of a case that passes now and did not before. Retries that were not requested do not make it a pass.
fn passed_again(outcome: &mut Outcome, judged: Judged, trial: &PlannedTrial, flaky: Flaky) {
    if let Some(listed) = known::flaky(trial, &outcome.findings, known::today()) {
        outcome.verdict = Verdict::Pass;
        outcome.findings = Vec::new();
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        let (name, reason, link) = (&trial.name, &listed.reason, &listed.link);
        outcome
            .notes
            .push(format!("{name} is listed as flaky: {reason}, see {link}"));
        return;
    }
    let asked_for = outcome.attempts <= trial.retries.saturating_add(1);
    let accepted = outcome.verdict != Verdict::Fail || flaky == Flaky::Passes;
    if asked_for && accepted {
        outcome.verdict = Verdict::Pass;
        outcome.findings = Vec::new();
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        outcome.plots = judged.plots;
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
pub(super) struct Unplayable(Skip);

/// Where the time of the calls of one attempt went.
#[derive(Debug, Clone, Copy, Default)]
struct CallTime {
    wait: Duration,
    start: Duration,
    calls: Duration,
}

impl CallTime {
    fn with_judging(self, judging: Duration) -> CaseTimes {
        CaseTimes {
            wait: self.wait.as_secs_f64(),
            start: self.start.as_secs_f64(),
            calls: self.calls.as_secs_f64(),
            judge: judging.as_secs_f64(),
        }
    }
}

/// What came of one attempt.
pub(super) struct Attempt {
    pub(super) judged: Judged,
    times: CaseTimes,
    /// Every call has an answer, or was refused as it must be: all that is wrong are values.
    is_answered: bool,
    /// The call that ended the instance.
    pub(super) crashed: Option<String>,
    /// An earlier case had left no instance to ask.
    pub(super) is_inherited: bool,
}

/// Makes the calls of a trial once and judges the answers. `crashed` names the call that ended the instance before.
pub(super) async fn attempt(
    trial: &PlannedTrial,
    pool: &Pool,
    judging: &Judging,
    crashed: Option<&str>,
) -> Result<Attempt, Unplayable> {
    let mut spent = CallTime::default();
    let mut responses = ask(trial, pool, &mut spent).await;
    let errors = responses.iter().filter_map(|response| response.result.as_ref().err());
    if let Some(error) = errors.into_iter().find(|error| error.fault == Fault::Unrecorded) {
        return Err(Unplayable(Skip::not_run(&error.message)));
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
    let judged = tokio::task::block_in_place(|| judging.judge(trial, &responses));
    Ok(Attempt {
        judged,
        times: spent.with_judging(begun.elapsed()),
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
    if let (Some(skip), true) = (ran.skip, ran.findings.is_empty()) {
        return Err(Unplayable(skip));
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
        judged.plots.extend(one.plots);
    }
    Ok(Attempt {
        judged,
        times: CallTime {
            calls: ran.elapsed,
            ..CallTime::default()
        }
        .with_judging(begun.elapsed()),
        is_answered: true,
        crashed: None,
        is_inherited: false,
    })
}

/// Makes the calls of a case, as its order says.
async fn ask(trial: &PlannedTrial, pool: &Pool, spent: &mut CallTime) -> Vec<CallResult> {
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
    // They overlap: the longest of each is how long the case waited for it.
    for (_, own) in &answered {
        spent.wait = spent.wait.max(own.wait);
        spent.start = spent.start.max(own.start);
        spent.calls = spent.calls.max(own.calls);
    }
    answered.into_iter().map(|(response, _)| response).collect()
}

/// Makes the calls in order. A call that gets no answer at all ends the attempt: those after it would only wait in vain.
async fn ask_in_turn(trial: &PlannedTrial, pool: &Pool, spent: &mut CallTime) -> Vec<CallResult> {
    let mut responses = Vec::with_capacity(trial.calls.len());
    for call in &trial.calls {
        let result = call_once(trial, call, pool, spent).await;
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
    spent: &mut CallTime,
) -> Result<Prediction, BackendError> {
    let asked = Instant::now();
    let lease = pool.lease(call.instance).await;
    let begun = Instant::now();
    // A start that failed was its own, unless another case met the same failure before.
    if lease
        .as_ref()
        .map_or_else(|error| !error.inherited, |lease| lease.is_fresh)
    {
        spent.start += begun - asked;
    } else {
        spent.wait += begun - asked;
    }
    let lease = lease?;
    let left = trial.timeout.saturating_sub(spent.calls);
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
    spent.calls += begun.elapsed();
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
