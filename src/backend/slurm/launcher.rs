//! Launches a model server as a batch job: submits it, waits in the queue, reads the server's address and cancels the
//! job. Does not speak the protocol; the job's script does the work on the node.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::finder::{self, NAME};
use super::job_dir::{Address, JobDir};
use super::queue::Queue;
use super::settings::SlurmSettings;
use super::state::JobLine;
use super::submission::Submission;
use super::tools::ToolError;
use super::watch::{Ending, JobWatcher};
use crate::backend::kind::LaunchSpec;
use crate::backend::launcher::{Endpoint, Launcher, ServerExit, killed};
use crate::backend::private;
use crate::backend::supervise::{LONGEST_LINE, TAIL};
use crate::backend::{BackendError, Fault, Stage, Watch, Work};
use crate::os;
use crate::wire::Secret;

/// The first pause between two looks at the queue.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a stop may take: a little less than an instance allows.
const STOP: Duration = Duration::from_secs(27);
/// How long a submission of an abandoned start may take before it is killed.
const LATE_SUBMISSION: Duration = Duration::from_secs(10);
/// Events of the job that come before the log's tail.
const EVENTS: usize = 6;
/// The status of a script that had to kill its server, or was killed with it.
const KILLED: u32 = 137;

/// The name of Slurm's version among the facts.
const SLURM: &str = "slurm";

/// Runs one job at a time.
pub(super) struct SlurmLauncher {
    settings: Arc<SlurmSettings>,
    queue: Queue,
    launches: usize,
    launched: Option<Launched>,
    watcher: Option<JobWatcher>,
    events: Mutex<VecDeque<String>>,
}

/// A launch of which something may exist.
struct Launched {
    name: String,
    secret: Secret,
    job_dir: JobDir,
    /// The id of the job, once it is known. Earlier launches of the instance have jobs of the same name.
    job: Option<String>,
    /// Continues when the start is dropped: an interrupted submission may still become a job.
    submission: JoinHandle<Result<String, ToolError>>,
}

impl SlurmLauncher {
    pub(super) fn new(settings: Arc<SlurmSettings>) -> Self {
        let queue = settings.queue();
        Self { settings, queue, launches: 0, launched: None, watcher: None, events: Mutex::default() }
    }

    async fn start(&mut self, launch: &LaunchSpec, secret: &Secret) -> Result<Endpoint, BackendError> {
        let deadline = Instant::now() + self.settings.served.patience();
        self.settings.check_paths()?;
        let progress = &launch.progress;
        progress.set(Stage::Launch, "asking for Slurm's controller");
        // Without a controller nothing can be created, so nothing has to be recorded.
        self.queue.controller().await.map_err(|error| error.during(Stage::Launch))?;
        if !launch.facts.knows(SLURM)
            && let Some(version) = self.queue.version().await
        {
            launch.facts.version(SLURM, version);
        }
        let job_dir = self.prepare(launch)?;
        let submission = Submission::new(&self.settings, launch, secret, &job_dir)?;
        let set = job_dir.set(&submission.environment);
        set.map_err(|error| internal("the job's directory cannot be made", &error))?;
        let pending = launch.instance.pending("the submission of a job")?;
        let queue = self.queue.clone();
        let submission = tokio::spawn(async move {
            let submitted = submission.submit(&queue).await;
            let is_known = match &submitted {
                Ok(_) | Err(ToolError::Missing { .. }) => true,
                // If a controller answers, the job was refused and will not be created.
                Err(ToolError::Failed { .. }) => queue.controller().await.is_ok(),
                Err(ToolError::Late { .. }) => false,
            };
            if is_known {
                pending.confirm();
            }
            submitted
        });
        let name = launch.instance.label();
        let launched = Launched { name, secret: secret.clone(), job_dir: job_dir.clone(), job: None, submission };
        let launched = self.launched.insert(launched);
        progress.set(Stage::Launch, "submitting a job");
        let submitted = (&mut launched.submission).await;
        let id = match submitted.map_err(|error| internal("sbatch cannot be waited for", &error))? {
            Ok(output) => output.trim().split(';').next().unwrap_or_default().to_owned(),
            Err(error) => return Err(self.not_submitted(&error).await),
        };
        launched.job = Some(id.clone());
        self.note(&format!("job {id} was submitted"));
        progress.set(Stage::Launch, format!("job {id} was submitted"));
        let (address, line) = self.wait(&id, launch, &job_dir, deadline).await?;
        let host = match self.settings.address(&launch.contract, &address.node) {
            Some(host) => host?,
            // While the controller is away, the node's name is the best guess.
            None => self.queue.address_of(&address.node).await.unwrap_or(address.node),
        };
        self.watcher = Some(JobWatcher::start(self.queue.clone(), launch.instance.label(), line, self.settings.poll));
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Ok(Endpoint { url: format!("http://{host}:{}", address.port), port: None })
    }

