//! What is done to a container from outside, and starts that are given up. How a server ends by itself is told.

use hydrotest::backend::{Fault, Stage};

use crate::containers::{self, engine, the_running_one};
use crate::harness::{Platform, alone, declared, open, request, run, started};

/// A server that never becomes ready.
const SLEEPER: &str = "command = ['/bin/sh', '-c', 'exec sleep 1000']\ngrace = '1s'\n";

fn killed_in_a_call(on: Platform) {
    let (on, _alone) = alone(on);
    run(async {
        let instance = started(on, "").await;
        let docker = engine(on).await;
        let container = the_running_one(&docker).await;
        // Stopped, it takes the call and never answers.
        containers::signal(&docker, &container, "SIGSTOP").await;
        let call = request();
        let (result, ()) = tokio::join!(instance.predict(&call), containers::signal(&docker, &container, "SIGKILL"));
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        assert!(error.message.contains("status 137 (SIGKILL)"), "{error}");
        assert!(error.log_tail.iter().any(|line| line.contains("serving esm2")), "{:?}", error.log_tail);
        assert_eq!(instance.stop().await, None);
        instance.start().await.unwrap();
        assert!(instance.predict(&call).await.is_ok());
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn a_container_removed_from_outside_in_a_call_is_told_so() {
    let (on, _alone) = alone(Platform::Docker);
    run(async {
        let instance = started(on, "").await;
        let docker = engine(on).await;
        let container = the_running_one(&docker).await;
        containers::signal(&docker, &container, "SIGSTOP").await;
        let call = request();
        let (result, ()) = tokio::join!(instance.predict(&call), containers::remove(&docker, &container));
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Died));
        // A removal kills first, and either may be seen.
        let seen = ["removed from outside", "killed from outside"].iter().any(|part| error.message.contains(part));
        assert!(seen, "{error}");
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn a_start_that_is_given_up_leaves_nothing() {
    let (on, _alone) = alone(Platform::Docker);
    run(async {
        let instance = open(&declared(on, SLEEPER));
        let docker = engine(on).await;
        tokio::select! {
            _ = instance.start() => panic!("the start ends"),
            _ = the_running_one(&docker) => {}
        }
        instance.abort().await;
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
    // Given up at every moment of it, from the first.
    run(async {
        let docker = engine(on).await;
        let platform = declared(on, SLEEPER);
        // The moment is the point.
        for milliseconds in (0..400).step_by(40) {
            let instance = open(&platform);
            let moment = std::time::Duration::from_millis(milliseconds);
            assert!(tokio::time::timeout(moment, instance.start()).await.is_err());
            instance.abort().await;
            assert_eq!(instance.take_leaks(), Vec::<String>::new(), "{milliseconds} ms");
            assert_eq!(containers::all(&docker).await, Vec::<String>::new(), "{milliseconds} ms");
        }
    });
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn a_server_killed_in_a_call_is_named_with_its_signal_and_can_be_started_anew() {
    killed_in_a_call(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_a_server_killed_in_a_call_is_named_with_its_signal_and_can_be_started_anew() {
    killed_in_a_call(Platform::Podman);
}
