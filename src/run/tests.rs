//! The working side of a run against scripted backends: deadlines, retries, expectations, panics and early ends.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::backend::{Backend, BackendError, Fault, Instance, Stage, Work as BackendWork};
use crate::config::{Config, ExpectedFailure, Source};
use crate::plan::{PlannedCall, PlannedInstance, PlannedTrial};
use crate::prediction::{Input, Method, Options, Prediction, Request};

/// What a scripted backend does with a call, by what it is asked.
struct Scripted {
    running: Arc<AtomicUsize>,
    flaky: Arc<Mutex<VecDeque<BackendError>>>,
    up: bool,
}

impl Backend for Scripted {
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
            match request.input.strings().first().map(String::as_str) {
                Some("hang") => std::future::pending().await,
                Some("refuse") => Err(BackendError::new(Stage::Call, Fault::Refused, "no")),
                Some("flaky") => match self.flaky.lock().unwrap().pop_front() {
                    Some(error) => Err(error),
                    None => Ok(answer()),
                },
                _ => Ok(answer()),
            }
        })
    }

    fn log_tail(&self) -> Vec<String> {
        vec!["last line".into()]
    }
}

fn answer() -> Prediction {
    Prediction {
        class: "C".into(),
        fields: Vec::new(),
    }
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
            request: Request {
                method: Method::Fold,
                input: Input::One((*input).into()),
                options: Options::new(),
            },
        };
        let mut trial = PlannedTrial {
            name: format!("model::suite::{input}"),
            suite: "suite".into(),
            case: (*input).into(),
            contract: Arc::clone(&contract),
            scene: None,
            skip: None,
            calls: vec![call],
            checks: Arc::new([]),
            timeout: Duration::from_secs(60),
            retries: 0,
            expected_failure: None,
            source: "suites/suite.toml".into(),
        };
        change(&mut trial);
        trial
    });
    let trials = trials.collect();
    Plan {
        instances: vec![PlannedInstance {
            contract,
            config: Options::new(),
        }],
        trials,
        barren: Vec::new(),
    }
}

/// Fails what gave an error, and panics over what is called so.
fn judge() -> Arc<Judge> {
    Arc::new(|trial, answers| {
        assert_ne!(trial.case, "panic", "judging broke");
        let errors = answers.iter().filter_map(|answer| answer.result.as_ref().err());
        let findings = errors.map(|error| Finding::failed("answer", "call", error)).collect();
        Judged {
            findings,
            ..Judged::default()
        }
    })
}

/// What came of a plan, how many instances were still running, and whether trouble was noted.
async fn carry_out(plan: Plan, stop: impl FnOnce(&Notify)) -> (Vec<Option<Outcome>>, usize) {
    let plan = Arc::new(plan);
    let running = Arc::new(AtomicUsize::new(0));
    let flaky: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new(
        [BackendError::new(Stage::Call, Fault::Refused, "not today")].into(),
    ));
    let open = {
        let running = Arc::clone(&running);
        move |_| {
            let backend = Scripted {
                running: Arc::clone(&running),
                flaky: Arc::clone(&flaky),
                up: false,
            };
            Ok(Instance::new("scripted", Box::new(backend), Duration::from_secs(5)))
        }
    };
    let settings = Settings {
        trials: Trials::default(),
        instances: 1,
        calls_per_instance: 1,
        reproduce: String::new(),
    };
    let selected: Vec<usize> = (0..plan.trials.len()).collect();
    let printing = Printing {
        plan,
        board: Arc::default(),
        starts: Arc::default(),
        collected: Arc::default(),
        format: Format::Pretty,
        reproduce: String::new(),
    };
    printing.board.expect(selected.len());
    let work = Arc::new(Work::new(&printing, &selected, &settings, Box::new(open), judge()));
    let abandoned = Arc::new(Notify::new());
    stop(&abandoned);
    Arc::clone(&work)
        .carry_out(2, Interrupt::listen().unwrap(), abandoned)
        .await;
    let outcomes = selected
        .iter()
        .map(|&index| printing.board.wait(index, Duration::from_secs(60), |_| {}));
    (outcomes.collect(), running.load(Ordering::SeqCst))
}

async fn one(input: &str, change: impl Fn(&mut PlannedTrial)) -> Outcome {
    let (mut outcomes, running) = carry_out(plan(&[input], change), |_| {}).await;
    assert_eq!(running, 0, "everything that was started is stopped");
    outcomes.remove(0).unwrap()
}

fn expected(message: Option<&str>) -> Arc<ExpectedFailure> {
    Arc::new(ExpectedFailure {
        reason: "known".into(),
        message: message.map(str::to_owned),
        models: None,
        backends: None,
        location: Source::new("suite.toml", "").line(1),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_hangs_ends_at_the_deadline_with_the_log() {
    let outcome = one("hang", |trial| trial.timeout = Duration::from_millis(20)).await;
    assert_eq!(outcome.verdict, Verdict::Error);
    assert!(
        outcome.findings[0]
            .summary
            .contains("no answer to call `call` within the case's 0.02 s")
    );
    assert_eq!(outcome.findings[0].log_tail, ["last line"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_when_tried_again_is_flaky() {
    let outcome = one("flaky", |trial| trial.retries = 2).await;
    assert_eq!((outcome.verdict, outcome.attempts), (Verdict::Pass, 2));
    assert!(outcome.is_flaky());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expected_failure_must_fail_and_for_the_expected_reason() {
    assert_eq!(
        one("refuse", |trial| trial.expected_failure = Some(expected(None)))
            .await
            .verdict,
        Verdict::ExpectedFailure
    );
    let says_no = |trial: &mut PlannedTrial| trial.expected_failure = Some(expected(Some("no")));
    assert_eq!(one("refuse", says_no).await.verdict, Verdict::ExpectedFailure);
    let says_else = |trial: &mut PlannedTrial| trial.expected_failure = Some(expected(Some("something else")));
    assert_eq!(one("refuse", says_else).await.verdict, Verdict::Fail);
    assert_eq!(
        one("fine", |trial| trial.expected_failure = Some(expected(None)))
            .await
            .verdict,
        Verdict::UnexpectedPass
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_the_error_of_its_own_case_only() {
    let (outcomes, running) = carry_out(plan(&["panic", "fine"], |_| {}), |_| {}).await;
    let verdicts: Vec<Verdict> = outcomes.iter().flatten().map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Error, Verdict::Pass]);
    assert_eq!(running, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_end_stops_instances_and_leaves_the_rest_without_outcome() {
    let (outcomes, running) = carry_out(plan(&["hang", "fine"], |_| {}), Notify::notify_one).await;
    assert_eq!(outcomes.iter().flatten().count(), 0);
    assert_eq!(running, 0);
}
