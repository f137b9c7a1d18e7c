//! Launches a model server as a container: pulls the image, creates and starts the container, and finds the port that the engine chose.
//! Stops and removes it. Does not wait for readiness and speaks no protocol of the model's.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::errors::Error as EngineError;
use bollard::models::{ContainerInspectResponse, ImageInspect};
use bollard::query_parameters::{CreateContainerOptionsBuilder, StartContainerOptions, StopContainerOptionsBuilder};
use tokio::task::JoinHandle;

use super::container::{self, LOOPBACK};
use super::engine::{self, Engine, bounded};
use super::settings::{DockerSettings, Gpus};
use super::spec::ContainerSpec;
use super::watch::{ContainerExit, ContainerWatcher, DockerLogWriter};
use super::{finder, host, pull};
use crate::backend::kind::LaunchSpec;
use crate::backend::launcher::{Endpoint, Launcher, ServerExit, killed};
use crate::backend::local::log_path;
use crate::backend::supervise::Log;
use crate::backend::{BackendError, Fault, Stage, Watch, Work};
use crate::os::PortOwner;
use crate::wire::Secret;

/// How long a creation that was dropped may take to complete.
const CREATION: Duration = Duration::from_secs(15);
/// How much longer than the grace period the engine may take to stop a container.
const STOPPING: Duration = Duration::from_secs(4);
/// How long a report may take that probably does not come: of an exit after a stop, or of a container that seems to run.
const STOP_REPORT: Duration = Duration::from_secs(5);
/// How long the report of an exit that has happened may take, and the rest of its log.
const EXIT_REPORT: Duration = Duration::from_secs(30);

/// Runs one container at a time.
pub(super) struct DockerLauncher {
    settings: Arc<DockerSettings>,
    spec: ContainerSpec,
    engine: Option<Engine>,
    /// A requested creation. It continues when the launch is dropped, so that its outcome is known.
    creation: Option<JoinHandle<Result<String, EngineError>>>,
    container: Option<String>,
    watcher: Option<ContainerWatcher>,
    log: Option<Log>,
    launches: usize,
}

impl DockerLauncher {
    pub(super) const fn new(settings: Arc<DockerSettings>, spec: ContainerSpec) -> Self {
        Self { settings, spec, engine: None, creation: None, container: None, watcher: None, log: None, launches: 0 }
    }

    async fn start(&mut self, launch: &LaunchSpec, secret: &Secret) -> Result<Endpoint, BackendError> {
        self.launches += 1;
        let (host, named) = host::find(self.spec.host.as_deref(), &host::variable);
        let step = |step: String| launch.progress.set(Stage::Launch, step);
        step(format!("waiting for the engine at {host}"));
        let engine = Engine::connect(&host, named).await?;
        let machine = self.machine(&engine)?;
        let log_dir = self.settings.log_dir.as_deref();
        let (log, mut writer) = log_path(log_dir, &launch.contract.key, &launch.instance, self.launches)
            .and_then(|path| DockerLogWriter::create(&path, secret))
            .map_err(|error| BackendError::internal_at_launch("no log can be kept", &error))?;
        self.log = Some(log);
        let image = pull::ensure(&engine, &self.spec, &self.settings, &mut writer, &launch.progress).await?;
        launch.facts.version("engine", &engine.version);
        step(format!("creating a container of {}", self.spec.image));
        launch.instance.record(finder::NAME, &finder::record(&engine))?;
        self.engine = Some(engine.clone());
        let id = self.create(&engine, launch, secret).await?;
        step(format!("starting a container of {}", self.spec.image));
        let started = engine.docker.start_container(&id, None::<StartContainerOptions>);
        bounded("starting a container", started).await?.map_err(|error| self.not_made("start", &error))?;
        let output = writer.follow(&engine, &id);
        self.watcher = Some(ContainerWatcher::new(&engine, &id, self.settings.memory, output));
        let inspected = engine.inspect(&id).await?.map_err(|error| self.not_made("tell the port of", &error))?;
        self.report_image(launch, &image, inspected.image.as_deref());
        match published(&inspected, self.settings.port) {
            Some(port) => Ok(Endpoint {
                url: format!("http://{machine}:{port}"),
                port: engine.remote().is_none().then_some(port),
            }),
            None => Err(self.without_port(&inspected).await),
        }
    }

