//! Makes a kind of backend from a platform that starts, lists and ends model servers by name. This module does everything else that a
//! kind must do. The author of the kind implements only the requests to the platform.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::kind::{Creates, Kind, LaunchSpec, Overrides, Settings};
use super::launcher::{Endpoint, Launcher, ServerExit};
use super::requirement::Requirement;
use super::resources::{Resource, ResourceFinder, is_labelled};
use super::served::{Served, ServedSettings};
use super::{Backend, BackendError, Fault, Stage, Watch, Work};
use crate::config::{BackendTable, Diagnostics, TableReader};
use crate::prediction::Contract;
use crate::wire::Secret;

/// How often the servers of the platform are listed, to notice that one is gone.
const POLL: Duration = Duration::from_millis(500);
/// How long a start that was given up may take to end. An instance has 30 s to stop, so that this leaves as much for
/// [`ServerPlatform::stop`].
const LATE_START: Duration = Duration::from_secs(15);
/// How long the platform may take to return the log of a server.
const LOG: Duration = Duration::from_secs(5);

/// A platform that starts boileroom's model server under a name. The value holds the settings of a backend's table. It is
/// serialised to find the servers of a killed run, so it must not contain a secret.
///
/// Every method may be dropped half-way, `start` only when it has not ended 15 s after it was given up: its server may still start
/// then, and `hydrotest clean` looks for it. Every method must end in bounded time.
pub trait ServerPlatform: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The value of `kind = "..."`.
    const NAME: &'static str;
    /// What the kind does, in one line.
    const SUMMARY: &'static str;
    /// The keys of a new table, with a comment for each.
    const TEMPLATE: &'static str;

    /// Reads the settings of a table and reports every mistake through the reader. Must not use the network or an engine.
    fn read(reader: &mut TableReader<'_>) -> Option<Self>;

    /// Starts a server with these variables in its environment and returns the URL where it will answer.
    ///
    /// # Errors
    /// If no server was started; with [`Fault::Timeout`] or [`Fault::Unreachable`] if one may still start.
    fn start(
        &self,
        name: &str,
        variables: &[(&str, String)],
    ) -> impl Future<Output = Result<String, BackendError>> + Send;

    /// Ends a server. Not an error if there is none.
    ///
    /// # Errors
    /// If it may still run.
    fn stop(&self, name: &str) -> impl Future<Output = Result<(), BackendError>> + Send;

    /// The names of all servers on the platform, including those of other users.
    ///
    /// # Errors
    /// If the platform does not answer.
    fn list(&self) -> impl Future<Output = Result<Vec<String>, BackendError>> + Send;

    /// The last lines of a server's log, also after its exit; empty if there is no log.
    fn log(&self, _name: &str) -> impl Future<Output = Vec<String>> + Send {
        async { Vec::new() }
    }

    /// Checks the requirements of the platform for `hydrotest doctor`, without starting a server.
    fn examine(&self) -> impl Future<Output = Vec<Requirement>> + Send {
        async { Vec::new() }
    }
}

/// The row of such a kind for the table in `registry.rs`.
#[must_use]
pub const fn kind<P: ServerPlatform>() -> Kind {
    Kind {
        template: P::TEMPLATE,
        is_served: true,
        ..Kind::new(P::NAME, P::SUMMARY, Creates::Resources(open_finder::<P>), configure::<P>)
    }
}

fn configure<P: ServerPlatform>(table: &BackendTable, diagnostics: &mut Diagnostics) -> Option<Arc<dyn Settings>> {
    let mut reader = TableReader::new(&table.settings, diagnostics);
    let platform = P::read(&mut reader);
    let served = ServedSettings::read(table, &mut reader);
    reader.finish();
    Some(Arc::new(PlatformSettings { platform: platform?, served }))
}

fn open_finder<P: ServerPlatform>(record: &Value) -> Result<Box<dyn ResourceFinder>, BackendError> {
    match P::deserialize(record) {
        Ok(platform) => Ok(Box::new(Servers(platform))),
        Err(error) => Err(BackendError::internal_at_launch("its record cannot be read", &error)),
    }
}

struct PlatformSettings<P> {
    platform: P,
    served: ServedSettings,
}

