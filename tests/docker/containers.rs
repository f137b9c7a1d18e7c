//! Direct access to the engine, without hydrotest's code: lists its containers and changes them from outside.

use std::collections::HashMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};

use crate::harness::{LONG, Platform, run};

/// Connects to the engine.
pub async fn engine(on: Platform) -> Docker {
    let docker = Docker::connect_with_host(&on.host()).unwrap();
    assert!(docker.client_version() <= *API_DEFAULT_VERSION);
    docker.negotiate_version().await.unwrap()
}

/// hydrotest's containers, running or not.
pub async fn all(docker: &Docker) -> Vec<String> {
    let labels = HashMap::from([("label", vec!["hydrotest.instance"])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&labels).build();
    let listed = until("a list that can be read", async || {
        match docker.list_containers(Some(options.clone())).await {
            // Podman has a state between running and stopped that the client does not know.
            Err(Error::JsonDataError { .. }) => None,
            listed => Some(listed.unwrap()),
        }
    });
    let found = listed.await;
    found.into_iter().map(|container| container.id.unwrap()).collect()
}

/// Fails if there is one.
pub fn none_left(on: Platform, when: &str) {
    run(async {
        let left = all(&engine(on).await).await;
        assert!(left.is_empty(), "{when} there are containers: {left:?}");
    });
}

/// Waits until the only container is running.
pub async fn the_running_one(docker: &Docker) -> String {
    let running = until("a container that runs", async || {
        let all = all(docker).await;
        let [only] = all.as_slice() else { return None };
        let found = docker.inspect_container(only, None::<InspectContainerOptions>).await;
        let runs = found.is_ok_and(|found| found.state.is_some_and(|state| state.running == Some(true)));
        runs.then(|| only.clone())
    });
    running.await
}

/// Polls an engine until there is a result, because its events differ between engines.
async fn until<T>(what: &str, mut question: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(response) = question().await {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = tokio::time::timeout(LONG, found).await;
    found.unwrap_or_else(|_| panic!("timed out waiting for {what}"))
}

/// Sends a signal to the process in a container.
pub async fn signal(docker: &Docker, container: &str, name: &str) {
    let options = KillContainerOptionsBuilder::default().signal(name).build();
    docker.kill_container(container, Some(options)).await.unwrap();
}

/// Removes a container as `docker rm -f` does.
pub async fn remove(docker: &Docker, container: &str) {
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    docker.remove_container(container, Some(options)).await.unwrap();
}