    /// Reports the image that the container runs, because its tag may have moved since it was pulled.
    fn report_image(&self, launch: &LaunchSpec, image: &ImageInspect, running: Option<&str>) {
        let Some(running) = running else { return };
        let name = format!("image {}", self.spec.image);
        launch.facts.version(&name, running);
        if let Some(digest) = pull::registry_digest(image).filter(|_| image.id.as_deref() == Some(running)) {
            launch.facts.version(format!("{name} in its registry"), digest);
        }
    }

    /// Creates the container in a task of its own, because a request that was dropped would create one unnoticed.
    async fn create(&mut self, engine: &Engine, launch: &LaunchSpec, secret: &Secret) -> Result<String, BackendError> {
        let body = container::body(&self.settings, &self.spec, launch, secret);
        let name = format!("{}-{}", launch.instance.label(), self.launches);
        let mut options = CreateContainerOptionsBuilder::default().name(&name);
        if let Some(platform) = &self.settings.platform {
            options = options.platform(platform);
        }
        let pending = launch.instance.pending("the creation of a container")?;
        let (docker, options) = (engine.docker.clone(), options.build());
        let creation = self.creation.insert(tokio::spawn(async move {
            let created = docker.create_container(Some(options), body).await;
            if created.as_ref().map_or_else(|error| engine::refusal(error).is_some(), |_| true) {
                pending.confirm();
            }
            created.map(|created| created.id)
        }));
        let created = bounded("creating a container", creation).await?;
        self.creation = None;
        let created = created
            .map_err(|error| BackendError::internal_at_launch("the creation of a container broke off", &error))?;
        let id = created.map_err(|error| self.not_made("create", &error))?;
        Ok(self.container.insert(id).clone())
    }

    /// The machine at which the published port can be reached.
    fn machine(&self, engine: &Engine) -> Result<String, BackendError> {
        match (self.settings.address, engine.remote()) {
            (None, Some(machine)) => Err(BackendError::new(
                Stage::Launch,
                Fault::Misconfigured,
                format!(
                    "the engine is on {machine}, where a port published on loopback cannot be reached; forward its socket and \
                     ports, or say with `address` on which of its addresses the server, which authenticates no client, may listen"
                ),
            )),
            (Some(address), Some(machine)) if address.is_unspecified() => Ok(machine.to_owned()),
            (address, _) => Ok(match address.filter(|address| !address.is_unspecified()).unwrap_or(LOOPBACK) {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            }),
        }
    }

    /// The error of a request for a container that the engine refused.
    fn not_made(&self, verb: &str, error: &EngineError) -> BackendError {
        let fault = if engine::refusal(error).is_some() { Fault::Misconfigured } else { Fault::Unreachable };
        let advice = if self.spec.gpus == Gpus::None {
            ""
        } else {
            "; it was asked for GPUs, which need the NVIDIA container toolkit on the engine's machine \
             (`nvidia-ctk runtime configure`); `gpus = \"none\"` and `--device cpu` do without"
        };
        let (image, reason) = (&self.spec.image, engine::message(error));
        let message = format!("the engine did not {verb} a container of {image}: {reason}{advice}");
        BackendError::new(Stage::Launch, fault, message)
    }

    /// The error of a container without a port: it has exited already, or the engine publishes no port on its network.
    async fn without_port(&self, found: &ContainerInspectResponse) -> BackendError {
        let runs = found.state.as_ref().is_some_and(|state| state.running == Some(true));
        let limit = if runs { STOP_REPORT } else { EXIT_REPORT };
        if let Ok(server_exit) = tokio::time::timeout(limit, self.exited()).await {
            return server_exit.during(Stage::Ready, "before it was ready").with_log(self.final_log().await);
        }
        let (network, port) = (self.settings.network.as_deref().unwrap_or("default"), self.settings.port);
        let message = format!(
            "the engine publishes no port for the container on the network `{network}`; expected port {port} of the container on a \
             free port of the engine's machine"
        );
        BackendError::new(Stage::Launch, Fault::Misconfigured, message)
    }

