//! Runs one trial: its calls, its judgement, its retries. Does not know other trials and does not print.

use std::sync::Arc;
use std::time::Instant;

use super::calling::{CallTime, ask};
use super::judging::{Judged, Judging};
use super::pool::Pool;
use super::seen_responses::SeenResponses;
use super::{known, scenario};
use crate::backend::skip::Skip;
use crate::backend::{Fault, Responsible};
use crate::check::CallResult;
use crate::metric_value::count;
use crate::outcome::record::CaseTimes;
use crate::outcome::{JudgedAttempt, Outcome, Verdict};
use crate::plan::{PlannedScenario, PlannedTrial};
use crate::prediction::known::KnownDefect;

/// Whether a case may pass in a retry after the backend failed it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flaky {
    /// It fails.
    #[default]
    Fails,
    /// It passes, and is reported as flaky.
    Passes,
}

/// Runs a trial `repeat` times. The first outcome that is not a pass is the outcome of the case, with all attempts before it.
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
        let passed = outcome.history.iter().filter(|attempt| attempt.verdict == Verdict::Pass).count();
        again.attempts += outcome.attempts;
        again.times.add(&outcome.times);
        again.history.splice(0..0, outcome.history);
        if again.verdict == Verdict::Fail {
            let times = count(passed, "time");
            advise(&mut again, &format!("not repeatable: the same calls passed {times} before"));
        }
        outcome = again;
    }
    outcome
}

/// Runs a trial to its outcome, with another attempt where it can show more.
async fn run_once(trial: &PlannedTrial, pool: &Pool, judging: &Judging, seen: &SeenResponses, flaky: Flaky) -> Outcome {
    // Every attempt adds to the history and the times. It replaces the verdict, unless it is an error after a failure.
    let mut outcome = Outcome { verdict: Verdict::Pass, reason: None, ..skipped(trial, &Skip::not_run("")) };
    let mut crashed: Option<String> = None;
    loop {
        let attempt = match &trial.scenario {
            Some(planned) => attempt_scenario(trial, planned, pool, judging, seen).await,
            None => attempt(trial, pool, judging, Some(seen), crashed.as_deref()).await,
        };
        let attempt = match attempt {
            Ok(attempt) => attempt,
            // A retry that cannot be made leaves the earlier judgement.
            Err(_) if outcome.attempts > 0 => break,
            Err(skip) => return skipped(trial, &skip),
        };
        if outcome.attempts > 0 && attempt.is_inherited {
            // No instance is left for a retry, so that the earlier judgement stays.
            break;
        }
        outcome.attempts += 1;
        outcome.times.add(&attempt.times);
        outcome.responses.clone_from(&attempt.judged.responses);
        let verdict = Verdict::of(&attempt.judged.findings);
        outcome.history.push(JudgedAttempt { verdict, findings: attempt.judged.findings.clone() });
        if verdict == Verdict::Pass && !attempt.judged.unjudged.is_empty() {
            let unjudged = attempt.judged.unjudged.join("; ");
            let has_recovered = outcome.verdict == Verdict::Error && is_asked_for(&outcome, trial);
            if outcome.attempts == 1 || has_recovered {
                // Without any judgement it is not a pass.
                outcome.verdict = Verdict::Skip;
                outcome.reason = Some(format!("not judged: {unjudged}"));
                outcome.findings = Vec::new();
            } else {
                // Nor does it take back a failure of the backend.
                let line = format!("asked again, attempt {} was not judged: {unjudged}", outcome.attempts);
                advise(&mut outcome, &line);
            }
            break;
        }
        if verdict == Verdict::Pass && outcome.attempts > 1 {
            passed_again(&mut outcome, attempt.judged, trial, flaky);
            break;
        }
        // One crash may be an accident of the platform. The same call on a fresh instance shows whether it is.
        let tells_more = attempt.crashed.is_some() && crashed.is_none();
        // Another attempt finds the same configuration and the same recorded results.
        let has_platform_failed = verdict == Verdict::Error
            && attempt.judged.findings.iter().any(|finding| finding.responsible == Responsible::Platform);
        let error = attempt.judged.findings.first().filter(|_| verdict == Verdict::Error);
        if let (Verdict::Fail, Some(error)) = (outcome.verdict, error) {
            // What ends a later attempt says nothing about the failure. The line quotes no message: an entry of a known failure
            // could take it for the failure itself.
            let line =
                format!("asked again, attempt {} ended in an error of the {}", outcome.attempts, error.responsible);
            advise(&mut outcome, &line);
        } else {
            outcome.verdict = verdict;
            outcome.findings = attempt.judged.findings;
            outcome.notes = attempt.judged.notes;
            outcome.measurements = attempt.judged.measurements;
            outcome.plots = attempt.judged.plots;
        }
        let is_flaky = outcome.attempts == 1 && known::flaky(trial, &outcome.findings, known::today()).is_some();
        let is_retried = is_flaky || outcome.attempts <= trial.retries && (has_platform_failed || !attempt.is_answered);
        if verdict == Verdict::Pass || attempt.is_inherited || !(tells_more || is_retried) {
            break;
        }
        tracing::info!(case = %trial.name, attempt = outcome.attempts, "tried again");
        crashed = attempt.crashed;
    }
    // Where no check judges, a pass says nothing about a failure that is expected or known.
    if outcome.verdict != Verdict::Pass || judging.origin().is_some() {
        expect_failure(trial, &mut outcome);
        known::weigh(trial, &mut outcome, known::today());
    }
    outcome
}

