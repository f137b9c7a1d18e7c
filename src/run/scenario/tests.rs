//! Every scenario against a platform in memory: it passes where all is well, and each fault is found by the scenario that is
//! there for it.

mod objects;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use super::*;
use crate::backend::resources::{InstanceId, LeakGuard, Resource, ResourceFinder, RunDirectory};
use crate::backend::{Backend, BackendError, Fault, Instance, ObjectHost, Responsible, Stage as Step, Work};
use crate::config::{Case, Config, Diagnostics, Suites};
use crate::plan::{CaseStatement, PlannedCall};
use crate::prediction::{Input, Method, Options, Prediction, Request};

/// How the platform is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// A start after one that failed or was given up fails.
    NoSecondTry,
    /// Whatever is started is started anew at each look.
    ReplacesItself,
    /// Things stay after a stop.
    Leaks,
    /// It goes on answering when everything of it has ended.
    AnswersFromTheGrave,
    /// All instances have the same server.
    Shared,
    /// A start ends what runs already.
    EndsOthers,
    /// Its device has memory for one instance only.
    HasMemoryForOne,
    /// Sizes that no model has are accepted.
    AcceptsAnything,
    /// The exit hook of its objects does not run.
    NoExitHook,
    /// Its objects start anew when they run.
    StartsAnew,
    /// Its objects shut down again when they are stopped.
    StopsAnew,
    /// Its objects are usable before they are started.
    UsableTooEarly,
    /// Its objects count as running after a start that failed.
    RunsAfterFailure,
    /// What its objects started is there after they were stopped.
    ObjectsLeak,
    /// A call of its objects is answered although all they started was killed.
    AnswersAfterCrash,
    /// Nothing of it carries its label.
    Unlabelled,
}

/// What runs, by number, and how many things there were so far.
#[derive(Default)]
struct FakePlatform {
    running: Mutex<Vec<usize>>,
    made: AtomicUsize,
}

struct Fake {
    platform: Arc<FakePlatform>,
    flaw: Flaw,
    refuses: bool,
    has_objects: bool,
    failed: bool,
    own: Arc<Mutex<Option<usize>>>,
}

impl Fake {
    fn is_up(&self) -> bool {
        let own = *self.own.lock().unwrap();
        own.is_some_and(|own| self.platform.running.lock().unwrap().contains(&own))
    }
}

impl Backend for Fake {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if self.failed && self.flaw == Flaw::NoSecondTry {
                return Err(BackendError::new(Step::Launch, Fault::Died, "the first one is in the way"));
            }
            self.failed = true;
            // Time in which a start can be given up.
            tokio::time::sleep(Duration::from_millis(4)).await;
            if self.refuses && self.flaw != Flaw::AcceptsAnything {
                return Err(BackendError::new(Step::Ready, Fault::Died, "no such size"));
            }
            self.failed = false;
            let number = match self.flaw {
                Flaw::Shared => 0,
                _ => self.platform.made.fetch_add(1, Ordering::SeqCst),
            };
            let mut running = self.platform.running.lock().unwrap();
            running.retain(|_| self.flaw != Flaw::EndsOthers);
            running.push(number);
            *self.own.lock().unwrap() = Some(number);
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let own = *self.own.lock().unwrap();
            if self.flaw != Flaw::Leaks {
                let mut running = self.platform.running.lock().unwrap();
                running.retain(|number| Some(*number) != own);
            }
            Ok(())
        })
    }

    fn predict<'a>(&'a self, _: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async {
            if !self.is_up() && self.flaw != Flaw::AnswersFromTheGrave {
                return Err(BackendError::new(Step::Call, Fault::Died, "the server is gone"));
            }
            if self.flaw == Flaw::HasMemoryForOne && self.platform.running.lock().unwrap().len() > 1 {
                return Err(BackendError::new(Step::Call, Fault::OutOfMemory, "CUDA out of memory"));
            }
            Ok(Prediction { class: "C".into(), fields: Vec::new() })
        })
    }

    fn objects(&self) -> Option<Work<'_, Box<dyn ObjectHost>>> {
        let host = objects::FakeHost::new(self.flaw);
        self.has_objects
            .then(|| Box::pin(async { Ok(Box::new(host) as Box<dyn ObjectHost>) }) as Work<'_, Box<dyn ObjectHost>>)
    }
}

struct FakeFinder {
    platform: Arc<FakePlatform>,
    flaw: Flaw,
    own: Arc<Mutex<Option<usize>>>,
}

impl FakeFinder {
    fn things(&self) -> Vec<Resource> {
        if self.flaw == Flaw::Unlabelled {
            return Vec::new();
        }
        let own = *self.own.lock().unwrap();
        let running = self.platform.running.lock().unwrap();
        let things = running.iter().filter(|number| Some(**number) == own);
        let shown = |number: usize| match self.flaw {
            Flaw::ReplacesItself => self.platform.made.fetch_add(1, Ordering::SeqCst) + 100,
            _ => number,
        };
        things.map(|number| Resource::new("thing", shown(*number).to_string())).collect()
    }
}

impl ResourceFinder for FakeFinder {
    fn find<'a>(&'a self, _: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async { Ok(self.things()) })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(async {
            let mut running = self.platform.running.lock().unwrap();
            running.retain(|number| number.to_string() != resource.id);
            Ok(())
        })
    }

    fn freeze(&self, _: &str) -> Vec<Resource> {
        self.things()
    }
}

