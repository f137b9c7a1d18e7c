//! A connection to an engine, and its errors in words: what the engine said, what that means, what to try. Every question is
//! bounded in time. Knows nothing of images and containers.

use std::collections::{BTreeMap, HashMap};
use std::error::Error as _;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, ContainerSummary};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};

use super::host::{self, Environment};
use crate::backend::image;
use crate::backend::{BackendError, Fault, Stage};

/// How long the engine may take for one response.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a response's head may take where it comes when something has ended; longer than anything that is waited for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How often containers are looked at again when one is in a state of which the interface knows nothing, and how long between.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// An engine that answers.
#[derive(Clone)]
pub(super) struct Engine {
    /// The connection.
    pub(super) docker: Docker,
    /// Its address.
    pub(super) host: String,
    /// Its architecture, as images call it.
    pub(super) architecture: String,
    /// Name, version and interface, such as `Docker 20.10.24 (API 1.41)`.
    pub(super) version: String,
}

/// What an engine has said of itself.
#[derive(Clone)]
struct Identity {
    interface: ClientVersion,
    architecture: String,
    version: String,
}

/// The engines that this process has talked to, by address. Podman asks the system's packages whenever it is asked for its
/// version, and takes half a second for that.
static MET: Mutex<BTreeMap<String, Identity>> = Mutex::new(BTreeMap::new());

impl Engine {
    /// Connects to the engine that the table, the environment or the machine names, and agrees on a version with it.
    ///
    /// # Errors
    /// When there is none, or it cannot be talked to.
    pub(super) async fn find(declared: Option<&str>) -> Result<Self, BackendError> {
        let environment: Environment<'_> = &|name| std::env::var(name).ok();
        let (host, named) = host::find(declared, environment);
        Self::connect(&host, named).await
    }

    /// Connects to the engine at an address.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(super) async fn connect(host: &str, named: &str) -> Result<Self, BackendError> {
        let unusable = |message: String| BackendError::new(Stage::Launch, Fault::Misconfigured, message);
        let met = MET.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned();
        let interface = met.as_ref().map_or(API_DEFAULT_VERSION, |met| &met.interface);
        let docker = match host.split_once("://").map(|(scheme, _)| scheme) {
            Some("unix") => Docker::connect_with_unix(host, LONGEST.as_secs(), interface),
            Some("tcp" | "http") => {
                if std::env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty()) {
                    return Err(unusable(format!(
                        "{host} is to be reached over TLS (DOCKER_TLS_VERIFY), which this harness does not speak to engines; \
                         forward its socket: {FORWARD}"
                    )));
                }
                Docker::connect_with_http(host, LONGEST.as_secs(), interface)
            }
            _ => {
                return Err(unusable(format!(
                    "{host} ({named}) is no address that this harness can reach an engine at: `unix://` and `tcp://` are; for \
                     an engine behind ssh, forward its socket: {FORWARD}"
                )));
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
        let identity = identity.map_err(|error| unreachable(host, named, &error))?;
        Ok(Self { docker, host: host.to_owned(), architecture: identity.architecture, version: identity.version })
    }

    /// Looks at a container.
    ///
    /// # Errors
    /// When the engine does not answer; the inner error when it does not tell.
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
        let list = || self.docker.list_containers(Some(options.clone()));
        in_known_states("listing containers", list).await
    }

    /// Whether it is a machine other than this one, as far as its address tells.
    pub(super) fn remote(&self) -> Option<&str> {
        let (_, rest) = self.host.split_once("://").filter(|(scheme, _)| matches!(*scheme, "tcp" | "http"))?;
        let authority = rest.split('/').next().unwrap_or(rest);
        let machine = authority.rsplit_once(':').map_or(authority, |(machine, _)| machine);
        let here = machine == "localhost" || machine.starts_with("127.") || machine == "[::1]";
        (!here).then_some(machine)
    }
}

/// Agrees on a version with an engine and asks who it is.
async fn meet(docker: &mut Docker) -> EngineResult<Identity> {
    *docker = docker.clone().negotiate_version().await?;
    let version = docker.version().await?;
    let brand = version.components.iter().flatten().next();
    let brand = brand.map_or("engine", |component| component.name.as_str());
    let brand = if brand == "Engine" { "Docker" } else { brand };
    let number = version.version.unwrap_or_default();
    let interface = docker.client_version();
    Ok(Identity {
        version: format!("{brand} {number} (API {interface})"),
        architecture: image::architecture(&version.arch.unwrap_or_default()),
        interface,
    })
}

