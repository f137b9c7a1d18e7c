//! Launches a model server in a container of Apptainer: checks or pulls the image and runs it as a supervised process.
//! Does not speak the protocol; the owner of the port is known, because a container shares network and processes with
//! its machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cache::{CacheEntry, EntryState};
use super::failure;
use super::pull_in_progress::PullInProgress;
use super::settings::{ApptainerSettings, ApptainerSpec};
use super::sif::Sif;
use super::tool::Tool;
use crate::backend::image::{ImageName, own_architecture};
use crate::backend::kind::LaunchSpec;
use crate::backend::launcher::{Endpoint, Launcher, ServerExit};
use crate::backend::local::{LocalServer, free_endpoint, server_exit};
use crate::backend::supervise::{ExitReason, Program};
use crate::backend::{BackendError, Fault, Stage, Watch, Work, resources};
use crate::os::PortOwner;
use crate::wire::Secret;

/// Pause between two looks at the log of a pull.
const EXIT_REPORT: Duration = Duration::from_secs(1);
/// The exit status of Apptainer's own failures.
const OWN_FAILURE: ExitReason = ExitReason::Exited(255);

/// Runs one container at a time.
pub(super) struct ApptainerLauncher {
    settings: Arc<ApptainerSettings>,
    image: ImageName,
    /// The pull or the container.
    process: LocalServer,
    in_progress: Option<PullInProgress>,
}

impl ApptainerLauncher {
    pub(super) fn new(settings: Arc<ApptainerSettings>, image: ImageName) -> Self {
        Self { settings, image, process: LocalServer::default(), in_progress: None }
    }

    async fn start(&mut self, launch: &LaunchSpec, secret: &Secret) -> Result<Endpoint, BackendError> {
        let tool = Tool::find(self.settings.tool.as_deref()).await?;
        let filled = self.settings.fill(&launch.contract, 0)?;
        prepare(&filled)?;
        let entry = CacheEntry::new(&filled.cache, &self.image);
        let limit = self.settings.served.patience();
        tokio::time::timeout(limit, self.obtain(&tool, &entry, launch, secret)).await.unwrap_or_else(|_| {
            let message = format!(
                "the image {image} was not there within {} s; give it longer by `start_timeout`, or pull it by hand: \
                 {} pull {} docker://{image}",
                limit.as_secs_f64(),
                tool.program,
                entry.sif.display(),
                image = self.image
            );
            Err(BackendError::new(Stage::Launch, Fault::Timeout, message).with_log(self.process.log_tail()))
        })?;
        launch.facts.version("container tool", &tool.version);
        if let Some(digest) = entry.digest() {
            launch.facts.version(format!("image {}", self.image), format!("SIF sha256:{digest}"));
        }
        // The port is chosen after the pull, because it may be taken while a pull runs.
        let (endpoint, port) = free_endpoint()?;
        let filled = self.settings.fill(&launch.contract, port)?;
        let gpu = self.settings.gpu_for(launch.overrides.device.as_deref());
        let program = filled.program(&tool, gpu, &entry.sif, launch, secret)?;
        self.process.start(program, Some(port), &self.settings.local, &launch.contract.key, launch, secret)?;
        Ok(endpoint)
    }

    /// Makes sure that a valid image for this machine is in the cache.
    async fn obtain(
        &mut self,
        tool: &Tool,
        entry: &CacheEntry,
        launch: &LaunchSpec,
        secret: &Secret,
    ) -> Result<(), BackendError> {
        if let EntryState::Valid(sif) = look(entry).await? {
            return self.fits(&sif, Some(&entry.sif));
        }
        launch.progress.set(Stage::Launch, format!("waiting until no other process pulls {}", self.image));
        let _lock = entry.lock().await.map_err(|error| unwritable(entry, &error))?;
        // The process that held the lock may have pulled it.
        let why = match look(entry).await? {
            EntryState::Valid(sif) => return self.fits(&sif, Some(&entry.sif)),
            EntryState::Missing => None,
            EntryState::Invalid(why) => Some(why),
        };
        let pulled = self.pull(tool, entry, launch, secret).await;
        pulled.map_err(|mut error| {
            if let Some(why) = why {
                error.message =
                    format!("{} {why}, so it was to be pulled anew; {}", entry.sif.display(), error.message);
            }
            error
        })
    }

