//! Tests of the life cycle with a scripted backend that counts starts and stops.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::Work;
use super::*;
use crate::prediction::{Input, Method, Options};

#[derive(Default)]
struct Counts {
    startups: AtomicUsize,
    shutdowns: AtomicUsize,
}

struct Scripted {
    counts: Arc<Counts>,
    failing_startups: usize,
    shutdown_fails: bool,
    hangs: bool,
}

impl Backend for Scripted {
    fn startup(&mut self) -> Work<'_, ()> {
        Box::pin(async move {
            let earlier = self.counts.startups.fetch_add(1, Ordering::SeqCst);
            if self.hangs {
                std::future::pending::<()>().await;
            }
            if earlier < self.failing_startups {
                return Err(BackendError::new(Stage::Launch, Fault::Died, "no luck"));
            }
            Ok(())
        })
    }

    fn shutdown(&mut self) -> Work<'_, ()> {
        Box::pin(async move {
            self.counts.shutdowns.fetch_add(1, Ordering::SeqCst);
            if self.shutdown_fails {
                return Err(BackendError::new(Stage::Shutdown, Fault::Internal, "will not go"));
            }
            Ok(())
        })
    }

    fn predict<'a>(&'a self, _: &'a Request) -> Work<'a, Prediction> {
        Box::pin(async { Ok(Prediction { class: "C".into(), fields: Vec::new() }) })
    }

    fn log_tail(&self) -> Vec<String> {
        vec!["last words".into()]
    }
}

fn scripted(change: impl FnOnce(&mut Scripted)) -> (Instance, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    let mut backend =
        Scripted { counts: Arc::clone(&counts), failing_startups: 0, shutdown_fails: false, hangs: false };
    change(&mut backend);
    // One that never starts need not be waited for.
    let start_timeout = Duration::from_millis(if backend.hangs { 20 } else { 5_000 });
    (Instance::new("model on scripted", Box::new(backend), start_timeout), counts)
}

fn request() -> Request {
    Request { method: Method::Fold, input: Input::One("A".into()), options: Options::new() }
}

#[tokio::test]
async fn starting_and_stopping_twice_does_it_once() {
    let (instance, counts) = scripted(|_| {});
    assert_eq!(instance.stop().await, None);
    instance.start().await.unwrap();
    instance.start().await.unwrap();
    assert!(instance.predict(&request()).await.is_ok());
    assert_eq!(instance.stop().await, None);
    assert_eq!(instance.stop().await, None);
    assert_eq!((counts.startups.load(Ordering::SeqCst), counts.shutdowns.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn a_failed_start_leaves_nothing_and_can_be_retried() {
    let (instance, counts) = scripted(|backend| backend.failing_startups = 1);
    let error = instance.start().await.unwrap_err();
    insta::assert_snapshot!(error, @"launch failed: no luck");
    assert_eq!(error.log_tail, ["last words"]);
    assert!(!instance.is_running().await);
    assert_eq!(counts.shutdowns.load(Ordering::SeqCst), 1);
    instance.start().await.unwrap();
    assert!(instance.is_running().await);
}

#[tokio::test]
async fn a_failing_shutdown_still_stops() {
    let (instance, _) = scripted(|backend| backend.shutdown_fails = true);
    instance.start().await.unwrap();
    assert_eq!(instance.stop().await.unwrap().message, "will not go");
    assert!(!instance.is_running().await);
}

#[tokio::test]
async fn use_before_start_is_an_error() {
    let (instance, _) = scripted(|_| {});
    let error = instance.predict(&request()).await.unwrap_err();
    assert_eq!(error.fault, Fault::NotRunning);
    insta::assert_snapshot!(error.message, @"model on scripted is not initialized. Call start() before use.");
}

#[tokio::test]
async fn a_start_that_never_ends_is_given_up_and_cleaned_up() {
    let (instance, counts) = scripted(|backend| backend.hangs = true);
    let error = instance.start().await.unwrap_err();
    assert_eq!((error.stage, error.fault), (Stage::Ready, Fault::Timeout));
    assert_eq!(counts.shutdowns.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_start_that_never_ends_is_told_with_what_it_was_doing() {
    let (instance, _) = scripted(|backend| backend.hangs = true);
    instance.progress.set(Stage::Launch, "waiting for the engine");
    let error = instance.start().await.unwrap_err();
    assert_eq!((error.stage, error.fault), (Stage::Launch, Fault::Timeout));
    insta::assert_snapshot!(error.message, @"model on scripted was not ready within 0.02 s; at last: waiting for the engine");
    assert_eq!(instance.doing(), None, "it is over");
}