const FORWARD: &str =
    "`ssh -nNT -L /tmp/engine.sock:/var/run/docker.sock HOST`, then `host = \"unix:///tmp/engine.sock\"`";

/// What an engine tells, or why it does not.
type EngineResult<T> = Result<T, bollard::errors::Error>;

/// The response to a question about containers. Podman calls one that has ended and is not cleared away yet `stopped`, which is no
/// state of Docker's interface; it is asked again until each has one.
async fn in_known_states<T, Answer>(what: &str, ask: impl Fn() -> Answer) -> Result<EngineResult<T>, BackendError>
where
    Answer: Future<Output = EngineResult<T>>,
{
    let mut looks = 1;
    loop {
        match bounded(what, ask()).await? {
            Err(bollard::errors::Error::JsonDataError { .. }) if looks < LOOKS => looks += 1,
            reported => return Ok(reported),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The response to a question that the engine answers at once.
///
/// # Errors
/// When no response comes.
pub(super) async fn bounded<T>(what: &str, response: impl Future<Output = T>) -> Result<T, BackendError> {
    tokio::time::timeout(PATIENCE, response).await.map_err(|_| silent(what))
}

fn silent(what: &str) -> BackendError {
    let message = format!(
        "the engine did not answer within {} s ({what}); is it overloaded or stuck? `docker info` asks the same",
        PATIENCE.as_secs()
    );
    BackendError::new(Stage::Launch, Fault::Timeout, message)
}

/// The status and the words of an engine that refused something.
pub(super) fn refusal(error: &bollard::errors::Error) -> Option<(u16, &str)> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, message } => {
            Some((*status_code, message.trim()))
        }
        _ => None,
    }
}

/// Whether the engine says that there is no such thing.
pub(super) fn is_missing(error: &bollard::errors::Error) -> bool {
    refusal(error).is_some_and(|(status, _)| status == 404)
}

/// An error in a sentence: the engine's own words, or how the connection broke.
pub(super) fn words(error: &bollard::errors::Error) -> String {
    if let Some((_, message)) = refusal(error) {
        return message.to_owned();
    }
    if let bollard::errors::Error::DockerStreamError { error } = error {
        return error.clone();
    }
    // The connection's own error is the innermost; those around it say only that something failed.
    connection(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The system's error behind a failed connection.
fn connection(error: &bollard::errors::Error) -> Option<&io::Error> {
    let mut source = error.source();
    let mut found = match error {
        bollard::errors::Error::IOError { err } => Some(err),
        _ => None,
    };
    while let Some(inner) = source {
        found = inner.downcast_ref().or(found);
        source = inner.source();
    }
    found
}

/// No engine there, or none for us.
fn unreachable(host: &str, named: &str, error: &bollard::errors::Error) -> BackendError {
    if let Some((status, message)) = refusal(error) {
        let message = format!("what answers at {host} ({named}) is no engine: status {status}, {message}");
        return BackendError::new(Stage::Launch, Fault::Unreachable, message);
    }
    let kind = connection(error).map(io::Error::kind);
    let missing = matches!(error, bollard::errors::Error::SocketNotFoundError(_));
    let (what, advice) = match kind {
        _ if missing => ("there is no such socket", START),
        Some(io::ErrorKind::NotFound) => ("there is no such socket", START),
        Some(io::ErrorKind::ConnectionRefused) => ("no process listens there", START),
        Some(io::ErrorKind::PermissionDenied) => (
            "permission denied",
            "join the group that owns the socket (`sudo usermod -aG docker $USER`, then log in anew), or use a rootless engine",
        ),
        _ => ("it cannot be talked to", "check with `docker version`"),
    };
    let detail = if missing { String::new() } else { format!(" ({})", words(error)) };
    let message = format!("no engine at {host}, which comes from {named}: {what}{detail}; {advice}");
    BackendError::new(Stage::Launch, Fault::Unreachable, message)
}

const START: &str = "start it (`systemctl start docker`, `podman system service -t 0`, Docker Desktop), or say where it is by \
                     DOCKER_HOST or `host`";

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
