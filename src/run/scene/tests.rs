//! Every scene against a platform in memory: it passes where all is well, and each fault is found by the scene that is there
//! for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::backend::resources::{InstanceId, LeakGuard, Resource, ResourceFinder, RunDirectory};
use crate::backend::{Backend, BackendError, Fault, Instance, Stage as Step, Work};
use crate::config::Config;
use crate::plan::PlannedCall;
use crate::prediction::{Input, Method, Options, Prediction, Request};

/// How the platform is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// A start after one that failed or was given up fails.
    NoSecondTry,
    /// Everything that is started starts again.
    ReplacesItself,
    /// Things stay after a stop.
    Leaks,
    /// It goes on answering when everything of it has ended.
    AnswersFromTheGrave,
    /// All instances have the same server.
    Shared,
    /// Sizes that no model has are accepted.
    AcceptsAnything,
    /// Its own life cycle is wrong.
    OwnCycle,
    /// Nothing of it carries its label.
    Unlabelled,
}

/// What runs, by number, and how many things there were so far.
#[derive(Default)]
struct Platform {
    running: Mutex<Vec<usize>>,
    made: AtomicUsize,
}

struct Fake {
    platform: Arc<Platform>,
    flaw: Flaw,
    refuses: bool,
    rehearses: bool,
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
                return Err(BackendError::new(
                    Step::Launch,
                    Fault::Died,
                    "the first one is in the way",
                ));
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
            self.platform.running.lock().unwrap().push(number);
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
            Ok(Prediction {
                class: "C".into(),
                fields: Vec::new(),
            })
        })
    }

    fn rehearse(&self, _: Scene) -> Option<Work<'_, Vec<String>>> {
        let wrong = match self.flaw {
            Flaw::OwnCycle => vec!["its exit hook did not run".to_owned()],
            _ => Vec::new(),
        };
        self.rehearses
            .then(|| Box::pin(async { Ok(wrong) }) as Work<'_, Vec<String>>)
    }
}