impl<P: ServerPlatform> Settings for PlatformSettings<P> {
    fn open(&self, launch: &LaunchSpec) -> Result<Box<dyn Backend>, BackendError> {
        let launcher = NamedServer::new(self.platform.clone(), launch.instance.label());
        Ok(Box::new(Served::new(launcher, launch.on_device(None), self.served, None)))
    }

    fn examine<'a>(&'a self, _: &'a [Arc<Contract>], _: &'a Overrides) -> Watch<'a, Vec<Requirement>> {
        Box::pin(self.platform.examine())
    }
}

/// One server at a time. Its name on the platform is the label of its instance.
struct NamedServer<P> {
    platform: P,
    name: String,
    start: Option<JoinHandle<Result<String, BackendError>>>,
    late_start: Duration,
}

impl<P: ServerPlatform> NamedServer<P> {
    const fn new(platform: P, name: String) -> Self {
        Self { platform, name, start: None, late_start: LATE_START }
    }

    /// Starts the server in a task of its own, because a start that was dropped would go on unnoticed.
    async fn start(&mut self, launch: &LaunchSpec, secret: &Secret) -> Result<String, BackendError> {
        let internal = |what, error: &dyn std::error::Error| BackendError::internal_at_launch(what, error);
        let record = serde_json::to_value(&self.platform);
        let record = record.map_err(|error| internal("the platform cannot be recorded", &error))?;
        launch.instance.record(P::NAME, &record)?;
        launch.progress.set(Stage::Launch, format!("starting a server on {}", P::NAME));
        let pending = launch.instance.pending("the start of a server")?;
        let (platform, name) = (self.platform.clone(), self.name.clone());
        let variables = launch.variables(secret).into_iter();
        let variables: Vec<_> = variables.filter_map(|(name, value)| Some((name, value?))).collect();
        let start = self.start.insert(tokio::spawn(async move {
            let started = platform.start(&name, &variables).await;
            let is_open = |error: &BackendError| matches!(error.fault, Fault::Timeout | Fault::Unreachable);
            if !started.as_ref().is_err_and(is_open) {
                pending.confirm();
            }
            started
        }));
        let started = start.await;
        self.start = None;
        started.map_err(|error| internal("the start of a server failed", &error))?
    }
}

impl<P: ServerPlatform> Launcher for NamedServer<P> {
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(async {
            let url = self.start(launch, secret).await?.trim().to_owned();
            Ok(Endpoint { url, port: None })
        })
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        Box::pin(async {
            loop {
                match self.platform.list().await {
                    Ok(names) if !names.contains(&self.name) => break,
                    // If the platform does not answer, the state of the server is unknown.
                    Ok(_) | Err(_) => tokio::time::sleep(POLL).await,
                }
            }
            let message = format!("is no longer there, according to {}", P::NAME);
            ServerExit { fault: Fault::Died, message, from_outside: false }
        })
    }

    fn final_log(&self) -> Watch<'_, Vec<String>> {
        Box::pin(async { tokio::time::timeout(LOG, self.platform.log(&self.name)).await.unwrap_or_default() })
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            if let Some(start) = &mut self.start
                && tokio::time::timeout(self.late_start, &mut *start).await.is_err()
            {
                // The server may still start. The leak check reports that, so the task has to be gone before it.
                start.abort();
                let _ = start.await;
            }
            self.start = None;
            self.platform.stop(&self.name).await
        })
    }
}

/// The servers of runs on one platform.
struct Servers<P>(P);

impl<P: ServerPlatform> ResourceFinder for Servers<P> {
    fn find<'a>(&'a self, labels: &'a [String]) -> Work<'a, Vec<Resource>> {
        Box::pin(async move {
            let ours = self.0.list().await?.into_iter().filter(|name| is_labelled(name, labels));
            Ok(ours.map(|name| Resource::new("server", name)).collect())
        })
    }

