//! The scenes of the life cycle on a user's own backend: nothing is wrong with a sound one, and each flaw is found.

use std::sync::Arc;

use hydrotest::backend::kind::{Launch, Overrides};
use hydrotest::backend::registry::KINDS;
use hydrotest::backend::resources::{InstanceId, RunDirectory};
use hydrotest::backend::{Backend, Fault, Scene};
use hydrotest::config::{Config, Diagnostics, Source};
use hydrotest::prediction::Options;

use crate::hosted::{declaration, run};

/// A backend of the kind itself, without the guarantees that an instance adds.
fn bare(settings: &str) -> Box<dyn Backend> {
    let config = Config::parse(&Source::new("backends.toml", declaration("{hydrotest}", settings))).unwrap();
    let kind = KINDS.iter().find(|kind| kind.name == "python").unwrap();
    let mut diagnostics = Diagnostics::new();
    let settings = (kind.configure)(config.backend("lab").unwrap(), &mut diagnostics);
    let launch = Launch {
        contract: Arc::clone(config.model("esm2").unwrap()),
        config: Options::new(),
        overrides: Overrides::default(),
        instance: InstanceId::next(&Arc::new(RunDirectory::new())),
        status: hydrotest::backend::status::Status::default(),
        recorder: None,
    };
    settings
        .unwrap_or_else(|| panic!("{diagnostics}"))
        .open(&launch)
        .unwrap()
}

async fn wrong(backend: &dyn Backend, scene: Scene) -> Vec<String> {
    let played = backend.rehearse(scene).expect("it is not played").await;
    played.unwrap_or_else(|error| panic!("{}: {error}\n{}", scene.name(), error.log_tail.join("\n")))
}

fn sound(settings: &str) {
    run(async {
        let backend = bare(settings);
        for scene in Scene::ALL {
            assert_eq!(wrong(&*backend, scene).await, Vec::<String>::new(), "{}", scene.name());
        }
    });
}

/// An import is never broken off; and what a backend can clear up, but is never asked to by boileroom's base class, is no
/// failure of it.
#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_start_is_broken_off_where_it_can_be_taken_up_again() {
    run(async {
        for class in ["ImportsInStart", "LeavesToStop"] {
            let settings =
                format!("backend_class = 'flawed_backends:{class}'\narguments = {{ core_class = '{{model.core}}' }}");
            let found = wrong(&*bare(&settings), Scene::StopDuringStart).await;
            assert_eq!(found, Vec::<String>::new(), "{class}");
        }
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_scene_that_hangs_is_given_up_and_shows_where_it_was() {
    run(async {
        let backend = bare("backend_class = 'misbehaving:HangsAtStop'\nstart_timeout = '16s'\nstop_timeout = '1s'");
        let played = backend.rehearse(Scene::StopTwice).expect("it is not played").await;
        let error = played.unwrap_err();
        assert_eq!(error.fault, Fault::Timeout);
        let words = "the scene stop_twice took longer than 48 s; the log ends with where it was";
        assert_eq!(error.message, words);
        assert!(error.log_tail.iter().any(|line| line.contains("in hang")), "{error:?}");
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn every_flaw_is_found_in_its_scene() {
    run(async {
        for (scene, class, words) in [
            (Scene::StartTwice, "StartsTwice", "startup() was called 2 times"),
            (Scene::StopTwice, "StopsTwice", "shutdown() was called 2 times"),
            (
                Scene::StopTwice,
                "Leaves",
                "after the first stop() there is still process",
            ),
            (
                Scene::StopBeforeStart,
                "RaisesWhenNotRunning",
                "stop() before start() raised RuntimeError",
            ),
            (Scene::UseBeforeStart, "WrongError", "expected a RuntimeError"),
            (Scene::FailedStart, "RunsAfterFailure", "an exit hook is left"),
            (Scene::FailedStop, "StopRaises", "raised Staged"),
            (
                Scene::RestartAfterCrash,
                "NoRecovery",
                "stop() after a crash raised RuntimeError",
            ),
            (
                Scene::StopDuringStart,
                "Orphans",
                "after start() was broken off and stop() called there is still process",
            ),
            (
                Scene::OrderlyExit,
                "NoHook",
                "without stop(): shutdown() was not called",
            ),
            (
                Scene::Terminated,
                "IgnoresSignals",
                "ended by SIGTERM (status 1): shutdown() was not called",
            ),
            (
                Scene::TwoAtOnce,
                "Shared",
                "a call after the first of two was stopped raised",
            ),
        ] {
            let settings =
                format!("backend_class = 'flawed_backends:{class}'\narguments = {{ core_class = '{{model.core}}' }}");
            let found = wrong(&*bare(&settings), scene).await;
            assert!(
                found.iter().any(|sentence| sentence.contains(words)),
                "{class}: {found:?}"
            );
        }
    });
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_core_has_no_life_cycle_of_its_own() {
    assert!(bare("core = true").rehearse(Scene::StartTwice).is_none());
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_sound_backend_class_plays_every_scene() {
    sound("backend_class = 'boileroom.backend.your_backend:YourBackend'\narguments = { core_class = '{model.core}' }");
}

#[test]
#[ignore = "needs a Python with NumPy and biotite"]
fn a_sound_wrapper_plays_every_scene() {
    sound("selector = 'your_backend'");
}
