//! One user's jobs in the queue of one cluster: asks about them, cancels them and waits until they are gone. Survives a
//! controller that is away for a while; decides nothing about what an end means.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::state::{COLUMNS, JobLine};
use super::tools::{ToolError, Tools};
use crate::backend::{BackendError, Fault, Stage};

/// The longest pause between two looks at a job that is to go.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a cancelled job may take before it is cancelled once more: it may have been put back into the queue.
const AGAIN: Duration = Duration::from_secs(5);

/// The jobs of a user.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) tools: Tools,
    user: u32,
}

impl Queue {
    pub(super) const fn new(tools: Tools, user: u32) -> Self {
        Self { tools, user }
    }

    /// The version of Slurm's commands, where they say it.
    pub(super) async fn version(&self) -> Option<String> {
        let said = self.tools.ask("sbatch", &["--version".to_owned()]).await.ok()?;
        Some(said.trim().trim_start_matches("slurm ").to_owned())
    }

    /// All jobs, also those that are over and not yet forgotten; only those of a name when there is one.
    pub(super) async fn jobs(&self, name: Option<&str>) -> Result<Vec<JobLine>, ToolError> {
        let mut arguments = vec![
            "--noheader".to_owned(),
            "--all".to_owned(),
            "--states=all".to_owned(),
            format!("--user={}", self.user),
            format!("--Format={COLUMNS}"),
        ];
        arguments.extend(name.map(|name| format!("--name={name}")));
        Ok(self.tools.ask("squeue", &arguments).await?.lines().filter_map(JobLine::parse).collect())
    }

    /// Cancels all jobs of a name and waits until nothing of them runs. Gives them as they ended.
    ///
    /// # Errors
    /// When that cannot be made sure by `deadline`, with the reason of the command that failed.
    pub(super) async fn clear(&self, name: &str, deadline: Instant) -> Result<Vec<JobLine>, BackendError> {
        let mut pause = Duration::from_millis(50);
        let mut cancelled: Option<Instant> = None;
        loop {
            let obstacle = match self.jobs(Some(name)).await {
                Ok(jobs) if jobs.iter().all(JobLine::is_over) => return Ok(jobs),
                Ok(jobs) => {
                    let left: Vec<String> = jobs.iter().filter(|job| !job.is_over()).map(JobLine::describe).collect();
                    let due = cancelled.is_none_or(|when| when.elapsed() >= AGAIN);
                    let order = [format!("--user={}", self.user), format!("--name={name}")];
                    match if due { self.tools.ask("scancel", &order).await } else { Ok(String::new()) } {
                        Ok(_) => {
                            if due {
                                cancelled = Some(Instant::now());
                            }
                            format!("{} after scancel", left.join(", "))
                        }
                        Err(error) => format!("{}; {error}", left.join(", ")),
                    }
                }
                Err(error) => error.to_string(),
            };
            if Instant::now() + pause >= deadline {
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

    /// Where a node can be reached, as Slurm itself reaches it.
    pub(super) async fn address_of(&self, node: &str) -> Result<String, ToolError> {
        let said = self.tools.ask("scontrol", &["--oneliner", "show", "node", node].map(str::to_owned)).await?;
        Ok(said.split_whitespace().find_map(|word| word.strip_prefix("NodeAddr=")).unwrap_or(node).to_owned())
    }

    /// Whether a controller answers.
    pub(super) async fn controller(&self) -> Result<String, ToolError> {
        self.tools.ask("scontrol", &["ping".to_owned()]).await
    }
}
