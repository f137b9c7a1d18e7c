//! One user's jobs in the queue of one cluster: lists them, cancels them and waits until they are gone. Tolerates a
//! controller that is away for a while; does not interpret how a job ended.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::state::{COLUMNS, JobLine};
use super::tools::{ToolError, Tools};
use crate::backend::{BackendError, Fault, Stage};

/// The longest pause between two looks at a cancelled job.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// After this time a job is cancelled again: it may have been put back into the queue.
const AGAIN: Duration = Duration::from_secs(5);

/// How long a controller may take to answer that it is there. A start depends on it, and Slurm itself waits for 10 s unless its
/// configuration says otherwise.
const CONTROLLER: Duration = Duration::from_secs(30);

/// The jobs of a user.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) tools: Tools,
    pub(super) user: u32,
}

impl Queue {
    /// The version of Slurm's commands.
    pub(super) async fn version(&self) -> Option<String> {
        Some(self.tools.ask("sbatch", &["--version"]).await.ok()?.trim().trim_start_matches("slurm ").to_owned())
    }

    /// All jobs that Slurm still knows, including those that are over; only those of a name if one is given.
    pub(super) async fn jobs(&self, name: Option<&str>) -> Result<Vec<JobLine>, ToolError> {
        let mut arguments = ["--noheader", "--all", "--states=all"].map(str::to_owned).to_vec();
        arguments.extend([format!("--user={}", self.user), format!("--Format={COLUMNS}")]);
        arguments.extend(name.map(|name| format!("--name={name}")));
        Ok(self.tools.ask("squeue", &arguments).await?.lines().filter_map(JobLine::parse).collect())
    }

    /// Cancels all jobs of a name and waits until they are over. Returns their last states. A node may clean up for longer than
    /// until `deadline`; then Slurm is still ending the job, and has no need of orders.
    ///
    /// # Errors
    /// If they are not known to be over or ending by `deadline`, with the error of the last command.
    pub(super) async fn clear(&self, name: &str, deadline: Instant) -> Result<Vec<JobLine>, BackendError> {
        let mut pause = Duration::from_millis(50);
        let mut cancelled: Option<Instant> = None;
        loop {
            let is_last = Instant::now() + pause >= deadline;
            let obstacle = match self.jobs(Some(name)).await {
                Ok(jobs) if jobs.iter().all(|job| job.is_over() || is_last && job.is_completing()) => return Ok(jobs),
                Ok(jobs) => {
                    let left: Vec<String> = jobs.iter().filter(|job| !job.is_over()).map(JobLine::describe).collect();
                    let mut message = format!("{} after scancel", left.join(", "));
                    if cancelled.is_none_or(|when| when.elapsed() >= AGAIN) {
                        let order = [format!("--user={}", self.user), format!("--name={name}")];
                        match self.tools.ask("scancel", &order).await {
                            Ok(_) => cancelled = Some(Instant::now()),
                            Err(error) => message = format!("{}; {error}", left.join(", ")),
                        }
                    }
                    message
                }
                Err(error) => error.to_string(),
            };
            if is_last {
                let message = format!(
                    "it could not be made sure that the jobs named {name} are gone: {obstacle}; \
                     look with `squeue --name={name}`, end them with `scancel --name={name}`"
                );
                return Err(BackendError::new(Stage::Shutdown, Fault::Timeout, message));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The network address of a node that Slurm itself uses.
    pub(super) async fn address_of(&self, node: &str) -> Result<String, ToolError> {
        let output = self.tools.ask("scontrol", &["--oneliner", "show", "node", node]).await?;
        Ok(output.split_whitespace().find_map(|word| word.strip_prefix("NodeAddr=")).unwrap_or(node).to_owned())
    }

    /// The reply of a controller; an error if none answers.
    pub(super) async fn controller(&self) -> Result<String, ToolError> {
        self.tools.run("scontrol", &["ping"], "", &[], CONTROLLER).await
    }
}