    /// Records the cluster and chooses the job's directory.
    fn prepare(&mut self, launch: &LaunchSpec) -> Result<JobDir, BackendError> {
        let settings = &self.settings;
        let record = finder::record(settings.conf().as_deref(), os::user(), settings.shared.as_deref());
        launch.instance.record(NAME, &record)?;
        if let Some(logs) = &settings.logs {
            private::make_directory(logs).map_err(|error| internal("no log can be kept", &error))?;
        }
        let directory = match &settings.shared {
            Some(shared) => shared.clone(),
            None => launch.instance.directory().map_err(|error| internal("no temporary files can be kept", &error))?,
        };
        self.launches += 1;
        Ok(self.settings.job_dir(&directory, self.launches, launch))
    }

    /// The error of a submission that failed.
    async fn not_submitted(&self, error: &ToolError) -> BackendError {
        let mut refused = error.during(Stage::Launch);
        // If a controller answers, it has refused the job.
        match (error, self.queue.controller().await) {
            (ToolError::Failed { .. }, Ok(_)) => {
                refused.fault = Fault::Misconfigured;
                refused.message = format!(
                    "the job was refused: {}; compare the backend's table with what `sinfo` and `scontrol show partition` say",
                    refused.message
                );
            }
            (ToolError::Failed { .. } | ToolError::Late { .. }, Err(ping)) => {
                refused.message = format!("the job could not be submitted: {}; {ping}", refused.message);
            }
            _ => {}
        }
        refused
    }

    /// Waits until the job reports the address of its server.
    async fn wait(
        &self,
        id: &str,
        launch: &LaunchSpec,
        job_dir: &JobDir,
        deadline: Instant,
    ) -> Result<(Address, JobLine), BackendError> {
        let name = launch.instance.label();
        let mut pause = FIRST_PAUSE;
        let mut last: Option<JobLine> = None;
        let mut ending = Ending::default();
        loop {
            let Ok(response) = timeout_at(deadline, self.queue.jobs(Some(&name))).await else {
                return Err(self.too_late(job_dir, last.as_ref(), None));
            };
            let last_error = match response {
                Ok(jobs) => {
                    let Some(line) = jobs.into_iter().find(|line| line.id == id) else {
                        let message = format!("Slurm knows nothing of job {id} any more");
                        return Err(BackendError::new(Stage::Launch, Fault::Died, message));
                    };
                    if ending.is_over(&line) {
                        self.note(&line.describe());
                        let error = line.server_exit(line.restarts).during(Stage::Ready, "before it was ready");
                        return Err(error.with_log(self.log_tail()));
                    }
                    if last.as_ref().map(JobLine::describe) != Some(line.describe()) {
                        self.note(&line.describe());
                        pause = FIRST_PAUSE;
                    }
                    line.state_in(&launch.progress);
                    let is_current = |address: &Address| address.job == id && address.restarts == line.restarts;
                    if let Some(address) = job_dir.address().filter(is_current).filter(|_| line.has_node()) {
                        return Ok((address, line));
                    }
                    last = Some(line);
                    None
                }
                Err(error) => Some(error),
            };
            if Instant::now() + pause >= deadline {
                return Err(self.too_late(job_dir, last.as_ref(), last_error.as_ref()));
            }
            sleep(pause).await;
            pause = (pause * 2).min(self.settings.poll);
        }
    }

