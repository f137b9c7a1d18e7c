//! Containers that are killed or removed from outside, and abandoned starts. How a server itself ends is tested in `reported`.

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
        // While stopped, it accepts the call and never responds.
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
fn a_container_that_is_removed_during_a_call_is_reported() {
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
        let seen = ["removed from outside", "SIGKILL"].iter().any(|part| error.message.contains(part));
        assert!(seen, "{error}");
        assert_eq!(instance.stop().await, None);
        assert_eq!(instance.take_leaks(), Vec::<String>::new());
    });
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn an_abandoned_start_leaves_nothing() {
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
    // Abandoned at different moments, from the first one on.
    run(async {
        let docker = engine(on).await;
        let platform = declared(on, SLEEPER);
        // The delay is the point.
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
fn a_server_killed_in_a_call_is_reported_with_the_signal_and_can_be_restarted() {
    killed_in_a_call(Platform::Docker);
}

#[test]
#[ignore = "needs HYDROTEST_PODMAN and HYDROTEST_REGISTRY"]
fn on_podman_a_server_killed_in_a_call_is_reported_with_the_signal_and_can_be_restarted() {
    killed_in_a_call(Platform::Podman);
}