struct FakeFinder {
    platform: Arc<Platform>,
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
        things
            .map(|number| Resource::new("thing", shown(*number).to_string()))
            .collect()
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

fn trial(scene: Scene) -> PlannedTrial {
    let contract = Arc::clone(&Config::built_in().unwrap().models[0]);
    let call = PlannedCall {
        name: "call".into(),
        instance: 0,
        variant: None,
        config: Options::new(),
        request: Request {
            method: Method::Fold,
            input: Input::One("A".into()),
            options: Options::new(),
        },
    };
    PlannedTrial {
        name: format!("model::life_cycle::{}", scene.name()),
        suite: "life_cycle".into(),
        case: scene.name().into(),
        contract,
        scene: Some(PlannedScene {
            scene,
            refused: (scene == Scene::FailedStart).then_some(1),
        }),
        skip: None,
        calls: vec![call],
        checks: Arc::new([]),
        timeout: Duration::from_secs(60),
        retries: 0,
        expected_failure: None,
        known: Vec::new(),
        source: "suites/life_cycle.toml".into(),
    }
}

async fn played(scene: Scene, flaw: Flaw, rehearses: bool) -> Played {
    let platform = Arc::new(Platform::default());
    let open = {
        let platform = Arc::clone(&platform);
        let run = Arc::new(RunDirectory::new());
        move |index| {
            let own = Arc::default();
            let fake = Fake {
                platform: Arc::clone(&platform),
                flaw,
                refuses: index == 1,
                rehearses,
                failed: false,
                own: Arc::clone(&own),
            };
            let finder = FakeFinder {
                platform: Arc::clone(&platform),
                flaw,
                own,
            };
            let guard = LeakGuard::of_finder(InstanceId::next(&run), Arc::new(finder));
            let instance = Instance::new("model on fake", Box::new(fake), Duration::from_secs(60));
            Ok(instance.guarded(guard))
        }
    };
    let pool = Pool::new(Box::new(open), vec![1, 1], 2);
    let trial = trial(scene);
    let planned = trial.scene.unwrap();
    let played = play(&trial, planned, &pool).await;
    assert!(
        platform.running.lock().unwrap().is_empty(),
        "{scene:?} leaves something running"
    );
    played
}

fn said(played: &Played) -> String {
    let lines: Vec<String> = played.findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[tokio::test]
async fn every_scene_passes_where_all_is_well() {
    for scene in Scene::ALL {
        let played = played(scene, Flaw::None, false).await;
        assert_eq!(said(&played), "", "{scene:?}");
        let ours = !matches!(scene, Scene::OrderlyExit | Scene::Terminated);
        assert_eq!(played.skip.is_none(), ours, "{scene:?}: {:?}", played.skip);
        assert_eq!(!played.responses.is_empty(), ours, "{scene:?}");
    }
}

#[tokio::test]
async fn each_fault_is_found_by_the_scene_that_is_there_for_it() {
    let cases = [
        (Scene::StartTwice, Flaw::ReplacesItself),
        (Scene::FailedStart, Flaw::NoSecondTry),
        (Scene::FailedStart, Flaw::AcceptsAnything),
        (Scene::StopDuringStart, Flaw::NoSecondTry),
        (Scene::RestartAfterCrash, Flaw::AnswersFromTheGrave),
        (Scene::RestartAfterCrash, Flaw::Unlabelled),
        (Scene::TwoAtOnce, Flaw::Shared),
        (Scene::StopTwice, Flaw::Leaks),
        (Scene::FailedStop, Flaw::Leaks),
    ];
    let mut told = Vec::new();
    for (scene, flaw) in cases {
        let played = played(scene, flaw, false).await;
        told.push(format!("{scene:?}, {flaw:?}: {}", said(&played)));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    StartTwice, ReplacesItself: scene [after the second start]: expected a second start that does nothing; came a platform on which thing 101 is gone
    FailedStart, NoSecondTry: scene [the start after a failed one]: launch failed: the first one is in the way
      fault: died
      expected: it starts
    FailedStart, AcceptsAnything: scene [a start with a size that no model has]: expected it to fail; came a running instance
    StopDuringStart, NoSecondTry: scene [a start that is to be given up]: launch failed: the first one is in the way
      fault: died
    RestartAfterCrash, AnswersFromTheGrave: scene [a call after a crash]: expected an error that says that its server has ended; came an answer
    RestartAfterCrash, Unlabelled: scene [ending it from outside]: expected something with its label while it runs; came nothing that the leak check could find
    TwoAtOnce, Shared: scene [while two run]: expected each to have its own; came thing 0 of both
    StopTwice, Leaks: scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    FailedStop, Leaks: scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    scene [after a stop]: expected nothing to be left; came model on fake: thing 7 was still there after the stop
    ");
}

#[tokio::test]
async fn a_platform_with_a_life_cycle_of_its_own_plays_there_too() {
    let mut told = Vec::new();
    for scene in [Scene::OrderlyExit, Scene::StartTwice] {
        let well = played(scene, Flaw::None, true).await;
        assert_eq!((said(&well).as_str(), well.skip), ("", None), "{scene:?}");
        let wrong = played(scene, Flaw::OwnCycle, true).await;
        told.push(format!("{scene:?}: {}", said(&wrong)));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    OrderlyExit: scene [on the platform's own life cycle]: its exit hook did not run
    StartTwice: scene [on the platform's own life cycle]: its exit hook did not run
    ");
}

#[tokio::test]
async fn without_processes_here_nothing_is_frozen_and_that_is_no_pass() {
    let played = played(Scene::FailedStop, Flaw::Unlabelled, false).await;
    insta::assert_snapshot!(played.skip.unwrap(), @"none of its processes is on this machine, where it could be frozen");
}
