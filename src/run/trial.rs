//! Carries out one trial: its calls, its judgement, its retries. Knows nothing of other trials and prints nothing.

use std::time::Instant;

use super::calling::{CallTime, ask};
use super::judging::{Judged, Judging};
use super::pool::Pool;
use super::seen_responses::SeenResponses;
use super::{known, scenario};
use crate::backend::Fault;
use crate::backend::skip::{Skip, SkipCause};
use crate::metric_value::count;
use crate::outcome::record::CaseTimes;
use crate::outcome::{JudgedAttempt, Outcome, Verdict};
use crate::plan::{PlannedScenario, PlannedTrial};

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
    seen: &SeenResponses,
    (flaky, repeat): (Flaky, u32),
) -> Outcome {
    let mut outcome = run_once(trial, pool, judging, seen, flaky).await;
    for _ in 1..repeat {
        if outcome.verdict != Verdict::Pass {
            break;
        }
        let mut again = run_once(trial, pool, judging, seen, flaky).await;
        let passed = outcome.attempts;
        again.attempts += passed;
        again.times.add(&outcome.times);
        again.history.splice(0..0, outcome.history);
        if again.verdict == Verdict::Fail
            && let Some(finding) = again.findings.first_mut()
        {
            let times = count(passed as usize, "time");
            finding.details.push(format!("not repeatable: the same calls passed {times} before"));
        }
        outcome = again;
    }
    outcome
}

/// Runs a trial to its outcome, trying again where another attempt can say more.
async fn run_once(trial: &PlannedTrial, pool: &Pool, judging: &Judging, seen: &SeenResponses, flaky: Flaky) -> Outcome {
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
        responses: Vec::new(),
    };
    let mut crashed: Option<String> = None;
    loop {
        let attempt = match &trial.scenario {
            Some(planned) => attempt_scenario(trial, planned, pool, judging, seen).await,
            None => attempt(trial, pool, judging, Some(seen), crashed.as_deref()).await,
        };
        let attempt = match attempt {
            Ok(attempt) => attempt,
            // A retry that cannot be made leaves what was judged before.
            Err(Unplayable(_)) if outcome.attempts > 0 => break,
            Err(Unplayable(skip)) => return skipped(trial, &skip),
        };
        if outcome.attempts > 0 && attempt.is_inherited {
            // There is no instance any more to try again on: what is known already is the response.
            break;
        }
        outcome.attempts += 1;
        outcome.times.add(&attempt.times);
        outcome.responses.clone_from(&attempt.judged.responses);
        let verdict = Verdict::of(&attempt.judged.findings);
        outcome.history.push(JudgedAttempt { verdict, findings: attempt.judged.findings.clone() });
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
    Outcome { level: trial.level, skip_cause: skip.cause, ..Outcome::skipped(&trial.name, &skip.reason) }
}

/// What came of a case that passes now and did not before. Retries that were not requested do not make it a pass.
fn passed_again(outcome: &mut Outcome, judged: Judged, trial: &PlannedTrial, flaky: Flaky) {
    if let Some(listed) = known::flaky(trial, &outcome.findings, known::today()) {
        outcome.verdict = Verdict::Pass;
        outcome.findings = Vec::new();
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        let (name, reason, link) = (&trial.name, &listed.reason, &listed.link);
        outcome.notes.push(format!("{name} is listed as flaky: {reason}, see {link}"));
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

/// What came of one attempt.
pub(super) struct Attempt {
    pub(super) judged: Judged,
    times: CaseTimes,
    /// Every call has a response, or was refused as it must be: all that is wrong are values.
    is_answered: bool,
    /// The call that ended the instance.
    pub(super) crashed: Option<String>,
    /// An earlier case had left no instance to ask.
    pub(super) is_inherited: bool,
}

/// Makes the calls of a trial once and judges the responses, also by those that were `seen` before. `crashed` names the call that ended the instance before.
pub(super) async fn attempt(
    trial: &PlannedTrial,
    pool: &Pool,
    judging: &Judging,
    seen: Option<&SeenResponses>,
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
    let mut judged = judging.judge(trial, &responses);
    if let Some((seen, origin)) = seen.zip(judging.origin()) {
        seen.weigh(trial, origin, &responses, &mut judged);
    }
    Ok(Attempt { judged, times: spent.with_judging(begun.elapsed()), is_answered, crashed: ended, is_inherited })
}

/// Runs a scenario. Each of its responses is judged as if it were the only one.
async fn attempt_scenario(
    trial: &PlannedTrial,
    planned: &PlannedScenario,
    pool: &Pool,
    judging: &Judging,
    seen: &SeenResponses,
) -> Result<Attempt, Unplayable> {
    let ran = scenario::run(trial, planned, pool).await;
    if let (Some(skip), true) = (ran.skip, ran.findings.is_empty()) {
        return Err(Unplayable(skip));
    }
    let begun = Instant::now();
    let mut judged = Judged { findings: ran.findings, notes: ran.notes, ..Judged::default() };
    for response in &ran.responses {
        let one = judging.judge(trial, std::slice::from_ref(response));
        judged.findings.extend(one.findings);
        judged.notes.extend(one.notes);
        judged.measurements.extend(one.measurements);
        judged.unjudged.extend(one.unjudged);
        judged.plots.extend(one.plots);
    }
    if let Some(origin) = judging.origin() {
        seen.weigh(trial, origin, &ran.responses, &mut judged);
    }
    Ok(Attempt {
        judged,
        times: CallTime { calls: ran.elapsed, ..CallTime::default() }.with_judging(begun.elapsed()),
        is_answered: true,
        crashed: None,
        is_inherited: false,
    })
}

/// Turns a failure that the suite expects into one, and a pass that it does not into a failure.
fn expect_failure(trial: &PlannedTrial, outcome: &mut Outcome) {
    let Some(expected) = &trial.expected_failure else {
        return;
    };
    match outcome.verdict {
        Verdict::Fail => {
            let says_so = expected.message.as_ref().is_none_or(|message| {
                outcome.findings.iter().any(|finding| finding.to_string().contains(message.as_str()))
            });
            if says_so {
                outcome.verdict = Verdict::ExpectedFailure;
                outcome.reason = Some(expected.reason.clone());
            } else {
                let message = expected.message.as_deref().unwrap_or_default();
                outcome.reason =
                    Some(format!("expected to fail with {message:?} ({}); it failed otherwise", expected.reason));
            }
        }
        Verdict::Pass => {
            outcome.verdict = Verdict::UnexpectedPass;
            outcome.reason = Some(expected.reason.clone());
        }
        _ => {}
    }
}
