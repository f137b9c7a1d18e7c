//! The working side of a run against scripted backends: deadlines, retries, expectations, panics and early ends.

mod retries;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::backend::{Backend, BackendError, Fault, Instance, Stage, Work as BackendWork};
use crate::check::{Calls, CaseResults, Check, CheckRule};
use crate::config::{CallOrder, Config, ExpectedFailure, Level};
use crate::plan::{CaseStatement, PlannedCall, PlannedInstance, PlannedTrial};
use crate::prediction::{Input, Method, Options, Prediction, Request};
use crate::snapshot::{Recording, Store};

/// What a scripted backend does with a call, by what it is asked.
struct ScriptedCalls {
    running: Arc<AtomicUsize>,
    flaky: Arc<Mutex<VecDeque<BackendError>>>,
    /// What ends it once.
    ends: Arc<Mutex<VecDeque<BackendError>>>,
    /// The number of calls so far.
    asked: Arc<AtomicUsize>,
    up: bool,
}

/// An end of the process in the middle of a call.
fn died() -> BackendError {
    BackendError::new(Stage::Call, Fault::Died, "the server exited with status 7")
}

impl Backend for ScriptedCalls {
    fn startup(&mut self) -> BackendWork<'_, ()> {
        Box::pin(async {
            self.up = true;
            self.running.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
    }

    fn shutdown(&mut self) -> BackendWork<'_, ()> {
        Box::pin(async {
            if std::mem::take(&mut self.up) {
                self.running.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(())
        })
    }

    fn predict<'a>(&'a self, request: &'a Request) -> BackendWork<'a, Prediction> {
        Box::pin(async move {
            // The words of an input are for one call after the other, also on other instances. The last one is for the rest.
            let input = request.input.strings().first().cloned().unwrap_or_default();
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            match input.split(' ').nth(asked).or_else(|| input.rsplit(' ').next()) {
                Some("hang") => std::future::pending().await,
                Some("refuse") => Err(BackendError::new(Stage::Call, Fault::Refused, "no")),
                Some("unreachable") => Err(BackendError::new(Stage::Call, Fault::Unreachable, "connection refused")),
                Some("flaky") => match self.flaky.lock().unwrap().pop_front() {
                    Some(error) => Err(error),
                    None => Ok(response()),
                },
                Some("crash") => Err(died()),
                Some("killed") => Err(BackendError { from_outside: true, ..died() }),
                Some("die") => match self.ends.lock().unwrap().pop_front() {
                    Some(error) => Err(error),
                    None => Ok(response()),
                },
                _ => Ok(response()),
            }
        })
    }

    fn log_tail(&self) -> Vec<String> {
        vec!["last line".into()]
    }
}

fn response() -> Prediction {
    Prediction { class: "C".into(), fields: Vec::new() }
}

/// A plan of one trial per input, all on one instance.
fn plan(inputs: &[&str], change: impl Fn(&mut PlannedTrial)) -> Plan {
    let contract = Arc::clone(&Config::built_in().unwrap().models[0]);
    let trials = inputs.iter().map(|input| {
        let call = PlannedCall {
            name: "call".into(),
            instance: 0,
            variant: None,
            config: Options::new(),
            request: Request { method: Method::Fold, input: Input::One((*input).into()), options: Options::new() },
        };
        let mut trial = PlannedTrial {
            name: format!("model::suite::{input}"),
            suite: "suite".into(),
            case: (*input).into(),
            contract: Arc::clone(&contract),
            scenario: None,
            level: Level::Core,
            skip: None,
            calls: vec![call],
            order: CallOrder::InTurn,
            checks: match *input {
                "wrong" => Arc::new([Opinion::Wrong.check()]),
                "unrecorded" => Arc::new([Opinion::Unrecorded.check()]),
                "panic" => Arc::new([Opinion::Panic.check()]),
                _ => Arc::new([]),
            },
            timeout: Duration::from_secs(60),
            retries: 0,
            expected_failure: None,
            known: Vec::new(),
            source: "suites/suite.toml".into(),
            statement: CaseStatement::default(),
            position: 0,
        };
        change(&mut trial);
        trial
    });
    Plan {
        trials: trials.collect(),
        instances: vec![PlannedInstance { contract, config: Options::new() }],
        unmatched: Vec::new(),
        served: Vec::new(),
        empty: Vec::new(),
        covered: Vec::new(),
    }
}

/// Finds fault with every response or after this many, has nothing to compare it with, cannot judge it, or panics over it.
#[derive(Debug)]
enum Opinion {
    Wrong,
    WrongAfter(AtomicUsize),
    Unrecorded,
    Unjudged,
    Panic,
}

impl Opinion {
    fn check(self) -> Check {
        Check { name: "range", calls: Calls::All, rule: Arc::new(self) }
    }
}

impl CheckRule for Opinion {
    fn judge(&self, _: &Calls, results: &CaseResults<'_>) -> Vec<Finding> {
        let wrong = || vec![Finding::wrong("range", "call", "plddt is 1.2")];
        match self {
            Self::Wrong => wrong(),
            Self::WrongAfter(left) => {
                let counted = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                counted.map_or_else(|_| wrong(), |_| Vec::new())
            }
            Self::Unrecorded => vec![Finding::without_reference("range", "call", "no recorded result")],
            Self::Unjudged => {
                results.measured.leave_unjudged("range", "call", "no samples");
                Vec::new()
            }
            Self::Panic => panic!("judging broke"),
        }
    }
}

/// Judges by the checks of trials, without anything recorded.
fn judging() -> Arc<Judging> {
    let origin = PredictionOrigin {
        backend: "scripted".into(),
        kind: "scripted",
        weights: "none".into(),
        declared: String::new(),
        noise: None,
        reproduce: String::new(),
    };
    let store = Store::new(Path::new("nowhere"), Recording::Never).unwrap();
    Arc::new(Judging::Checks { origin, store, plots: None })
}

/// What came of a plan, how many instances were still running, and whether a warning was noted.
async fn carry_out(plan: Plan, flaky: Flaky, stop: impl FnOnce(&Notify)) -> (Vec<Option<Outcome>>, usize) {
    carry_out_with(judging(), plan, RunSettings { flaky, ..RunSettings::default() }, stop).await
}

async fn carry_out_with(
    judging: Arc<Judging>,
    plan: Plan,
    settings: RunSettings,
    stop: impl FnOnce(&Notify),
) -> (Vec<Option<Outcome>>, usize) {
    let plan = Arc::new(plan);
    let running = Arc::new(AtomicUsize::new(0));
    let refused = BackendError::new(Stage::Call, Fault::Refused, "not today");
    let refusals: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new([refused].into()));
    let ends: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new([died()].into()));
    let open = {
        let running = Arc::clone(&running);
        let asked = Arc::default();
        move |_| {
            let backend = ScriptedCalls {
                running: Arc::clone(&running),
                flaky: Arc::clone(&refusals),
                ends: Arc::clone(&ends),
                asked: Arc::clone(&asked),
                up: false,
            };
            Ok(Instance::new("scripted", Box::new(backend), Duration::from_secs(5)))
        }
    };
    let settings = RunSettings { instances: 1, calls_per_instance: 1, ..settings };
    let selected: Vec<usize> = (0..plan.trials.len()).collect();
    let showing =
        Showing { plan, queue: Arc::default(), starts: Arc::default(), reproduce: String::new(), known_failures: None };
    showing.queue.expect(selected.len());
    let work = Arc::new(Workers::new(
        &showing.plan,
        &selected,
        &settings,
        Arc::new(open),
        judging,
        (Arc::clone(&showing.queue), Arc::clone(&showing.starts)),
    ));
    let abandoned = Arc::new(Notify::new());
    stop(&abandoned);
    Arc::clone(&work)
        .carry_out(2, Interrupt::listen(&tokio::runtime::Handle::current()).unwrap(), abandoned, || {})
        .await;
    let outcomes = selected.iter().map(|&index| showing.queue.wait(index, Duration::from_secs(60), |_| {}));
    (outcomes.collect(), running.load(Ordering::SeqCst))
}