    async fn stop(&mut self) -> Result<(), BackendError> {
        let Some(engine) = self.engine.clone() else {
            return Ok(());
        };
        if let Some(mut creation) = self.creation.take() {
            match tokio::time::timeout(CREATION, &mut creation).await {
                Ok(Ok(Ok(id))) => self.container = Some(id),
                Ok(_) => {}
                Err(_) => {
                    // The container may still be created. The leak check looks for it when the run has ended.
                    creation.abort();
                    let _ = creation.await;
                }
            }
        }
        let Some(container) = self.container.clone() else {
            self.engine = None;
            return Ok(());
        };
        let killed = self.end(&engine, &container).await;
        let removed = finder::remove(&engine, &container).await;
        if removed.is_ok() {
            self.container = None;
            self.engine = None;
        }
        self.watcher = None;
        removed.and(killed.map_or(Ok(()), Err))
    }

    /// Completes when the container has exited. Never completes if none is watched.
    async fn container_exit(&self) -> ContainerExit {
        match &self.watcher {
            Some(watcher) => watcher.exited().await,
            None => std::future::pending().await,
        }
    }

    /// Asks the server to exit; the engine kills it after the grace period. Returns an error if that was necessary.
    async fn end(&self, engine: &Engine, container: &str) -> Option<BackendError> {
        if self.watcher.as_ref().is_some_and(ContainerWatcher::has_exited) {
            return None;
        }
        let grace = self.settings.grace;
        // The engine counts in whole seconds.
        let seconds = i32::try_from(grace.as_millis().div_ceil(1000)).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        let asked = Instant::now();
        // A failure does not matter, because the removal that follows is forced.
        let stopped = engine.docker.stop_container(container, Some(options));
        let is_late = tokio::time::timeout(grace + STOPPING, stopped).await.is_err();
        let took = asked.elapsed();
        // Without one, no start was reported.
        let watcher = self.watcher.as_ref()?;
        match tokio::time::timeout(STOP_REPORT, watcher.exited()).await {
            Ok(exit) if took < grace || !exit.killed => None,
            Ok(_) => Some(killed(grace).with_log(self.log_within(STOP_REPORT).await)),
            Err(_) if is_late => {
                let seconds = (grace + STOPPING).as_secs_f64();
                let message =
                    format!("the engine did not stop the container within {seconds} s, and it was removed by force");
                Some(BackendError::new(Stage::Shutdown, Fault::Timeout, message).with_log(self.log_tail()))
            }
            Err(_) => None,
        }
    }

    /// The last lines of the log of a container that has exited, with a remark if they do not arrive in time.
    async fn log_within(&self, limit: Duration) -> Vec<String> {
        let Some(log) = &self.log else { return Vec::new() };
        // The log ends when the task that follows the output ends.
        let closed = tokio::time::timeout(limit, log.closed()).await;
        let mut lines = log.tail();
        if closed.is_err() {
            lines.push(format!("(the engine did not send the rest of the log within {} s)", limit.as_secs()));
        }
        lines
    }
}

impl Launcher for DockerLauncher {
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(self.start(launch, secret))
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        Box::pin(async { self.container_exit().await.server_exit })
    }

    /// The engine holds the port while the container runs. No process of this machine shows whose it is; only the signature of the first
    /// response does. Once the container has exited, any process at the port is another one.
    fn owner(&self, _: &Endpoint) -> PortOwner {
        let runs = self.watcher.as_ref().is_some_and(|watcher| !watcher.has_exited());
        if runs { PortOwner::Unknown } else { PortOwner::None }
    }

    fn log_tail(&self) -> Vec<String> {
        self.log.as_ref().map(Log::tail).unwrap_or_default()
    }

    fn final_log(&self) -> Watch<'_, Vec<String>> {
        Box::pin(self.log_within(EXIT_REPORT))
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(self.stop())
    }
}

/// The port of the engine's machine that leads to the container's.
fn published(found: &ContainerInspectResponse, port: u16) -> Option<u16> {
    let ports = found.network_settings.as_ref()?.ports.as_ref()?;
    let bindings = ports.get(&container::exposed(port))?.as_ref()?;
    bindings.iter().find_map(|binding| binding.host_port.as_ref()?.parse().ok())
}