/// The outcome of a trial that is not run.
pub(super) fn skipped(trial: &PlannedTrial, skip: &Skip) -> Outcome {
    Outcome { level: trial.level, skip_cause: skip.cause, ..Outcome::skipped(&trial.name, &skip.reason) }
}

/// Completes the outcome of a case that passes in a retry. Retries that were not requested make it a pass only if every earlier attempt
/// is listed as flaky.
fn passed_again(outcome: &mut Outcome, judged: Judged, trial: &PlannedTrial, flaky: Flaky) {
    let today = known::today();
    let mut listed: Vec<&Arc<KnownDefect>> = Vec::new();
    let mut unlisted: Vec<Verdict> = Vec::new();
    for earlier in outcome.history.iter().filter(|attempt| attempt.verdict != Verdict::Pass) {
        match known::flaky(trial, &earlier.findings, today) {
            Some(known) if listed.iter().any(|other| Arc::ptr_eq(other, known)) => {}
            Some(known) => listed.push(known),
            None => unlisted.push(earlier.verdict),
        }
    }
    let asked_for = is_asked_for(outcome, trial);
    let has_failed = unlisted.contains(&Verdict::Fail);
    if unlisted.is_empty() || asked_for && (!has_failed || flaky == Flaky::Passes) {
        outcome.verdict = Verdict::Pass;
        outcome.findings = Vec::new();
        outcome.notes = judged.notes;
        outcome.measurements = judged.measurements;
        outcome.plots = judged.plots;
        for known in listed {
            let (name, reason, link) = (&trial.name, &known.reason, &known.link);
            outcome.notes.push(format!("{name} is listed as flaky: {reason}, see {link}"));
        }
        return;
    }
    let attempt = outcome.attempts;
    let again = if asked_for {
        // The findings that are shown may be those that are listed.
        let others = if listed.is_empty() { "" } else { ", but not every failure before is listed as flaky" };
        format!("not repeatable: attempt {attempt} of the same calls passed{others}; `--allow-flaky` accepts that")
    } else {
        let (retries, allowed) = (attempt - 1, if has_failed { " --allow-flaky" } else { "" });
        format!(
            "asked again on a fresh instance, attempt {attempt} passed; `--retries {retries}{allowed}` accepts that"
        )
    };
    advise(outcome, &again);
}

/// Whether the suite, the backend or the user wants as many attempts.
const fn is_asked_for(outcome: &Outcome, trial: &PlannedTrial) -> bool {
    outcome.attempts <= trial.retries.saturating_add(1)
}