async fn one(input: &str, change: impl Fn(&mut PlannedTrial)) -> Outcome {
    one_that(Flaky::Fails, input, change).await
}

async fn one_that(flaky: Flaky, input: &str, change: impl Fn(&mut PlannedTrial)) -> Outcome {
    let (mut outcomes, running) = carry_out(plan(&[input], change), flaky, |_| {}).await;
    assert_eq!(running, 0, "everything that was started is stopped");
    outcomes.remove(0).unwrap()
}

fn expected(message: Option<&str>) -> Arc<ExpectedFailure> {
    Arc::new(ExpectedFailure {
        reason: "known".into(),
        message: message.map(str::to_owned),
        models: None,
        backends: None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_ends_at_the_deadline_with_the_log() {
    let outcome = one("hang", |trial| trial.timeout = Duration::from_millis(20)).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Fail, 1));
    insta::assert_snapshot!(outcome.findings[0], @"
    response [call]: call failed: no response to call `call` within the case's 0.02 s
      fault: too_slow
      `--timeout`, `timeout` of the case or suite, or `case_timeout` of the backend allow more
      log: last line
    ");
    assert_eq!(outcome.findings[0].log_tail, ["last line"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expected_failure_must_fail_and_for_the_expected_reason() {
    assert_eq!(
        one("refuse", |trial| trial.expected_failure = Some(expected(None))).await.verdict,
        Verdict::ExpectedFailure
    );
    let says_no = |trial: &mut PlannedTrial| trial.expected_failure = Some(expected(Some("no")));
    assert_eq!(one("refuse", says_no).await.verdict, Verdict::ExpectedFailure);
    let says_else = |trial: &mut PlannedTrial| trial.expected_failure = Some(expected(Some("something else")));
    let otherwise = one("refuse", says_else).await;
    assert_eq!(otherwise.verdict, Verdict::Fail);
    insta::assert_snapshot!(otherwise.explain("run"), @r#"
    fail: the backend is wrong (expected to fail with "something else" (known); it failed otherwise)

    response [call]: call failed: no
      fault: refused

    reproduce: run --exact model::suite::refuse
    "#);
    assert_eq!(
        one("fine", |trial| trial.expected_failure = Some(expected(None))).await.verdict,
        Verdict::UnexpectedPass
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_checks_a_pass_says_nothing_about_an_expected_failure() {
    let plan = plan(&["fine", "refuse"], |trial| trial.expected_failure = Some(expected(None)));
    let answers = Arc::new(Judging::Answers(Mutex::default()));
    let (outcomes, _) = carry_out_with(answers, plan, RunSettings::default(), |_| {}).await;
    let verdicts: Vec<Verdict> = outcomes.iter().flatten().map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::ExpectedFailure]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_the_error_of_its_own_case_only() {
    let (outcomes, running) = carry_out(plan(&["panic", "fine"], |_| {}), Flaky::Fails, |_| {}).await;
    let verdicts: Vec<Verdict> = outcomes.iter().flatten().map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Error, Verdict::Pass]);
    assert_eq!(running, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_end_stops_instances_and_leaves_the_rest_without_outcome() {
    let (outcomes, running) = carry_out(plan(&["hang", "fine"], |_| {}), Flaky::Fails, Notify::notify_one).await;
    assert_eq!(outcomes.iter().flatten().count(), 0);
    assert_eq!(running, 0);
}

#[test]
fn instances_elsewhere_are_all_used_and_those_of_this_process_need_processors() {
    let workers = |instances, calls_per_instance| {
        RunSettings { instances, calls_per_instance, ..RunSettings::default() }.default_workers()
    };
    let many = processors() + 3;
    assert_eq!(workers(many, 1), many);
    assert_eq!(workers(many, 2), 2 * many);
    assert_eq!(workers(1, usize::MAX), processors());
    assert_eq!(workers(1, 1), processors());
    assert_eq!(workers(100_000, 100_000), MOST_WORKERS.max(processors()));
}
