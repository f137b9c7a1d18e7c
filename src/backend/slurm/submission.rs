//! What sbatch is given for one job: its arguments, the script on its standard input, and the label in its environment.
//! Starts nothing but sbatch; the script contains no secret.

use super::job_dir::{ENVIRONMENT, JobDir};
use super::queue::Queue;
use super::server::Server;
use super::settings::{JobSpec, PORT, SlurmSettings};
use super::tools::{SUBMISSION, ToolError};
use crate::backend::kind::LaunchSpec;
use crate::backend::{BackendError, resources};
use crate::wire::Secret;

/// The part of the script that is the same for every job.
const BODY: &str = include_str!("job.sh");

/// Defines `module` in shells of jobs that do not define it.
const MODULES: &str = "\
for hydrotest_file in /etc/profile.d/*mod*.sh; do
    type module >/dev/null 2>&1 || { [ -r \"$hydrotest_file\" ] && . \"$hydrotest_file\"; }
done";

/// A job that is to be submitted.
#[derive(Debug)]
pub(super) struct Submission {
    label: String,
    arguments: Vec<String>,
    script: String,
    /// The content of the file with the variables that only the owner of the job may read.
    pub(super) environment: String,
}

impl Submission {
    /// The job for a launch.
    ///
    /// # Errors
    /// If a variable that a setting refers to is not set, or a directory cannot be bound into the container.
    pub(super) fn new(
        settings: &SlurmSettings,
        launch: &LaunchSpec,
        secret: &Secret,
        job_dir: &JobDir,
    ) -> Result<Self, BackendError> {
        let filled = settings.fill(&launch.contract)?;
        let server = Server::new(&filled, launch, secret)?;
        let label = launch.instance.label();
        let mut arguments = vec!["--parsable".to_owned()];
        arguments.extend_from_slice(&filled.arguments);
        // These come last, so that the table cannot override them.
        arguments.push(format!("--job-name={label}"));
        // sbatch replaces patterns that begin with a percent sign.
        arguments.push(format!("--output={}", job_dir.log.to_string_lossy().replace('%', "%%")));
        arguments.push("--open-mode=append".to_owned());
        let script = script(settings, &filled, &server, launch, job_dir);
        let lines = server.private.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value)));
        Ok(Self { label, arguments, script, environment: lines.collect() })
    }

    /// The command and the script, for a person to read.
    pub(super) fn shown(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|word| quoted(word)).collect();
        format!("# sbatch {}\n{}", words.join(" "), self.script)
    }

    /// Submits the job and returns the output of sbatch.
    pub(super) async fn submit(self, queue: &Queue) -> Result<String, ToolError> {
        queue.tools.run("sbatch", &self.arguments, &self.script, &[(resources::VARIABLE, self.label)], SUBMISSION).await
    }
}

/// The whole script, without private variables.
fn script(
    settings: &SlurmSettings,
    filled: &JobSpec,
    server: &Server,
    launch: &LaunchSpec,
    job_dir: &JobDir,
) -> String {
    let (name, model) = (launch.instance.label(), &launch.contract.key);
    let mut lines = vec![
        "#!/bin/bash".to_owned(),
        format!("# {name}: the model server of {model}, submitted by hydrotest"),
        format!("hydrotest_directory={}", quoted(&job_dir.directory.to_string_lossy())),
        // Tenths of a second between asking the server to exit and killing it.
        format!("hydrotest_tenths={}", settings.grace.as_millis() / 100),
    ];
    // Variables that came with the submission and are not for the server.
    lines.extend(settings.withheld.names().iter().map(|name| format!("unset {}", quoted(&name.to_string_lossy()))));
    if !filled.modules.is_empty() {
        lines.push(MODULES.to_owned());
    }
    lines.extend(filled.modules.iter().map(|module| format!("module load {} || exit 1", quoted(module))));
    lines.extend(filled.prologue.iter().cloned());
    lines.push("# The table's variables and the secret, which only the owner of this job may read.".to_owned());
    lines.push(format!(
        ". \"$hydrotest_directory/{ENVIRONMENT}\" || {{ echo \"hydrotest: is $hydrotest_directory shared with $HOSTNAME?\"; exit 1; }}"
    ));
    lines.extend(server.public.iter().map(|(name, value)| match value {
        Some(value) => format!("export {name}={}", quoted(value)),
        None => format!("unset {name}"),
    }));
    let command: Vec<String> = server.command.iter().map(|word| command_word(word)).collect();
    lines.push(format!("hydrotest_serve() {{\n    exec {}\n}}\n", command.join(" ")));
    lines.push(BODY.to_owned());
    lines.join("\n")
}

/// A word, quoted for a shell.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A word of the command, with the argument of the shell function in place of the port.
fn command_word(word: &str) -> String {
    if word.is_empty() {
        return quoted(word);
    }
    let parts: Vec<String> =
        word.split(PORT).map(|part| if part.is_empty() { String::new() } else { quoted(part) }).collect();
    parts.join("\"$1\"")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_every_word_back() {
        for word in ["", "a", "it's", "$HOME `x` \"y\"", "a\nb", "*", "~", "-n", "ü"] {
            let read = Command::new("bash").args(["-c", &format!("printf '[%s]' {}", quoted(word))]).output().unwrap();
            assert_eq!(String::from_utf8(read.stdout).unwrap(), format!("[{word}]"));
        }
    }

    #[test]
    fn the_port_may_be_anywhere_in_a_word() {
        assert_eq!(command_word("\0"), "\"$1\"");
        assert_eq!(command_word("--bind=0.0.0.0:\0"), "--bind=0.0.0.0:\"$1\"");
        assert_eq!(command_word("http://h:\0/it's"), r#"http://h:"$1"'/it'\''s'"#);
        assert_eq!(command_word(""), "''");
    }

    #[test]
    fn the_body_is_a_script_that_a_shell_accepts() {
        let checked = Command::new("bash").args(["-n", "-c", BODY]).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