/// Adds a line to the last finding, also to that of the deciding attempt, of which reports are made.
fn advise(outcome: &mut Outcome, line: &str) {
    let decided = outcome.history.iter_mut().rfind(|attempt| attempt.verdict == outcome.verdict);
    let copies = [Some(&mut outcome.findings), decided.map(|attempt| &mut attempt.findings)];
    for finding in copies.into_iter().flatten().filter_map(|findings| findings.last_mut()) {
        finding.details.push(line.to_owned());
    }
}

/// The result of one attempt.
pub(super) struct Attempt {
    pub(super) judged: Judged,
    times: CaseTimes,
    /// Every call has a response, or was refused as expected, so that only values can be wrong.
    is_answered: bool,
    /// The call that ended the instance.
    pub(super) crashed: Option<String>,
    /// An earlier case left no instance to call.
    pub(super) is_inherited: bool,
}

/// Makes the calls of a trial once and judges the responses, also by those that were `seen` before. `crashed` names the call that ended
/// the instance in the attempt before. Returns the skip if no response is recorded for a call.
pub(super) async fn attempt(
    trial: &PlannedTrial,
    pool: &Pool,
    judging: &Judging,
    seen: Option<&SeenResponses>,
    crashed: Option<&str>,
) -> Result<Attempt, Skip> {
    let mut spent = CallTime::default();
    let mut responses = ask(trial, pool, &mut spent).await;
    let mut errors = responses.iter().filter_map(|response| response.result.as_ref().err());
    if let Some(error) = errors.find(|error| error.fault == Fault::Unrecorded) {
        return Err(Skip::not_run(&error.message));
    }
    let (mut ended, mut is_inherited) = (None, false);
    if let Some(CallResult { call, result: Err(error), .. }) = responses.last_mut() {
        is_inherited = error.inherited;
        if error.is_crash() {
            if crashed == Some(call.as_str()) {
                *error = error.clone().crashed_again();
            }
            ended = Some(call.clone());
        }
    }
    let expects_error = |call: &str| trial.checks.iter().any(|check| check.expects_error(call));
    let is_answered = responses.iter().all(|response| response.result.is_ok() || expects_error(&response.call));
    let begun = Instant::now();
    let mut judged = judging.judge(trial, &responses);
    if let Some((seen, origin)) = seen.zip(judging.origin()) {
        seen.weigh(trial, origin, &responses, &mut judged);
    }
    Ok(Attempt { judged, times: spent.with_judging(begun.elapsed()), is_answered, crashed: ended, is_inherited })
}

/// Runs a scenario, and judges each of its responses as if it were the only one. Returns the skip if the scenario could not run.
async fn attempt_scenario(
    trial: &PlannedTrial,
    planned: &PlannedScenario,
    pool: &Pool,
    judging: &Judging,
    seen: &SeenResponses,
) -> Result<Attempt, Skip> {
    let ran = scenario::run(trial, planned, pool).await;
    if let (Some(skip), true) = (ran.skip, ran.findings.is_empty()) {
        return Err(skip);
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

/// Applies the suite's expectation of a failure: a matching failure is expected, and a pass is not.
fn expect_failure(trial: &PlannedTrial, outcome: &mut Outcome) {
    let Some(expected) = &trial.expected_failure else { return };
    match outcome.verdict {
        Verdict::Fail => {
            let has = |message: &str| outcome.findings.iter().any(|finding| finding.to_string().contains(message));
            outcome.reason = Some(match expected.message.as_deref().filter(|message| !has(message)) {
                None => {
                    outcome.verdict = Verdict::ExpectedFailure;
                    expected.reason.clone()
                }
                Some(message) => {
                    format!("expected to fail with {message:?} ({}); it failed otherwise", expected.reason)
                }
            });
        }
        Verdict::Pass => {
            outcome.verdict = Verdict::UnexpectedPass;
            outcome.reason = Some(expected.reason.clone());
        }
        _ => {}
    }
}