/// The shipped scenarios by name.
fn shipped() -> &'static [(String, Arc<Scenario>)] {
    static SHIPPED: LazyLock<Vec<(String, Arc<Scenario>)>> = LazyLock::new(|| {
        let mut diagnostics = Diagnostics::new();
        let suites = Suites::built_in(&Config::built_in().unwrap()).unwrap();
        let suite = suites.suites.iter().find(|suite| suite.name == "life_cycle").unwrap();
        let mut read = |case: &Case| Scenario::read(case.steps.as_deref().unwrap(), &mut diagnostics).unwrap();
        let cases = suite.cases.iter();
        cases.map(|case| (case.name.clone(), Arc::new(read(case)))).collect()
    });
    &SHIPPED
}

fn names() -> impl Iterator<Item = &'static str> {
    shipped().iter().map(|(name, _)| name.as_str())
}

fn trial(name: &str) -> PlannedTrial {
    let (_, scenario) = shipped().iter().find(|(known, _)| known == name).unwrap();
    let contract = Arc::clone(&Config::built_in().unwrap().models[0]);
    let call = PlannedCall {
        name: "call".into(),
        instance: 0,
        variant: None,
        config: Options::new(),
        request: Request { method: Method::Fold, input: Input::One("A".into()), options: Options::new() },
    };
    PlannedTrial {
        name: format!("model::life_cycle::{name}"),
        suite: "life_cycle".into(),
        case: name.into(),
        contract,
        scenario: Some(PlannedScenario {
            scenario: Arc::clone(scenario),
            refused: scenario.fails_a_start().then_some(1),
        }),
        level: crate::config::Level::Core,
        skip: None,
        calls: vec![call],
        order: crate::config::CallOrder::InTurn,
        checks: Arc::new([]),
        timeout: Duration::from_secs(60),
        retries: 0,
        expected_failure: None,
        known: Vec::new(),
        source: "suites/life_cycle.toml".into(),
        statement: CaseStatement::default(),
        position: 0,
    }
}

async fn ran(scenario: &str, flaw: Flaw, has_objects: bool) -> ScenarioResult {
    let platform = Arc::new(FakePlatform::default());
    let open = {
        let platform = Arc::clone(&platform);
        let run = Arc::new(RunDirectory::new());
        move |index| {
            let own = Arc::default();
            let fake = Fake {
                platform: Arc::clone(&platform),
                flaw,
                refuses: index == 1,
                has_objects,
                failed: false,
                own: Arc::clone(&own),
            };
            let finder = FakeFinder { platform: Arc::clone(&platform), flaw, own };
            let guard = LeakGuard::of_finder(InstanceId::next(&run), Arc::new(finder));
            let instance = Instance::new("model on fake", Box::new(fake), Duration::from_secs(60));
            Ok(instance.guarded(guard))
        }
    };
    let pool = Pool::new(Arc::new(open), vec![1, 1], 2, Arc::default());
    let trial = trial(scenario);
    let planned = trial.scenario.clone().unwrap();
    let result = run(&trial, &planned, &pool).await;
    assert!(platform.running.lock().unwrap().is_empty(), "{scenario:?} leaves something running");
    result
}

fn findings(result: &ScenarioResult) -> String {
    let lines: Vec<String> = result.findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[tokio::test]
async fn every_scenario_passes_where_all_is_well() {
    for scenario in names() {
        let result = ran(scenario, Flaw::None, false).await;
        assert_eq!(findings(&result), "", "{scenario:?}");
        // What runs in memory has neither a program nor a server of its own.
        let has_program = !matches!(scenario, "orderly_exit" | "terminated");
        let ours = has_program && scenario != "pause_and_resume";
        assert_eq!(result.skip.is_none(), ours, "{scenario:?}: {:?}", result.skip);
        assert_eq!(!result.responses.is_empty(), has_program, "{scenario:?}");
    }
}

#[tokio::test]
async fn each_fault_is_found_by_the_scenario_that_is_there_for_it() {
    let cases = [
        ("start_twice", Flaw::ReplacesItself, "expected a start that does nothing"),
        ("failed_start", Flaw::NoSecondTry, "the first one is in the way"),
        ("failed_start", Flaw::AcceptsAnything, "expected it to fail; came a running instance"),
        ("stop_during_start", Flaw::NoSecondTry, "the first one is in the way"),
        ("restart_after_crash", Flaw::AnswersFromTheGrave, "came a response"),
        ("restart_after_crash", Flaw::Unlabelled, "nothing that the leak check could find"),
        ("two_at_once", Flaw::Shared, "expected each to have its own; came thing 0 of both"),
        ("two_at_once", Flaw::EndsOthers, "expected a response to each; came call failed: the server is gone"),
        ("stop_twice", Flaw::Leaks, "expected nothing to be left; came model on fake: thing "),
        ("failed_stop", Flaw::Leaks, "expected nothing to be left"),
    ];
    for (scenario, flaw, expected) in cases {
        let result = ran(scenario, flaw, false).await;
        assert!(findings(&result).contains(expected), "{scenario:?}, {flaw:?}: {}", findings(&result));
    }
}

#[tokio::test]
async fn a_device_that_is_too_small_for_two_is_the_platforms_fault() {
    let result = ran("two_at_once", Flaw::HasMemoryForOne, false).await;
    assert_eq!(result.findings[0].responsible, Responsible::Platform);
    insta::assert_snapshot!(findings(&result), @"
    scenario [step 2: call of both]: call failed: CUDA out of memory
      fault: out_of_memory
      expected: a response to each
    ");
}

#[tokio::test]
async fn without_processes_here_nothing_is_frozen_and_that_is_no_pass() {
    let result = ran("failed_stop", Flaw::Unlabelled, false).await;
    assert!(result.skip.is_some_and(|skip| skip.reason.contains("could be frozen")));
}
