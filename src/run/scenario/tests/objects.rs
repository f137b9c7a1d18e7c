//! The same on objects in memory, which have no guarantees but their own.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{Flaw, findings, names, ran};
use crate::backend::{
    BackendError, ExitedProgram, Fault, ObjectAct, ObjectHost, ObjectState, ProgramExit, Stage as Step, Work,
};
use crate::prediction::{Prediction, Request};

#[derive(Clone, Copy, Default)]
struct FakeObject {
    running: bool,
    killed: bool,
    startups: usize,
    shutdowns: usize,
}

pub(super) struct FakeHost {
    flaw: Flaw,
    objects: Mutex<Vec<FakeObject>>,
}

impl FakeHost {
    pub(super) fn new(flaw: Flaw) -> Self {
        let objects = Mutex::default();
        Self { flaw, objects }
    }

    fn with<T>(&self, object: u64, change: impl FnOnce(&mut FakeObject) -> T) -> T {
        change(&mut self.objects.lock().unwrap()[usize::try_from(object).unwrap()])
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }
}

impl ObjectHost for FakeHost {
    fn make(&self) -> Work<'_, u64> {
        let mut objects = self.objects.lock().unwrap();
        objects.push(FakeObject::default());
        let number = objects.len() as u64 - 1;
        Box::pin(async move { Ok(number) })
    }

    fn act(&self, object: u64, act: ObjectAct) -> Work<'_, ()> {
        Box::pin(async move {
            self.with(object, |it| match act {
                ObjectAct::Start if !it.running || self.is(Flaw::StartsAnew) => {
                    (it.running, it.killed, it.startups) = (true, false, it.startups + 1);
                }
                ObjectAct::Start | ObjectAct::GetModel => {}
                ObjectAct::FailingStart => it.running = self.is(Flaw::RunsAfterFailure),
                ObjectAct::Stop | ObjectAct::FailingStop | ObjectAct::Shutdown => {
                    it.shutdowns += usize::from(it.running || self.is(Flaw::StopsAnew));
                    it.running = false;
                }
            });
            if act == ObjectAct::GetModel && !self.is(Flaw::UsableTooEarly) {
                return Err(BackendError::new(Step::Call, Fault::NotRunning, "it is not initialized"));
            }
            Ok(())
        })
    }

    fn interrupt_start(&self, _: u64) -> Work<'_, bool> {
        Box::pin(async { Ok(false) })
    }

    fn predict<'a>(&'a self, object: u64, _: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async move {
            let responses = self.with(object, |it| it.running && !it.killed) || self.is(Flaw::AnswersAfterCrash);
            let prediction = Prediction { class: "C".into(), fields: Vec::new() };
            let failure = || BackendError::new(Step::Call, Fault::Refused, "the server is gone");
            responses.then_some(prediction).ok_or_else(failure)
        })
    }

    fn state(&self, object: u64) -> Work<'_, ObjectState> {
        let state = self.with(object, |it| ObjectState {
            running: Some(it.running),
            exit_hooks: usize::from(it.running),
            startups: Some(it.startups),
            shutdowns: Some(it.shutdowns),
        });
        Box::pin(async { Ok(state) })
    }

    fn resources(&self) -> BTreeSet<String> {
        let objects = self.objects.lock().unwrap();
        let there = objects.iter().any(|it| it.running || (it.startups > 0 && self.is(Flaw::ObjectsLeak)));
        there.then(|| "process 7".to_owned()).into_iter().collect()
    }

    fn crash(&self) -> Vec<String> {
        self.objects.lock().unwrap().iter_mut().for_each(|it| it.killed = true);
        self.resources().into_iter().collect()
    }

    fn warn(&self, _: &'static str, _: String) {}

    fn exit(&mut self, _: ProgramExit) -> Work<'_, ExitedProgram> {
        let shut_down = !self.is(Flaw::NoExitHook);
        self.objects.lock().unwrap().clear();
        Box::pin(
            async move { Ok(ExitedProgram { ending: "exited with status 0".into(), shut_down, leaked: Vec::new() }) },
        )
    }

    fn end(&mut self) -> Work<'_, ()> {
        self.objects.lock().unwrap().clear();
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test]
async fn objects_go_through_every_scenario_too_and_what_runs_on_them_is_not_skipped() {
    // Objects have no server.
    for scenario in names().filter(|name| *name != "pause_and_resume") {
        let result = ran(scenario, Flaw::None, true).await;
        assert_eq!((findings(&result).as_str(), result.skip), ("", None), "{scenario:?}");
    }
}

#[tokio::test]
async fn each_fault_of_an_object_is_found_by_its_scenario() {
    for (scenario, flaw, expected) in [
        ("start_twice", Flaw::StartsAnew, "expected startup() to be called 0 times; came 1 calls"),
        ("stop_twice", Flaw::StopsAnew, "expected shutdown() to be called 0 times; came 1 calls"),
        ("stop_before_start", Flaw::StopsAnew, "came 1 calls"),
        ("stop_twice", Flaw::ObjectsLeak, "expected nothing of it to be there; came process 7"),
        ("use_before_start", Flaw::UsableTooEarly, "came a response"),
        ("failed_start", Flaw::RunsAfterFailure, "came one that counts as running"),
        ("restart_after_crash", Flaw::AnswersAfterCrash, "came a response"),
        ("orderly_exit", Flaw::NoExitHook, "exited with status 0: shutdown() was not called"),
        ("terminated", Flaw::NoExitHook, "shutdown() was not called"),
    ] {
        let result = ran(scenario, flaw, true).await;
        let shown = findings(&result);
        assert!(
            shown.contains("scenario [hosted object, step ") && shown.contains(expected),
            "{scenario:?}, {flaw:?}: {shown}"
        );
    }
}
