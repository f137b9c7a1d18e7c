//! Runs Slurm's own commands within bounds of time and output, without variables of the user that would change their
//! output. Does not interpret jobs.

use std::ffi::OsStr;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::backend::{BackendError, Fault, Stage};
use crate::os::{Pid, Signal, kill_process_group};

/// How long a command may take; a controller under load answers in seconds.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long a submission may take: sites may check it with programs of their own.
pub(super) const SUBMISSION: Duration = Duration::from_secs(60);
/// Bytes that are read of a command's output.
const LONGEST: u64 = 4 << 20;
/// Characters of a command's error output that a message shows.
const LONGEST_COMPLAINT: usize = 1000;
/// Prefixes of variables that change the output or behaviour of these commands.
const MEDDLING: [&str; 4] = ["SQUEUE_", "SCANCEL_", "SINFO_", "SLURM_TIME_FORMAT"];
/// Variables that make a submission wait for the end of its job, create an array of jobs, or read and write elsewhere.
/// Those that choose a partition or an account are kept.
const MISLEADING: [&str; 4] = ["SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_INPUT", "SBATCH_ERROR"];

/// The commands of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    /// The `slurm.conf` of the cluster; `None` for the default cluster.
    pub(super) conf: Option<String>,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ToolError {
    /// It does not exist or cannot be run.
    #[error("`{tool}` cannot be run: {error}")]
    Missing { tool: &'static str, error: String },
    /// It exited with an error status.
    #[error("{tool}: {message}")]
    Failed { tool: &'static str, message: String },
    /// It did not exit in time.
    #[error("`{tool}` did not answer within {seconds} s")]
    Late { tool: &'static str, seconds: u64 },
}

impl ToolError {
    /// The error of a stage for which the command was needed.
    pub(super) fn during(&self, stage: Stage) -> BackendError {
        if let Self::Missing { .. } = self {
            let message = format!("{self}; are Slurm's commands installed here and on the PATH?");
            return BackendError::new(stage, Fault::Misconfigured, message);
        }
        BackendError::new(stage, Fault::Unreachable, self.to_string())
    }
}

impl Tools {
    /// Runs a command and returns its standard output.
    pub(super) async fn ask(&self, tool: &'static str, arguments: &[impl AsRef<OsStr>]) -> Result<String, ToolError> {
        self.run(tool, arguments, "", &[], PATIENCE).await
    }

    /// Runs a command with standard input and further variables, and returns its standard output.
    pub(super) async fn run(
        &self,
        tool: &'static str,
        arguments: &[impl AsRef<OsStr>],
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
        // In its own process group: on Ctrl-C the harness still needs these commands.
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(missing)?;
        let mut group = CommandGroup(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let ended = tokio::time::timeout(patience, async {
            let write = async {
                if let Some(mut stdin) = stdin {
                    // A command that does not read to the end reports why.
                    let _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            let ((), output, errors) = tokio::join!(write, read(stdout), read(stderr));
            (child.wait().await, output, errors)
        })
        .await;
        if ended.is_ok() {
            // Its number may have been reused.
            group.0 = None;
        }
        match ended {
            Err(_) => Err(ToolError::Late { tool, seconds: patience.as_secs() }),
            Ok((Err(error), ..)) => Err(missing(error)),
            Ok((Ok(status), output, _)) if status.success() => Ok(output),
            Ok((Ok(status), output, errors)) => {
                Err(ToolError::Failed { tool, message: message(status, &output, &errors) })
            }
        }
    }
}

/// The process group of a command. Dropping it kills the command and its children: at many sites the command is a
/// script.
struct CommandGroup(Option<Pid>);

impl Drop for CommandGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // An error means that no process of it is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn meddles(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    MEDDLING.iter().any(|prefix| name.starts_with(prefix)) || MISLEADING.contains(&&*name)
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // Output before an error is still worth showing; output beyond the limit is cut off.
        let _ = stream.take(LONGEST).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The output of a failed command, in one line.
fn message(status: ExitStatus, output: &str, errors: &str) -> String {
    let text = if errors.trim().is_empty() { output } else { errors };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return format!("failed without a word ({status})");
    }
    lines.join("; ").chars().take(LONGEST_COMPLAINT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::dropped;

    #[test]
    fn variables_that_disturb_a_submission_are_removed_and_choices_of_the_user_are_kept() {
        for name in ["SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_ERROR", "SQUEUE_FORMAT"] {
            assert!(meddles(name.as_ref()), "{name}");
        }
        for name in ["SBATCH_PARTITION", "SBATCH_ACCOUNT", "SBATCH_WAIT_ALL_NODES", "SLURM_CONF", "PATH"] {
            assert!(!meddles(name.as_ref()), "{name}");
        }
    }

    #[tokio::test]
    async fn a_command_that_is_dropped_is_killed_with_its_children() {
        let reported = tempfile::NamedTempFile::new().unwrap();
        let script = dropped::script(reported.path());
        let arguments = ["-c".to_owned(), script];
        let variables = [];
        let tools = Tools { conf: None };
        let asked = tools.run("sh", &arguments, "", &variables, Duration::from_secs(600));
        dropped::leaves_no_child(asked, reported.path()).await;
    }
}