    fn remove<'a>(&'a self, resource: &'a Resource) -> Work<'a, ()> {
        Box::pin(self.0.stop(&resource.id))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::backend::facts::PlatformFacts;
    use crate::backend::kind::Overrides;
    use crate::backend::resources::{InstanceId, LeakGuard, RunDirectory, StoppedFrom};
    use crate::backend::start_progress::StartProgress;
    use crate::config::Config;

    /// Servers are files in a directory, and starting one takes a while.
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Files {
        directory: PathBuf,
        start: Duration,
    }

    impl ServerPlatform for Files {
        const NAME: &'static str = "files";
        const SUMMARY: &'static str = "";
        const TEMPLATE: &'static str = "";

        fn read(_: &mut TableReader<'_>) -> Option<Self> {
            None
        }

        async fn start(&self, name: &str, variables: &[(&str, String)]) -> Result<String, BackendError> {
            tokio::time::sleep(self.start).await;
            assert!(variables.iter().any(|(variable, _)| *variable == Secret::VARIABLE));
            fs::write(self.directory.join(name), "").unwrap();
            Ok("http://127.0.0.1:1\n".to_owned())
        }

        async fn stop(&self, name: &str) -> Result<(), BackendError> {
            let _ = fs::remove_file(self.directory.join(name));
            Ok(())
        }

        async fn list(&self) -> Result<Vec<String>, BackendError> {
            let entries = fs::read_dir(&self.directory).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            Ok(names.collect())
        }
    }

    /// The launch of an instance, its guard, and its server on the platform.
    fn server_of(files: &Files, state: &Path) -> (LaunchSpec, LeakGuard, NamedServer<Files>) {
        let launch = LaunchSpec {
            contract: Arc::clone(&Config::built_in().unwrap().models[0]),
            config: serde_json::Map::new(),
            overrides: Overrides::default(),
            instance: InstanceId::next(&Arc::new(RunDirectory::in_state(state))),
            progress: StartProgress::default(),
            facts: PlatformFacts::default(),
            recorder: None,
        };
        let instance = launch.instance.clone();
        let guard = LeakGuard::new(instance, |_, record| Ok(open_finder::<Files>(record).unwrap()), Arc::default());
        let server = NamedServer::new(files.clone(), launch.instance.label());
        (launch.on_device(None), guard, server)
    }

    #[tokio::test]
    async fn a_start_that_is_dropped_is_waited_for_and_what_it_started_is_found() {
        let (home, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = Files { directory: home.path().to_owned(), start: Duration::from_millis(20) };
        let (launch, guard, mut server) = server_of(&files, state.path());
        let secret = Secret::new("s").unwrap();
        let dropped = tokio::time::timeout(Duration::from_millis(1), server.launch(&launch, &secret)).await;
        assert!(dropped.is_err() && files.list().await.unwrap().is_empty());
        server.terminate().await.unwrap();
        let report = guard.check(StoppedFrom::Starting).await;
        assert_eq!((report.leaks, report.failed_checks), (vec![], vec![]));

        let endpoint = server.launch(&launch, &secret).await.unwrap();
        assert_eq!(endpoint.url, "http://127.0.0.1:1");
        fs::write(home.path().join("of-others"), "").unwrap();
        let found = guard.kill().await.unwrap();
        assert_eq!(found, [Resource::new("server", launch.instance.label())]);
        let server_exit = server.exited().await;
        assert_eq!(server_exit.message, "is no longer there, according to files");
        assert_eq!(files.list().await.unwrap(), ["of-others"]);
        server.terminate().await.unwrap();
    }

    #[tokio::test]
    async fn a_start_that_does_not_end_is_given_up_and_reported() {
        let (home, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = Files { directory: home.path().to_owned(), start: Duration::from_secs(3600) };
        let (launch, guard, mut server) = server_of(&files, state.path());
        server.late_start = Duration::from_millis(1);
        let secret = Secret::new("s").unwrap();
        let dropped = tokio::time::timeout(Duration::from_millis(1), server.launch(&launch, &secret)).await;
        assert!(dropped.is_err());
        server.terminate().await.unwrap();
        let report = guard.check(StoppedFrom::Starting).await;
        assert_eq!(
            report.failed_checks,
            ["the start of a server was given up and may still be carried out, `hydrotest clean` looks for it"]
        );
        drop((launch, guard, server));
        assert_eq!(fs::read_dir(state.path()).unwrap().count(), 1, "`clean` has to look there");
    }
}
