//! Launches a model server in a container of Apptainer: makes sure of the image, pulls it when it is not there, and runs it as
//! a supervised process. A container shares the network and the processes of its machine, so whose its port is can be told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::cache::{Found, Place};
use super::container;
use super::draft::Draft;
use super::settings::{ApptainerSettings, Filled};
use super::sif::Sif;
use super::tool::Tool;
use super::trouble;
use crate::backend::image::{ImageName, own_architecture};
use crate::backend::launcher::{Demise, Endpoint, Job, Launcher};
use crate::backend::local::{LocalServer, demise, free_endpoint};
use crate::backend::supervise::{Ending, Program};
use crate::backend::{BackendError, Fault, Stage, Watch, Work, resources};
use crate::os::PortOwner;
use crate::wire::Secret;

/// Time between two looks at what a pull says.
const NEWS: Duration = Duration::from_secs(1);
/// With which status Apptainer itself ends when it fails.
const OWN_FAILURE: Ending = Ending::Exited(255);

/// Runs one container at a time.
pub(super) struct ApptainerLauncher {
    settings: Arc<ApptainerSettings>,
    image: ImageName,
    /// The pull or the container.
    process: LocalServer,
    draft: Option<Draft>,
}

impl ApptainerLauncher {
    pub(super) fn new(settings: Arc<ApptainerSettings>, image: ImageName) -> Self {
        Self {
            settings,
            image,
            process: LocalServer::default(),
            draft: None,
        }
    }

    async fn start(&mut self, job: &Job, secret: &Secret) -> Result<Endpoint, BackendError> {
        let tool = Tool::find(self.settings.tool.as_deref()).await?;
        let filled = self.settings.fill(&job.contract, 0)?;
        prepare(&filled)?;
        let place = Place::new(&filled.cache, &self.image);
        self.obtain(&tool, &place, job, secret).await?;
        // Only now, because a pull takes long and the port is free only this moment.
        let (endpoint, port) = free_endpoint()?;
        let filled = self.settings.fill(&job.contract, port)?;
        let gpu = self.settings.gpu_for(job.device.as_deref());
        let program = container::program(&tool, &filled, gpu, &place.sif, job, secret)?;
        let what = &job.contract.key;
        self.process
            .start(program, Some(port), &self.settings.local, what, job, secret)?;
        Ok(endpoint)
    }

    /// Makes sure that a sound image for this machine is at its place.
    async fn obtain(&mut self, tool: &Tool, place: &Place, job: &Job, secret: &Secret) -> Result<(), BackendError> {
        let limit = self.settings.served.patience();
        let image = self.image.clone();
        let obtained = tokio::time::timeout(limit, self.look_or_pull(tool, place, job, secret)).await;
        obtained.unwrap_or_else(|_| {
            let message = format!(
                "the image {image} was not there within {} s; give it longer by `start_timeout`, or pull it by hand: \
                 {} pull {} docker://{image}",
                limit.as_secs_f64(),
                tool.program,
                place.sif.display()
            );
            let error = BackendError::new(Stage::Launch, Fault::Timeout, message);
            Err(error.with_log(self.process.log_tail()))
        })
    }

    async fn look_or_pull(
        &mut self,
        tool: &Tool,
        place: &Place,
        job: &Job,
        secret: &Secret,
    ) -> Result<(), BackendError> {
        if let Found::Sound(sif) = look(place).await? {
            return self.fits(&sif, Some(&place.sif));
        }
        job.status
            .set(Stage::Launch, format!("waiting until nobody else pulls {}", self.image));
        let _lock = place.lock().await.map_err(|error| unwritable(place, &error))?;
        // Whoever held the lock may have pulled it.
        let found = look(place).await?;
        let why = match found {
            Found::Sound(sif) => return self.fits(&sif, Some(&place.sif)),
            Found::Nothing => None,
            Found::Unsound(why) => Some(why),
        };
        let pulled = self.pull(tool, place, job, secret).await;
        pulled.map_err(|mut error| {
            if let Some(why) = why {
                error.message = format!(
                    "{} {why}, so it was to be pulled anew; {}",
                    place.sif.display(),
                    error.message
                );
            }
            error
        })
    }

