//! The engine itself, asked without any code of hydrotest: which containers it has, and what is done to them from outside.

use std::collections::HashMap;
use std::time::Duration;

use bollard::errors::Error;
use bollard::query_parameters::{
    InspectContainerOptions, KillContainerOptionsBuilder, ListContainersOptionsBuilder, RemoveContainerOptionsBuilder,
};
use bollard::{API_DEFAULT_VERSION, Docker};

use crate::harness::{LONG, Platform, run};

/// A connection.
pub async fn engine(on: Platform) -> Docker {
    let docker = Docker::connect_with_host(&on.host()).unwrap();
    assert!(docker.client_version() <= *API_DEFAULT_VERSION);
    docker.negotiate_version().await.unwrap()
}

/// The containers of hydrotest, running or not.
pub async fn all(docker: &Docker) -> Vec<String> {
    let labels = HashMap::from([("label", vec!["hydrotest.instance"])]);
    let options = ListContainersOptionsBuilder::default()
        .all(true)
        .filters(&labels)
        .build();
    let listed = async {
        loop {
            match docker.list_containers(Some(options.clone())).await {
                // Podman has a state between running and ended that the client does not know.
                Err(Error::JsonDataError { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                listed => return listed.unwrap(),
            }
        }
    };
    let found = tokio::time::timeout(LONG, listed).await.expect("no list can be read");
    found.into_iter().map(|container| container.id.unwrap()).collect()
}

/// Fails when there is one.
pub fn none_left(on: Platform, when: &str) {
    run(async {
        let left = all(&engine(on).await).await;
        assert!(left.is_empty(), "{when} there are containers: {left:?}");
    });
}

/// Waits for the only container to be there and running.
pub async fn the_running_one(docker: &Docker) -> String {
    let running = async {
        loop {
            if let [only] = all(docker).await.as_slice() {
                let found = docker.inspect_container(only, None::<InspectContainerOptions>).await;
                if found.is_ok_and(|found| found.state.is_some_and(|state| state.running == Some(true))) {
                    return only.clone();
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, running).await.expect("no container runs")
}

/// Sends a signal to what runs in a container.
pub async fn signal(docker: &Docker, container: &str, name: &str) {
    let options = KillContainerOptionsBuilder::default().signal(name).build();
    docker.kill_container(container, Some(options)).await.unwrap();
}

/// Removes a container as `docker rm -f` does.
pub async fn remove(docker: &Docker, container: &str) {
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    docker.remove_container(container, Some(options)).await.unwrap();
}
