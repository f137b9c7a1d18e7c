//! The program `apptainer` or `singularity`: finds it and knows the names of its environment variables. Runs only its
//! `--version`.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::backend::container::ContainerFamily;
use crate::backend::{BackendError, Fault, Stage};

/// The names to look for if the table gives none.
const NAMES: [&str; 2] = ["apptainer", "singularity"];
/// How long it may take to print its version.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that has printed its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    /// The name or path that it is run by.
    pub(super) program: String,
    /// Its version line, such as `apptainer version 1.4.5`.
    pub(super) version: String,
}

impl Tool {
    /// The program that the table names, else the first one found.
    ///
    /// # Errors
    /// If there is none, or it does not work.
    pub(super) async fn find(given: Option<&str>) -> Result<Self, BackendError> {
        let unusable = |message| BackendError::new(Stage::Launch, Fault::Misconfigured, message);
        let names = given.as_ref().map_or(&NAMES[..], std::slice::from_ref);
        for name in names {
            let asked = Command::new(name).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
            let output = match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => continue,
                Ok(Err(error)) => return Err(unusable(format!("`{name}` cannot be run: {error}"))),
                Ok(Ok(output)) => output,
                Err(_) => {
                    return Err(unusable(format!("`{name} --version` says nothing within {} s", PATIENCE.as_secs())));
                }
            };
            let output_text = [output.stdout, output.stderr].concat();
            let line: String =
                String::from_utf8_lossy(&output_text).lines().next().unwrap_or_default().chars().take(200).collect();
            if !output.status.success() {
                return Err(unusable(format!("`{name} --version` failed ({}): {line}", output.status)));
            }
            return Ok(Self { program: (*name).to_owned(), version: line });
        }
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(unusable(format!(
            "there is no program {}; install Apptainer (https://apptainer.org) or name it by `tool` in the backend's table",
            names.join(" or ")
        )))
    }

    /// The name of a variable for the program itself, such as `APPTAINER_TMPDIR`.
    pub(super) fn variable(&self, name: &str) -> OsString {
        self.family().variable(name)
    }

    /// The version decides and not the name, because `singularity` may be a link to Apptainer.
    pub(super) fn family(&self) -> ContainerFamily {
        if self.version.starts_with("singularity") { ContainerFamily::Singularity } else { ContainerFamily::Apptainer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_decides_the_names_of_the_variables() {
        let tool = |version: &str| Tool { program: "singularity".into(), version: version.into() };
        assert_eq!(tool("apptainer version 1.4.5").variable("TMPDIR"), "APPTAINER_TMPDIR");
        assert_eq!(tool("singularity-ce version 4.1.0").family().inner_variable("PATH"), "SINGULARITYENV_PATH");
    }

    #[tokio::test]
    async fn a_missing_tool_is_a_wrong_setting_and_one_that_fails_too() {
        let error = Tool::find(Some("no-such-tool")).await.unwrap_err();
        assert_eq!(error.fault, Fault::Misconfigured);
        insta::assert_snapshot!(error.message, @"there is no program `no-such-tool`; install Apptainer (https://apptainer.org) or name it by `tool` in the backend's table");
        let error = Tool::find(Some("false")).await.unwrap_err();
        assert!(error.message.contains("`false --version` failed"), "{error}");
    }
}
