//! Finds and removes the containers of a run by their label, on the engine where they were created.

use bollard::models::ContainerSummary;
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use serde_json::{Value, json};

use super::container::INSTANCE;
use super::engine::{self, Engine, bounded};
use crate::backend::resources::{Resource, ResourceFinder, is_labelled};
use crate::backend::{BackendError, Fault, Stage, Work};

/// The value of `kind`: whose records this finder reads.
pub(super) const NAME: &str = "docker";

/// Identifiers are shortened to the length that the docker command shows.
const SHOWN: usize = 12;

/// The record of the engine that a run uses.
pub(super) fn record(engine: &Engine) -> Value {
    json!({"host": engine.host})
}

/// Opens the finder of a recorded engine.
///
/// # Errors
/// If the record names no engine.
pub(super) fn open(record: &Value) -> Result<Box<dyn ResourceFinder>, BackendError> {
    match record.get("host").and_then(Value::as_str) {
        Some(host) => Ok(Box::new(Containers(host.to_owned()))),
        None => Err(BackendError::new(Stage::Shutdown, Fault::Internal, format!("{record} names no engine"))),
    }
}

/// The containers on the engine at an address.
struct Containers(String);

impl Containers {
    async fn engine(&self) -> Result<Engine, BackendError> {
        Engine::connect(&self.0, "the run's own record").await
    }
}

impl ResourceFinder for Containers {
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async move {
            let listed = self.engine().await?.labelled(INSTANCE).await?;
            let listed = listed.map_err(|error| failed("list the containers", &error))?;
            Ok(listed.into_iter().filter_map(|found| resource(found, labels)).collect())
        })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(async move { remove(&self.engine().await?, &resource.id).await })
    }
}

/// Removes a container, running or not, with its volumes. Not an error if it is gone already.
///
/// # Errors
/// If the engine does not remove it.
pub(super) async fn remove(engine: &Engine, container: &str) -> Result<(), BackendError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match bounded("removing a container", engine.docker.remove_container(container, Some(options))).await? {
        // 409: its removal is in progress.
        Err(error) if engine::refusal(&error).is_some_and(|(status, _)| matches!(status, 404 | 409)) => Ok(()),
        removed => removed.map_err(|error| failed(&format!("remove the container {container}"), &error)),
    }
}

fn resource(found: ContainerSummary, labels: &[String]) -> Option<Resource> {
    if !is_labelled(found.labels.as_ref()?.get(INSTANCE)?, labels) {
        return None;
    }
    let name = found.names.iter().flatten().next().map_or("", |name| name.trim_start_matches('/'));
    let mut parts = vec![name.to_owned(), found.image.unwrap_or_default(), found.status.unwrap_or_default()];
    parts.retain(|part| !part.is_empty());
    let id: String = found.id?.chars().take(SHOWN).collect();
    Some(Resource::new("container", id).with_detail(parts.join(", ")))
}

fn failed(what: &str, error: &bollard::errors::Error) -> BackendError {
    let message = format!("the engine did not {what}: {}", engine::message(error));
    BackendError::new(Stage::Shutdown, Fault::Unreachable, message)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    use super::*;

    /// An engine that answers each request with the next of these, and says no more after the last.
    async fn engine(listener: UnixListener, responses: Vec<String>) {
        for response in responses {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            let length = response.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all((head + &response).as_bytes()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_container_that_podman_calls_stopped_is_listed_once_it_has_ended() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("engine.sock");
        let version = json!({"Version": "4.3.1", "ApiVersion": "1.41", "Arch": "amd64"}).to_string();
        let listed = |state: &str| {
            let labels = json!({INSTANCE: "hydrotest-5f0c-1"});
            json!([{"Id": "0123456789abcdef", "Labels": labels, "State": state}]).to_string()
        };
        let responses = vec![version.clone(), version, listed("stopped"), listed("exited")];
        let answering = engine(UnixListener::bind(&socket).unwrap(), responses);
        let finder = open(&json!({"host": format!("unix://{}", socket.display())})).unwrap();
        let labels = ["hydrotest-5f0c".to_owned()];
        let (found, ()) = tokio::join!(finder.find(&labels), answering);
        let found: Vec<String> = found.unwrap().into_iter().map(|resource| resource.id).collect();
        assert_eq!(found, ["0123456789ab"]);
    }
}
