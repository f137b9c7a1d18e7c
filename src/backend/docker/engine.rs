//! A connection to an engine, and its errors as sentences: the engine's own words, what they mean, what to try. Every request is bounded
//! in time. It does not know images or launches.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as _;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::models::{ContainerInspectResponse, ContainerSummary};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};

use super::host;
use crate::backend::image;
use crate::backend::{BackendError, Fault, Stage};

/// How long the engine may take for one response.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the engine may take for a response that waits for an event. Longer than anything that is waited for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a request about containers is repeated if one is in a state that the API does not have, and the time between.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(50);

const FORWARD: &str =
    "`ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`, then `host = \"unix:///tmp/engine.sock\"`";
const START: &str = "start it (`systemctl start docker`, `podman system service -t 0`, Docker Desktop), or say where it is by \
                     DOCKER_HOST or `host`";

/// An engine that answers.
#[derive(Clone)]
pub(super) struct Engine {
    /// The connection.
    pub(super) docker: Docker,
    /// Its address.
    pub(super) host: String,
    /// Its architecture, by the name in image manifests.
    pub(super) architecture: String,
    /// Name, version and API version, such as `Docker 20.10.24 (API 1.41)`.
    pub(super) version: String,
}

/// The identity of an engine.
#[derive(Clone)]
struct Identity {
    interface: ClientVersion,
    architecture: String,
    version: String,
}

/// The engines that this process has connected to, by address. Podman takes half a second to report its version, because it queries the
/// system's packages each time.
static MET: Mutex<BTreeMap<String, Identity>> = Mutex::new(BTreeMap::new());

/// The response of an engine, or its error.
type EngineResult<T> = Result<T, EngineError>;

impl Engine {
    /// Connects to the engine that the table, the environment or the machine names, and negotiates a version.
    ///
    /// # Errors
    /// If there is no engine, or the connection fails.
    pub(super) async fn find(declared: Option<&str>) -> Result<Self, BackendError> {
        let (host, named) = host::find(declared, &host::variable);
        Self::connect(&host, named).await
    }

    /// Connects to the engine at an address.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(super) async fn connect(host: &str, named: &str) -> Result<Self, BackendError> {
        let unusable = |message| Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
        let met = MET.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let interface = met.as_ref().map_or(API_DEFAULT_VERSION, |met| &met.interface);
        let docker = match host.split_once("://").map(|(scheme, _)| scheme) {
            Some("unix") => Docker::connect_with_unix(host, LONGEST.as_secs(), interface),
            Some("tcp" | "http") if std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty()) => {
                return unusable(format!(
                    "{host} is to be reached over TLS (DOCKER_TLS_VERIFY), which this harness does not speak to engines; \
                     forward its socket: {FORWARD}"
                ));
            }
            Some("tcp" | "http") => Docker::connect_with_http(host, LONGEST.as_secs(), interface),
            _ => {
                return unusable(format!(
                    "{host} ({named}) is no address that this harness can reach an engine at: `unix://` and `tcp://` are; for \
                     an engine behind ssh, forward its socket: {FORWARD}"
                ));
            }
        };
        let mut docker = docker.map_err(|error| unreachable(host, named, &error))?;
        let identity = match met {
            Some(met) => bounded("telling that it is there", docker.ping()).await?.map(|_| met),
            None => bounded("agreeing on a version", meet(&mut docker)).await?.inspect(|identity| {
                let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
                met.insert(host.to_owned(), identity.clone());
            }),
        };
        let Identity { architecture, version, .. } = identity.map_err(|error| unreachable(host, named, &error))?;
        Ok(Self { docker, host: host.to_owned(), architecture, version })
    }

    /// Inspects a container.
    ///
    /// # Errors
    /// If the engine does not answer; the inner error if it answers with an error.
    pub(super) async fn inspect(
        &self,
        container: &str,
    ) -> Result<EngineResult<ContainerInspectResponse>, BackendError> {
        let inspect = || self.docker.inspect_container(container, None::<InspectContainerOptions>);
        in_known_states("looking at a container", inspect).await
    }

    /// All containers with a label, running or not.
    ///
    /// # Errors
    /// As [`Self::inspect`].
    pub(super) async fn labelled(&self, label: &str) -> Result<EngineResult<Vec<ContainerSummary>>, BackendError> {
        let labels = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&labels).build();
        in_known_states("listing containers", || self.docker.list_containers(Some(options.clone()))).await
    }

    /// The machine of the engine, if its address is not on this machine.
    pub(super) fn remote(&self) -> Option<&str> {
        let (_, rest) = self.host.split_once("://").filter(|(scheme, _)| matches!(*scheme, "tcp" | "http"))?;
        let authority = rest.split('/').next().unwrap_or(rest);
        let machine = authority.rsplit_once(':').map_or(authority, |(machine, _)| machine);
        let is_local = machine == "localhost" || machine.starts_with("127.") || machine == "[::1]";
        (!is_local).then_some(machine)
    }
}

/// Negotiates a version with an engine and asks for its identity.
async fn meet(docker: &mut Docker) -> EngineResult<Identity> {
    *docker = docker.clone().negotiate_version().await?;
    let version = docker.version().await?;
    let brand = match version.components.iter().flatten().next().map(|component| component.name.as_str()) {
        None => "engine",
        Some("Engine") => "Docker",
        Some(brand) => brand,
    };
    let interface = docker.client_version();
    Ok(Identity {
        version: format!("{brand} {} (API {interface})", version.version.unwrap_or_default()),
        architecture: image::architecture(&version.arch.unwrap_or_default()),
        interface,
    })
}