    async fn pull(
        &mut self,
        tool: &Tool,
        entry: &CacheEntry,
        launch: &LaunchSpec,
        secret: &Secret,
    ) -> Result<(), BackendError> {
        let temporary = std::env::var_os(tool.variable("TMPDIR")).filter(|directory| !directory.is_empty());
        let temporary = temporary.map(PathBuf::from);
        let in_progress = PullInProgress::new(entry.directory(), temporary.as_deref(), &launch.instance);
        let in_progress = self.in_progress.insert(in_progress.map_err(|error| unwritable(entry, &error))?);
        let mut environment = vec![
            (tool.variable("TMPDIR"), Some(in_progress.scratch.clone().into_os_string())),
            // A killed pull would leave files in Apptainer's own cache that nothing removes.
            (tool.variable("DISABLE_CACHE"), Some("true".into())),
            (resources::VARIABLE.into(), Some(launch.instance.label().into())),
        ];
        if !self.settings.https {
            environment.push((tool.variable("NOHTTPS"), Some("true".into())));
        }
        let mut command: Vec<OsString> = [&tool.program, "pull", "--force"].map(Into::into).to_vec();
        command.extend([in_progress.sif.clone().into(), format!("docker://{}", self.image).into()]);
        let program = Program { command, directory: None, environment };
        let what = format!("{}-pull", launch.contract.key);
        self.process.start(program, None, &self.settings.local, &what, launch, secret)?;
        launch.progress.set(Stage::Launch, format!("pulling {}", self.image));
        let reason = loop {
            match tokio::time::timeout(EXIT_REPORT, self.process.exited()).await {
                Ok(reason) => break reason,
                Err(_) => launch.progress.set_detail(self.process.log_tail().pop().unwrap_or_default()),
            }
        };
        let log = self.process.final_log().await;
        self.process.stop(&self.settings.local).await?;
        if reason != ExitReason::Exited(0) {
            let disks = [entry.directory(), in_progress.scratch.as_path()];
            return Err(failure::explain(reason, log, &self.image, self.settings.https, disks).await);
        }
        let pulled = in_progress.sif.clone();
        let sif = Sif::read(&pulled).map_err(|error| {
            let message = format!("what apptainer made of the image {} {error}", self.image);
            BackendError::new(Stage::Launch, Fault::Internal, message).with_log(log)
        })?;
        self.fits(&sif, None)?;
        entry.put(&pulled).await.map_err(|error| unwritable(entry, &error))?;
        self.remove_pull().await
    }

    /// Rejects an image for another architecture.
    fn fits(&self, sif: &Sif, cached: Option<&Path>) -> Result<(), BackendError> {
        let own = own_architecture();
        let Some(other) = sif.architecture.filter(|architecture| *architecture != own) else { return Ok(()) };
        let remove = cached.map_or_else(String::new, |sif| format!("remove {} and ", sif.display()));
        let message = format!(
            "the programs in the image {} are for {other}, and this machine is {own}; {remove}name a tag of an image that \
             is built for it",
            self.image
        );
        Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message))
    }

    async fn remove_pull(&mut self) -> Result<(), BackendError> {
        if let Some(in_progress) = &self.in_progress {
            in_progress.remove().await.map_err(|error| {
                let message = format!("what a pull left cannot be removed: {error}");
                BackendError::new(Stage::Shutdown, Fault::Internal, message)
            })?;
        }
        self.in_progress = None;
        Ok(())
    }
}

impl Launcher for ApptainerLauncher {
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(self.start(launch, secret))
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        Box::pin(async {
            let reason = self.process.exited().await;
            if reason != OWN_FAILURE {
                return server_exit(reason);
            }
            let image = &self.image;
            ServerExit {
                fault: Fault::Misconfigured,
                message: format!("{reason}, by which apptainer says that it could not run its program in {image}"),
                from_outside: true,
            }
        })
    }

    fn owner(&self, endpoint: &Endpoint) -> PortOwner {
        self.process.owner(endpoint)
    }

    fn log_tail(&self) -> Vec<String> {
        self.process.log_tail()
    }

    fn final_log(&self) -> Watch<'_, Vec<String>> {
        self.process.final_log()
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let settings = Arc::clone(&self.settings);
            let stopped = self.process.stop(&settings.local).await;
            // The directories of a pull are removed after its process has stopped, even if the stop failed.
            stopped.and(self.remove_pull().await)
        })
    }
}

/// Checks the source and creates the directory for weights, which a container needs.
fn prepare(filled: &ApptainerSpec) -> Result<(), BackendError> {
    let unusable = |message| Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
    if let Some(source) = &filled.source
        && !source.join("boileroom").is_dir()
    {
        return unusable(format!(
            "`source` is {}, which does not hold the package `boileroom`: name the root of boileroom's source, or the \
             directory it is installed in",
            source.display()
        ));
    }
    if let Some(directory) = &filled.model_directory
        && let Err(error) = std::fs::create_dir_all(directory)
    {
        let directory = directory.display();
        return unusable(format!("the directory for weights {directory} cannot be made: {error}"));
    }
    Ok(())
}

async fn look(entry: &CacheEntry) -> Result<EntryState, BackendError> {
    entry.look().await.map_err(|error| {
        let message = format!("{} cannot be looked at: {error}", entry.sif.display());
        BackendError::new(Stage::Launch, Fault::Misconfigured, message)
    })
}

fn unwritable(entry: &CacheEntry, error: &std::io::Error) -> BackendError {
    let message = format!(
        "the cache of images {} cannot be written to: {error}; set `cache` to a directory that can",
        entry.directory().display()
    );
    BackendError::new(Stage::Launch, Fault::Misconfigured, message)
}
