//! Runs the program with a configuration and a state directory of its own, on the repository's suites.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A directory with a configuration.
pub struct Project {
    home: TempDir,
}

impl Project {
    pub fn new(backends: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("backends.toml"), backends).unwrap();
        Self { home }
    }

    /// The state directory of its runs.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// A run of the repository's own suites.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command
            .current_dir(self.home.path())
            .arg("--suites")
            .arg(repository.join("suites"))
            .arg("--snapshots")
            .arg(repository.join("snapshots"))
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.state())
            // No credentials of the user, and no bytecode next to the sources.
            .env("DOCKER_CONFIG", self.home.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("CI")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }
}

/// Output of a run of the program.
pub struct Ran {
    pub code: Option<i32>,
    pub reported: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let reported = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Self { code: output.status.code(), reported: reported.join("\n") }
    }
}

impl Ran {
    /// Checks the exit code and parts of the output.
    #[track_caller]
    pub fn expect(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.reported);
        for part in parts {
            assert!(self.reported.contains(part), "{part} is missing in\n{}", self.reported);
        }
    }
}