/// The response to a request about containers. Podman reports a container that has exited and is not cleaned up yet as `stopped`, a state
/// that Docker's API does not have. The request is repeated until no container has it.
async fn in_known_states<T, Answer>(what: &str, ask: impl Fn() -> Answer) -> Result<EngineResult<T>, BackendError>
where
    Answer: Future<Output = EngineResult<T>>,
{
    for _ in 1..LOOKS {
        match bounded(what, ask()).await? {
            Err(EngineError::JsonDataError { .. }) => tokio::time::sleep(PAUSE).await,
            response => return Ok(response),
        }
    }
    bounded(what, ask()).await
}

/// The response to a request that the engine answers at once.
///
/// # Errors
/// If there is no response in time.
pub(super) async fn bounded<T>(what: &str, response: impl Future<Output = T>) -> Result<T, BackendError> {
    tokio::time::timeout(PATIENCE, response).await.map_err(|_| {
        let message = format!(
            "the engine did not answer within {} s ({what}); is it overloaded or stuck? `docker info` asks the same",
            PATIENCE.as_secs()
        );
        BackendError::new(Stage::Launch, Fault::Timeout, message)
    })
}

/// The status and the message of an engine that refused a request.
pub(super) fn refusal(error: &EngineError) -> Option<(u16, &str)> {
    match error {
        EngineError::DockerResponseServerError { status_code, message } => Some((*status_code, message.trim())),
        _ => None,
    }
}

/// Whether the engine reports that the object does not exist.
pub(super) fn is_missing(error: &EngineError) -> bool {
    refusal(error).is_some_and(|(status, _)| status == 404)
}

/// The message of an error: the engine's own, or the system's error of the connection.
pub(super) fn message(error: &EngineError) -> String {
    match (refusal(error), error) {
        (Some((_, message)), _) => message.to_owned(),
        (None, EngineError::DockerStreamError { error }) => error.clone(),
        // The connection's own error is the innermost. The outer ones only say that something failed.
        _ => connection(error).map_or_else(|| error.to_string(), ToString::to_string),
    }
}

/// The system's error behind a failed connection.
fn connection(error: &EngineError) -> Option<&io::Error> {
    let own = match error {
        EngineError::IOError { err } => Some(err),
        _ => None,
    };
    let sources = std::iter::successors(error.source(), |&source| source.source());
    sources.filter_map(|source| source.downcast_ref()).last().or(own)
}

/// The error of a connection that failed.
fn unreachable(host: &str, named: &str, error: &EngineError) -> BackendError {
    let unreachable = |message| BackendError::new(Stage::Launch, Fault::Unreachable, message);
    if let Some((status, message)) = refusal(error) {
        return unreachable(format!("what answers at {host} ({named}) is no engine: status {status}, {message}"));
    }
    let missing = matches!(error, EngineError::SocketNotFoundError(_));
    let (what, advice) = match connection(error).map(io::Error::kind) {
        _ if missing => ("there is no such socket", START),
        Some(io::ErrorKind::NotFound) => ("there is no such socket", START),
        Some(io::ErrorKind::ConnectionRefused) => ("no process listens there", START),
        Some(io::ErrorKind::PermissionDenied) => (
            "permission denied",
            "join the group that owns the socket (`sudo usermod -aG docker $USER`, then log in anew), or use a rootless engine",
        ),
        _ => ("it cannot be talked to", "check with `docker version`"),
    };
    let detail = if missing { String::new() } else { format!(" ({})", message(error)) };
    unreachable(format!("no engine at {host}, which comes from {named}: {what}{detail}; {advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str) -> Engine {
        Engine {
            docker: Docker::connect_with_http("tcp://127.0.0.1:1", 1, API_DEFAULT_VERSION).unwrap(),
            host: host.to_owned(),
            architecture: String::new(),
            version: String::new(),
        }
    }

    #[test]
    fn a_socket_is_here_and_a_named_machine_is_not() {
        assert_eq!(at("unix:///var/run/docker.sock").remote(), None);
        assert_eq!(at("tcp://127.0.0.1:2375").remote(), None);
        assert_eq!(at("tcp://gpu-node:2375").remote(), Some("gpu-node"));
    }

    #[tokio::test]
    async fn what_cannot_be_an_engine_is_named_with_what_to_do() {
        let error = async |host: &str| Engine::connect(host, "`host`").await.err().unwrap();
        let missing = error("unix:///no/such/docker.sock").await;
        assert_eq!(missing.fault, Fault::Unreachable);
        insta::assert_snapshot!(missing.message, @"no engine at unix:///no/such/docker.sock, which comes from `host`: there is no such socket; start it (`systemctl start docker`, `podman system service -t 0`, Docker Desktop), or say where it is by DOCKER_HOST or `host`");
        let refused = error("tcp://127.0.0.1:1").await;
        insta::assert_snapshot!(refused.message, @"no engine at tcp://127.0.0.1:1, which comes from `host`: no process listens there (Connection refused (os error 111)); start it (`systemctl start docker`, `podman system service -t 0`, Docker Desktop), or say where it is by DOCKER_HOST or `host`");
        let ssh = error("ssh://node").await;
        assert_eq!(ssh.fault, Fault::Misconfigured);
        insta::assert_snapshot!(ssh.message, @r#"ssh://node (`host`) is no address that this harness can reach an engine at: `unix://` and `tcp://` are; for an engine behind ssh, forward its socket: `ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`, then `host = "unix:///tmp/engine.sock"`"#);
    }
}
