//! Runs Slurm's own commands: bounded in time and in what is read of them, with nothing of the user's environment that
//! would change what they say. Knows what they are called, not what a job means.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::backend::{BackendError, Fault, Stage};
use crate::os::{Pid, Signal, kill_process_group};

/// How long a question or an order may take; a controller under load answers in seconds.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a submission may take: sites run programs of their own on it.
pub(super) const SUBMISSION: Duration = Duration::from_secs(60);
/// Bytes read of what a command says.
const LONGEST: u64 = 4 << 20;
/// Characters of a command's complaint that a message shows.
const LONGEST_COMPLAINT: usize = 1000;
/// Beginnings of variables by which a user changes what these commands show or do.
const MEDDLING: [&str; 4] = ["SQUEUE_", "SCANCEL_", "SINFO_", "SLURM_TIME_FORMAT"];
/// Variables by which a submission would wait for the end of its job, become an array of jobs, or read and write elsewhere. What
/// chooses a partition, an account and the like is the user's.
const MISLEADING: [&str; 4] = ["SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_INPUT", "SBATCH_ERROR"];

/// The commands of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    conf: Option<String>,
}

/// Why a command brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ToolError {
    /// It is not there or cannot be run.
    #[error("`{tool}` cannot be run: {error}")]
    Missing {
        /// The command.
        tool: &'static str,
        /// What the system says.
        error: String,
    },
    /// It says that it failed.
    #[error("{tool}: {words}")]
    Failed {
        /// The command.
        tool: &'static str,
        /// In its own words.
        words: String,
    },
    /// It did not end in time.
    #[error("`{tool}` did not answer within {seconds} s")]
    Late {
        /// The command.
        tool: &'static str,
        /// The time it was given.
        seconds: u64,
    },
}

impl ToolError {
    /// The error of a stage for which the command was needed.
    pub(super) fn during(&self, stage: Stage) -> BackendError {
        match self {
            Self::Missing { .. } => {
                let message = format!("{self}; are Slurm's commands installed here and on the PATH?");
                BackendError::new(stage, Fault::Misconfigured, message)
            }
            Self::Failed { .. } | Self::Late { .. } => BackendError::new(stage, Fault::Unreachable, self.to_string()),
        }
    }
}

impl Tools {
    /// Those of the cluster that a `slurm.conf` describes, else of the one that they find by themselves.
    pub(super) const fn new(conf: Option<String>) -> Self {
        Self { conf }
    }

    /// Asks or orders something and gives what was said on standard output.
    pub(super) async fn ask(&self, tool: &'static str, arguments: &[String]) -> Result<String, ToolError> {
        self.run(tool, arguments, "", &[], PATIENCE).await
    }

    /// Runs a command to its end, with something to read and further variables.
    pub(super) async fn run(
        &self,
        tool: &'static str,
        arguments: &[String],
        input: &str,
        variables: &[(&'static str, String)],
        patience: Duration,
    ) -> Result<String, ToolError> {
        let missing = |error: io::Error| ToolError::Missing { tool, error: error.to_string() };
        let mut command = Command::new(tool);
        for (name, _) in std::env::vars_os().filter(|(name, _)| meddles(name)) {
            command.env_remove(name);
        }
        if let Some(conf) = &self.conf {
            command.env("SLURM_CONF", conf);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        // In a process group of its own: Ctrl-C is for the harness, which then wants these commands to work.
        let child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(missing)?;
        let mut group = CommandGroup(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let ended = tokio::time::timeout(patience, async {
            let write = async {
                if let Some(mut stdin) = stdin {
                    // Who does not read to the end says why.
                    let _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            let ((), said, complained) = tokio::join!(write, read(stdout), read(stderr));
            (child.wait().await, said, complained)
        });
        let ended = ended.await;
        if ended.is_ok() {
            // Its number may be another process's by now.
            group.0 = None;
        }
        match ended {
            Err(_) => Err(ToolError::Late { tool, seconds: patience.as_secs() }),
            Ok((Err(error), ..)) => Err(missing(error)),
            Ok((Ok(status), said, _)) if status.success() => Ok(said),
            Ok((Ok(status), said, complained)) => {
                Err(ToolError::Failed { tool, words: words(status, &said, &complained) })
            }
        }
    }
}

/// The process group of a command. Dropping it ends the command with everything that it started: at many sites it is a script.
struct CommandGroup(Option<Pid>);

impl Drop for CommandGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error says that no process of it is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn meddles(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    MEDDLING.iter().any(|prefix| name.starts_with(prefix)) || MISLEADING.contains(&&*name)
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What was read before an error is still worth showing; a command that says more than this is cut off.
        let _ = stream.take(LONGEST).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a failed command said, in one line.
fn words(status: ExitStatus, said: &str, complained: &str) -> String {
    let text = if complained.trim().is_empty() { said } else { complained };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return format!("failed without a word ({status})");
    }
    lines.join("; ").chars().take(LONGEST_COMPLAINT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::is_alive;

    #[test]
    fn what_would_make_a_submission_hang_is_kept_from_it_and_the_choices_of_the_user_are_not() {
        for name in ["SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_ERROR", "SQUEUE_FORMAT"] {
            assert!(meddles(&name.into()), "{name}");
        }
        for name in ["SBATCH_PARTITION", "SBATCH_ACCOUNT", "SBATCH_WAIT_ALL_NODES", "SLURM_CONF", "PATH"] {
            assert!(!meddles(&name.into()), "{name}");
        }
    }

    #[tokio::test]
    async fn a_command_that_is_given_up_ends_with_everything_it_started() {
        let reported = tempfile::NamedTempFile::new().unwrap();
        let script = format!("sleep 600 & echo $! > {}; wait", reported.path().display());
        let arguments = ["-c".to_owned(), script];
        let variables = [];
        let tools = Tools::new(None);
        let asked = tools.run("sh", &arguments, "", &variables, Duration::from_secs(600));
        let started = async {
            loop {
                let said = std::fs::read_to_string(reported.path()).unwrap();
                if said.ends_with('\n') {
                    return said.trim().parse::<i32>().unwrap();
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let child = tokio::select! {
            asked = asked => panic!("it ended by itself: {asked:?}"),
            child = started => child,
        };
        while is_alive(child) {
            tokio::task::yield_now().await;
        }
    }
}