    async fn pull(&mut self, tool: &Tool, place: &Place, job: &Job, secret: &Secret) -> Result<(), BackendError> {
        let temporary = std::env::var_os(tool.variable("TMPDIR")).filter(|directory| !directory.is_empty());
        let temporary = temporary.map(PathBuf::from);
        let draft = Draft::new(super::KIND.name, place.directory(), temporary, &job.instance);
        let draft = self.draft.insert(draft.map_err(|error| unwritable(place, &error))?);
        let program = pull_program(tool, &self.image, draft, self.settings.https, job);
        let what = format!("{}-pull", job.contract.key);
        self.process
            .start(program, None, &self.settings.local, &what, job, secret)?;
        job.status.set(Stage::Launch, format!("pulling {}", self.image));
        let ending = loop {
            match tokio::time::timeout(NEWS, self.process.ended()).await {
                Ok(ending) => break ending,
                Err(_) => job.status.progress(self.process.log_tail().pop().unwrap_or_default()),
            }
        };
        let words = self.process.last_words().await;
        self.process.stop(&self.settings.local).await?;
        if ending != Ending::Exited(0) {
            let disks = [place.directory(), draft.scratch.as_path()];
            return Err(trouble::explain(ending, words, &self.image, self.settings.https, disks).await);
        }
        let pulled = draft.sif.clone();
        let sif = Sif::read(&pulled).map_err(|error| {
            let message = format!("what apptainer made of the image {} {error}", self.image);
            BackendError::new(Stage::Launch, Fault::Internal, message).with_log(words)
        })?;
        self.fits(&sif, None)?;
        place.put(&pulled).await.map_err(|error| unwritable(place, &error))?;
        self.forget_draft().await
    }

    /// Refuses an image whose programs are for other machines.
    fn fits(&self, sif: &Sif, cached: Option<&Path>) -> Result<(), BackendError> {
        let own = own_architecture();
        let Some(other) = sif.architecture.filter(|architecture| *architecture != own) else {
            return Ok(());
        };
        let advice = cached.map_or_else(
            || "name a tag of an image that is built for it".to_owned(),
            |sif| {
                format!(
                    "remove {} and name a tag of an image that is built for it",
                    sif.display()
                )
            },
        );
        let message = format!(
            "the programs in the image {} are for {other}, and this machine is {own}; {advice}",
            self.image
        );
        Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message))
    }

    async fn forget_draft(&mut self) -> Result<(), BackendError> {
        if let Some(draft) = &self.draft {
            draft.remove().await.map_err(|error| {
                let message = format!("what a pull left cannot be removed: {error}");
                BackendError::new(Stage::Shutdown, Fault::Internal, message)
            })?;
        }
        self.draft = None;
        Ok(())
    }
}

impl Launcher for ApptainerLauncher {
    fn launch<'a>(&'a mut self, job: &'a Job, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(self.start(job, secret))
    }

    fn ended(&self) -> Watch<'_, Demise> {
        Box::pin(async {
            let ending = self.process.ended().await;
            if ending != OWN_FAILURE {
                return demise(ending);
            }
            let image = &self.image;
            Demise {
                fault: Fault::Misconfigured,
                message: format!("{ending}, by which apptainer says that it could not run its program in {image}"),
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

    fn last_words(&self) -> Watch<'_, Vec<String>> {
        self.process.last_words()
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(async {
            let settings = Arc::clone(&self.settings);
            let stopped = self.process.stop(&settings.local).await;
            // The directories of a pull can only go once nobody writes to them, and have to go whatever came of the stop.
            stopped.and(self.forget_draft().await)
        })
    }
}

/// What has to be there before a container can see it.
fn prepare(filled: &Filled) -> Result<(), BackendError> {
    let unusable = |message| Err(BackendError::new(Stage::Launch, Fault::Misconfigured, message));
    if let Some(source) = &filled.source
        && !source.join("boileroom").is_dir()
    {
        let message = format!(
            "`source` is {}, which does not hold the package `boileroom`: name the root of boileroom's source, or the \
             directory it is installed in",
            source.display()
        );
        return unusable(message);
    }
    if let Some(directory) = &filled.model_directory
        && let Err(error) = std::fs::create_dir_all(directory)
    {
        let directory = directory.display();
        return unusable(format!("the directory for weights {directory} cannot be made: {error}"));
    }
    Ok(())
}

/// The program that pulls an image.
fn pull_program(tool: &Tool, image: &ImageName, draft: &Draft, https: bool, job: &Job) -> Program {
    let uri = format!("docker://{image}");
    let command = [tool.program.as_str(), "pull", "--force"].map(Into::into);
    let command = command.into_iter().chain([draft.sif.clone().into(), uri.into()]);
    let mut environment = vec![
        (tool.variable("TMPDIR"), Some(draft.scratch.clone().into_os_string())),
        // What a killed pull leaves in Apptainer's own cache, nobody would ever remove.
        (tool.variable("DISABLE_CACHE"), Some("true".into())),
        (resources::VARIABLE.into(), Some(job.instance.label().into())),
    ];
    if !https {
        environment.push((tool.variable("NOHTTPS"), Some("true".into())));
    }
    Program {
        command: command.collect(),
        directory: None,
        environment,
    }
}

async fn look(place: &Place) -> Result<Found, BackendError> {
    place.look().await.map_err(|error| {
        let message = format!("{} cannot be looked at: {error}", place.sif.display());
        BackendError::new(Stage::Launch, Fault::Misconfigured, message)
    })
}

fn unwritable(place: &Place, error: &std::io::Error) -> BackendError {
    let message = format!(
        "the cache of images {} cannot be written to: {error}; set `cache` to a directory that can",
        place.directory().display()
    );
    BackendError::new(Stage::Launch, Fault::Misconfigured, message)
}
