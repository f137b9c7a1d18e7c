//! The engine goes away while a container runs. A proxy in front of the real engine is shut down for this.

use std::path::Path;

use hydrotest::backend::registry::clean;
use hydrotest::backend::resources::Mode;
use hydrotest::backend::{Fault, Stage};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::containers::{self, all, engine, the_running_one};
use crate::harness::{Platform, SERVE, alone, open, request, run, select, table};
use crate::turns;

/// Forwards connections to the engine until it is aborted, which closes all of them.
fn proxy(socket: &Path, on: Platform) -> JoinHandle<()> {
    let listener = UnixListener::bind(socket).unwrap();
    let engine = on.host().trim_start_matches("unix://").to_owned();
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut ours, _)) = listener.accept().await {
            let engine = engine.clone();
            connections.spawn(async move {
                let mut theirs = UnixStream::connect(engine).await.unwrap();
                // How it ends does not matter.
                let _ = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
            });
        }
    })
}

#[test]
#[ignore = "needs HYDROTEST_DOCKER and HYDROTEST_REGISTRY"]
fn an_engine_that_stops_during_a_call_is_reported_with_a_command_that_finds_its_containers() {
    let (on, _alone) = alone(Platform::Docker);
    // A concurrent test on Podman would clean up the run that is lost here.
    let _podman = turns::alone(Platform::Podman.name());
    run(async {
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("engine.sock");
        let proxy = proxy(&socket, on);
        let text = table(on, SERVE).replace(&on.host(), &format!("unix://{}", socket.display()));
        let instance = open(&select(&text));
        instance.start().await.unwrap();
        let docker = engine(on).await;
        let container = the_running_one(&docker).await;
        containers::signal(&docker, &container, "SIGSTOP").await;
        let call = request();
        let (result, ()) = tokio::join!(instance.predict(&call), async {
            proxy.abort();
            std::fs::remove_file(&socket).unwrap();
        });
        let error = result.unwrap_err();
        assert_eq!((error.stage, error.fault), (Stage::Call, Fault::Unreachable));
        assert!(error.message.contains("has stopped answering"), "{error}");
        assert!(error.message.contains("docker ps -a --filter label=hydrotest.instance"), "{error}");
        let stopped = instance.stop().await.unwrap();
        assert_eq!(stopped.stage, Stage::Shutdown);
        // Without the engine, the leak check is unknown: neither a leak nor "nothing left" is reported.
        let unknown = instance.take_report().failed_checks;
        assert!(unknown.iter().any(|line| line.contains("resources could not be listed")), "{unknown:?}");
        drop(instance);
        // Once the engine is back, the next run removes the container.
        let proxy = self::proxy(&socket, on);
        let cleaned = clean(Mode::Remove).await;
        assert_eq!((cleaned.runs, cleaned.warnings), (1, Vec::new()));
        assert_eq!(all(&docker).await, Vec::<String>::new());
        proxy.abort();
    });
}
