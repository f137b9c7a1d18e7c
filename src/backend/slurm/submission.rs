//! What sbatch is given for one job: its arguments, the script on its standard input, and the label in its environment.

use std::path::Path;

use super::job_dir::JobDir;
use super::queue::Queue;
use super::script::{self, Parts, quoted};
use super::server::Server;
use super::settings::{JobSpec, SlurmSettings};
use super::tools::{SUBMISSION, ToolError};
use crate::backend::kind::LaunchSpec;
use crate::backend::resources;

/// A job that is to be submitted.
#[derive(Debug)]
pub(super) struct Submission {
    label: String,
    arguments: Vec<String>,
    script: String,
}

impl Submission {
    pub(super) fn new(
        settings: &SlurmSettings,
        filled: &JobSpec,
        server: &Server,
        launch: &LaunchSpec,
        job_dir: &JobDir,
    ) -> Self {
        let label = launch.instance.label();
        let mut arguments = vec!["--parsable".to_owned()];
        arguments.extend(filled.arguments.iter().cloned());
        // What follows must not be otherwise, whatever the table says.
        arguments.push(format!("--job-name={label}"));
        arguments.push(format!("--output={}", pattern(job_dir.log())));
        arguments.push("--open-mode=append".to_owned());
        let directory = job_dir.directory().to_string_lossy();
        let parts = Parts {
            directory: &directory,
            modules: &filled.modules,
            prologue: &filled.prologue,
            withheld: settings.withheld.names(),
            server,
            tenths: settings.grace.as_millis() / 100,
        };
        Self { label, arguments, script: script::script(&parts, launch) }
    }

    /// The command and the script, for a person to read.
    pub(super) fn shown(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|word| quoted(word)).collect();
        format!("# sbatch {}\n{}", words.join(" "), self.script)
    }

    /// Submits it and gives what sbatch says.
    pub(super) async fn submit(self, queue: &Queue) -> Result<String, ToolError> {
        queue.tools.run("sbatch", &self.arguments, &self.script, &[(resources::VARIABLE, self.label)], SUBMISSION).await
    }
}

/// A path in which sbatch replaces nothing.
fn pattern(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%%")
}
