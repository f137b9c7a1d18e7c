//! What another attempt changes, and what is said about it.

use super::*;
use crate::prediction::known::{KnownCourse, KnownDefect, KnownOrigin, days};

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_when_tried_again_is_flaky() {
    let outcome = one_that(Flaky::Passes, "flaky", |trial| trial.retries = 2).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Pass, 2));
    assert!(outcome.is_flaky());
    let strict = one("flaky", |trial| trial.retries = 2).await;
    assert_eq!((strict.verdict, strict.attempts), (Verdict::Fail, 2));
    insta::assert_snapshot!(strict.findings[0], @"
    response [call]: call failed: not today
      fault: refused
      not repeatable: attempt 2 of the same calls passed; `--allow-flaky` accepts that
    ");
    assert_eq!(strict.history[0].findings, strict.findings, "reports are made of the attempts");
}

/// An entry that lists a case as flaky.
fn listed(message: &[&str], expires: &str) -> Arc<KnownDefect> {
    Arc::new(KnownDefect {
        origin: KnownOrigin::Site,
        course: KnownCourse::Flaky,
        case: "model::suite::*".into(),
        messages: message.iter().map(|text| (*text).to_owned()).collect(),
        models: None,
        through: None,
        boileroom: None,
        reason: "the queue drops calls".into(),
        link: "T-1".into(),
        expires: days(expires).unwrap(),
        expires_text: expires.into(),
        place: "known_failures.toml:1:1".into(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_is_listed_as_flaky_passes_when_tried_again() {
    for (known, verdict, attempts) in [
        (listed(&[], "2999-01-01"), Verdict::Pass, 2),
        (listed(&["not today"], "2999-01-01"), Verdict::Pass, 2),
        (listed(&["never"], "2999-01-01"), Verdict::Fail, 1),
        (listed(&[], "2000-01-01"), Verdict::Fail, 1),
    ] {
        let outcome = one("flaky", |trial| trial.known = vec![Arc::clone(&known)]).await;
        assert_eq!((outcome.verdict, outcome.attempts), (verdict, attempts), "{known:?}");
        let notes = outcome.notes.join("");
        assert_eq!(notes.contains("is listed as flaky: the queue drops calls, see T-1"), attempts == 2);
    }
    let known = listed(&[], "2999-01-01");
    let wrong = one("wrong", |trial| trial.known = vec![Arc::clone(&known)]).await;
    assert_eq!((wrong.verdict, wrong.attempts), (Verdict::Fail, 2), "it never passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_listed_failure_does_not_excuse_another() {
    let with = |message: &'static [&'static str]| {
        move |trial: &mut PlannedTrial| {
            trial.retries = 2;
            trial.known = vec![listed(message, "2999-01-01")];
        }
    };
    // Attempt 1 fails with "no", attempt 2 with "not today".
    let outcome = one("refuse flaky", with(&["not today"])).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Fail, 3));
    insta::assert_snapshot!(outcome.findings[0], @"
    response [call]: call failed: not today
      fault: refused
      not repeatable: attempt 3 of the same calls passed, but not every failure before is listed as flaky; `--allow-flaky` accepts that
    ");
    let accepted = one_that(Flaky::Passes, "refuse flaky", with(&["not today"])).await;
    assert_eq!((accepted.verdict, accepted.attempts), (Verdict::Pass, 3));
    let both = one("refuse flaky", with(&["no"])).await;
    assert_eq!((both.verdict, both.attempts, both.notes.len()), (Verdict::Pass, 3, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_between_two_attempts_takes_back_no_failure() {
    let twice = |trial: &mut PlannedTrial| trial.retries = 2;
    let strict = one("refuse unreachable fine", twice).await;
    assert_eq!((strict.verdict, strict.attempts), (Verdict::Fail, 3));
    insta::assert_snapshot!(strict.explain(""), @"
    fail: the backend is wrong, in 1 of 3 attempts

    response [call]: call failed: no
      fault: refused
      asked again, attempt 2 ended in an error of the platform
      not repeatable: attempt 3 of the same calls passed; `--allow-flaky` accepts that
    ");
    assert_eq!(strict.history[0].findings, strict.findings, "reports are made of the attempts");
    assert_eq!(strict.history[1].findings[0].details, ["fault: unreachable"]);
    let accepted = one_that(Flaky::Passes, "refuse unreachable fine", twice).await;
    assert_eq!((accepted.verdict, accepted.attempts), (Verdict::Pass, 3));
    let ended = one("refuse unreachable", |trial| trial.retries = 1).await;
    assert_eq!((ended.verdict, ended.attempts, ended.findings.len()), (Verdict::Fail, 2, 1));
    let unjudged = one("refuse unreachable fine", |trial| {
        twice(trial);
        trial.checks = Arc::new([Opinion::Unjudged.check()]);
    });
    let unjudged = unjudged.await;
    assert_eq!((unjudged.verdict, unjudged.attempts, unjudged.reason), (Verdict::Fail, 3, None));
    // An entry for the error does not explain the failure.
    let known = one("refuse unreachable", |trial| {
        trial.retries = 1;
        let defect = KnownDefect::clone(&listed(&["connection refused"], "2999-01-01"));
        trial.known = vec![Arc::new(KnownDefect { course: KnownCourse::Always, ..defect })];
    });
    assert_eq!(known.await.verdict, Verdict::Fail);
}

/// Makes the call twice, so that the first can fail and the second can crash.
fn called_twice(trial: &mut PlannedTrial) {
    let again = PlannedCall { name: "again".into(), ..trial.calls[0].clone() };
    trial.calls.push(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_shows_when_made_again_takes_back_no_failure() {
    let ended = one("refuse die unreachable", called_twice).await;
    assert_eq!((ended.verdict, ended.attempts, ended.findings.len()), (Verdict::Fail, 2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn advice_names_every_option_that_a_later_pass_takes() {
    let passed = one("refuse die fine", called_twice).await;
    assert_eq!((passed.verdict, passed.attempts), (Verdict::Fail, 2));
    insta::assert_snapshot!(passed.findings[1], @"
    response [again]: call failed: the server exited with status 7
      fault: died
      asked again on a fresh instance, attempt 2 passed; `--retries 1 --allow-flaky` accepts that
      log: last line
    ");
    let third = one("refuse die fine", |trial| trial.retries = 1).await;
    assert_eq!((third.verdict, third.attempts), (Verdict::Fail, 3));
    insta::assert_snapshot!(third.findings[0], @"
    response [call]: call failed: no
      fault: refused
      asked again, attempt 2 ended in an error of the platform
      asked again on a fresh instance, attempt 3 passed; `--retries 2 --allow-flaky` accepts that
    ");
    for (flaky, verdict) in [(Flaky::Fails, Verdict::Fail), (Flaky::Passes, Verdict::Pass)] {
        let both = one_that(flaky, "refuse die fine", |trial| {
            called_twice(trial);
            trial.retries = 1;
        });
        let third = one_that(flaky, "refuse die fine", |trial| trial.retries = 2);
        assert_eq!((both.await.verdict, third.await.verdict), (verdict, verdict), "the options accept it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_values_are_never_retried_away() {
    let outcome = one_that(Flaky::Passes, "wrong", |trial| trial.retries = 5).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Fail, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_platform_failed_is_tried_again() {
    let unrecorded = one("unrecorded", |trial| trial.retries = 5).await;
    assert_eq!((unrecorded.verdict, unrecorded.attempts), (Verdict::Error, 1), "it was answered");
    let killed = one("killed", |trial| trial.retries = 1).await;
    assert_eq!((killed.verdict, killed.attempts), (Verdict::Error, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_judges_nothing_takes_back_no_failure() {
    let unjudged = |trial: &mut PlannedTrial| trial.checks = Arc::new([Opinion::Unjudged.check()]);
    let first = one("fine", unjudged).await;
    assert_eq!((first.verdict, first.reason.as_deref()), (Verdict::Skip, Some("not judged: range [call]: no samples")));
    let outcome = one("die", unjudged).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Error, 2));
    insta::assert_snapshot!(outcome.findings[0], @"
    response [call]: call failed: the server exited with status 7
      fault: died
      asked again, attempt 2 was not judged: range [call]: no samples
      log: last line
    ");
    let recovered = one_that(Flaky::Fails, "die", |trial| {
        unjudged(trial);
        trial.retries = 1;
    });
    let recovered = recovered.await;
    assert_eq!((recovered.verdict, recovered.attempts, recovered.findings.len()), (Verdict::Skip, 2, 0));
    let refused = one_that(Flaky::Passes, "flaky", |trial| {
        unjudged(trial);
        trial.retries = 1;
    });
    let refused = refused.await;
    assert_eq!((refused.verdict, refused.attempts, refused.findings.len()), (Verdict::Fail, 2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_fails_after_it_passed_is_reported_as_not_repeatable() {
    let settings = RunSettings { repeat: 3, ..RunSettings::default() };
    let plan = plan(&["late"], |trial| trial.checks = Arc::new([Opinion::WrongAfter(2.into()).check()]));
    let (mut outcomes, _) = carry_out_with(judging(), plan, settings, |_| {}).await;
    let outcome = outcomes.remove(0).unwrap();
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Fail, 3));
    insta::assert_snapshot!(outcome.findings[0], @"
    range [call]: plddt is 1.2
      not repeatable: the same calls passed 2 times before
    ");
    assert_eq!(outcome.history[2].findings, outcome.findings, "reports are made of the attempts");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_attempts_that_passed_are_counted_as_passed() {
    let settings = RunSettings { repeat: 2, flaky: Flaky::Passes, ..RunSettings::default() };
    let plan = plan(&["refuse fine refuse"], |trial| trial.retries = 1);
    let (mut outcomes, _) = carry_out_with(judging(), plan, settings, |_| {}).await;
    let outcome = outcomes.remove(0).unwrap();
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Fail, 4));
    insta::assert_snapshot!(outcome.explain(""), @"
    fail: the backend is wrong, in 3 of 4 attempts

    response [call]: call failed: no
      fault: refused
      not repeatable: the same calls passed 1 time before
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_crashes_twice_is_the_backends_fault() {
    let outcome = one("crash", |_| {}).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Fail, 2));
    insta::assert_snapshot!(outcome.findings[0], @"
    response [call]: call failed: the server exited with status 7; the same call did so again on a fresh instance
      fault: crashed
      log: last line
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_crash_is_not_laid_on_the_backend_and_is_no_pass_either() {
    let outcome = one("die", |_| {}).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Error, 2));
    insta::assert_snapshot!(outcome.findings[0], @"
    response [call]: call failed: the server exited with status 7
      fault: died
      asked again on a fresh instance, attempt 2 passed; `--retries 1` accepts that
      log: last line
    ");
    assert_eq!(outcome.history[0].findings, outcome.findings, "reports are made of the attempts");
    let retried = one("die", |trial| trial.retries = 1).await;
    assert_eq!((retried.verdict, retried.attempts), (Verdict::Pass, 2));
    let killed = one("killed", |_| {}).await;
    assert_eq!((killed.verdict, killed.attempts), (Verdict::Error, 1), "it was killed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_died_three_times_is_not_asked_again() {
    let (outcomes, running) = carry_out(plan(&["crash", "crash", "fine"], |_| {}), Flaky::Fails, |_| {}).await;
    let reported: Vec<String> = outcomes.iter().flatten().map(|outcome| outcome.findings[0].summary.clone()).collect();
    insta::assert_snapshot!(reported[0], @"call failed: the server exited with status 7; the same call did so again on a fresh instance");
    insta::assert_snapshot!(reported[2], @"not asked: scripted died 3 times, last: the server exited with status 7");
    assert_eq!(running, 0);
}