    fn too_late(&self, job_dir: &JobDir, last: Option<&JobLine>, last_error: Option<&ToolError>) -> BackendError {
        let seconds = self.settings.served.start.as_secs_f64();
        let mut message = match last {
            Some(line) if line.waits() => {
                let meaning = line.explain().map_or_else(String::new, |meaning| format!(": {meaning}"));
                format!("the job did not start within {seconds} s (`start_timeout`): {}{meaning}", line.describe())
            }
            Some(line) => format!(
                "no server listened within {seconds} s (`start_timeout`): {}; can the node write to {}?",
                line.describe(),
                job_dir.directory.display()
            ),
            None => format!("nothing was heard of the job within {seconds} s (`start_timeout`)"),
        };
        if let Some(last_error) = last_error {
            message = format!("{message}; at last: {last_error}");
        }
        let stage = if last.is_none_or(JobLine::waits) { Stage::Launch } else { Stage::Ready };
        BackendError::new(stage, Fault::Timeout, message).with_log(self.log_tail())
    }

    async fn stop(&mut self) -> Result<(), BackendError> {
        let deadline = Instant::now() + STOP;
        let was_listening = self.watcher.take().is_some_and(|watcher| !watcher.has_exited());
        let Some(Launched { name, job, submission, .. }) = &mut self.launched else { return Ok(()) };
        // A job that is not submitted yet cannot be cancelled.
        if !submission.is_finished() && timeout(LATE_SUBMISSION, &mut *submission).await.is_err() {
            submission.abort();
            // Its processes are only gone once it has been waited for.
            let _ = submission.await;
        }
        let is_own = |line: &&JobLine| job.as_ref() == Some(&line.id);
        let ran = match self.queue.jobs(Some(name)).await {
            Ok(jobs) => jobs.iter().find(is_own).is_some_and(|job| job.state == "RUNNING"),
            Err(_) => was_listening,
        };
        let result = self.queue.clear(name, deadline).await.and_then(|jobs| {
            let had_to_be_killed = ran && jobs.iter().find(is_own).is_some_and(|job| job.status() == KILLED);
            if had_to_be_killed { Err(killed(self.settings.grace)) } else { Ok(()) }
        });
        let result = result.map_err(|error| error.with_log(self.log_tail()));
        if let Some(launched) = self.launched.take() {
            launched.job_dir.clear().map_err(|error| internal("the job's directory cannot be removed", &error))?;
        }
        result
    }

    /// Keeps a line about the job for the log's tail.
    fn note(&self, event: &str) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.len() == EVENTS {
            events.pop_front();
        }
        events.push_back(format!("slurm: {event}"));
    }
}

impl Launcher for SlurmLauncher {
    fn launch<'a>(&'a mut self, launch: &'a LaunchSpec, secret: &'a Secret) -> Work<'a, Endpoint> {
        Box::pin(self.start(launch, secret))
    }

    fn exited(&self) -> Watch<'_, ServerExit> {
        match &self.watcher {
            Some(watcher) => Box::pin(watcher.exited()),
            None => Box::pin(std::future::pending()),
        }
    }

    fn is_exiting(&self) -> bool {
        self.watcher.as_ref().is_some_and(JobWatcher::is_completing)
    }

    fn log_tail(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.events.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        if let Some(launched) = &self.launched {
            let text = launched.job_dir.tail().unwrap_or_default();
            let text = launched.secret.scrub(&text);
            let written: Vec<&str> = text.lines().collect();
            let last = written.iter().skip(written.len().saturating_sub(TAIL));
            lines.extend(last.map(|line| line.chars().take(LONGEST_LINE).collect()));
        }
        lines
    }

    fn terminate(&mut self) -> Work<'_, ()> {
        Box::pin(self.stop())
    }
}

fn internal(what: &str, error: &dyn std::error::Error) -> BackendError {
    BackendError::new(Stage::Launch, Fault::Internal, format!("{what}: {error}"))
}
