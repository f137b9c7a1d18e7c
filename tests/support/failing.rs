//! Runs failures through the program itself, one row each, and checks the exit code, the message, the last lines of the
//! server's log, the command that reproduces it, and that nothing is kept for a later run to clean up. Needs the modules
//! `project` and `until`.

use std::time::Duration;

use crate::project::Project;
use crate::until::until;

/// A case that every correct backend passes.
pub const CASE: &str = "esm2::embed::minimal";
/// A case whose response takes tens of megabytes.
pub const LARGE: &str = "esm2::embed::layers@esm2_t36_3B_UR50D";
/// The shell prefix that makes [`LARGE`] end a server during the call: a memory limit below the size of the response.
pub const NARROW: &str = "ulimit -v 84000; exec";

/// A killed process is gone long before this.
const LONG: Duration = Duration::from_secs(30);

/// One way to fail.
pub struct Failure {
    /// What is wrong.
    pub name: &'static str,
    /// Settings of the backend that cause it.
    pub settings: String,
    /// The case that is run.
    pub case: &'static str,
    /// 0 if it is only reported, 1 if the backend is wrong, 2 if a table is, 3 if the platform failed.
    pub code: i32,
    /// Parts of the message, stage and fault among them.
    pub parts: Vec<&'static str>,
    /// Parts of the log's last lines, one for each line.
    pub log: Vec<&'static str>,
    /// The command of a process that must be gone afterwards.
    pub gone: Option<String>,
}

impl Failure {
    /// A platform that fails during [`CASE`]: exit code 3.
    pub fn broken(name: &'static str, settings: impl Into<String>, parts: &'static [&'static str]) -> Self {
        Self {
            name,
            settings: settings.into(),
            case: CASE,
            code: 3,
            parts: parts.to_vec(),
            log: Vec::new(),
            gone: None,
        }
    }

    /// A mistake in the table: exit code 2.
    pub fn mistaken(name: &'static str, settings: impl Into<String>, parts: &'static [&'static str]) -> Self {
        Self { code: 2, ..Self::broken(name, settings, parts) }
    }

    /// A wrong response of the backend: exit code 1.
    pub fn wrong(name: &'static str, settings: impl Into<String>, parts: &'static [&'static str]) -> Self {
        Self { code: 1, ..Self::broken(name, settings, parts) }
    }

    /// A remark that does not change the verdict.
    pub fn reported(name: &'static str, settings: impl Into<String>, parts: &'static [&'static str]) -> Self {
        Self { code: 0, ..Self::broken(name, settings, parts) }
    }

    /// Adds part of a line in the log's tail.
    pub fn log(mut self, part: &'static str) -> Self {
        self.log.push(part);
        self
    }

    /// Adds the unique command of a process that must be gone afterwards.
    pub fn gone(mut self, command: &str) -> Self {
        self.gone = Some(command.to_owned());
        self
    }

    /// Adds further parts of the message.
    pub fn parts(mut self, parts: &[&'static str]) -> Self {
        self.parts.extend(parts);
        self
    }

    /// Runs another case.
    pub fn case(self, case: &'static str) -> Self {
        Self { case, ..self }
    }
}

/// Runs them one after another, each in a project of its own with the configuration that `table` returns for the settings.
pub fn run_all(table: impl Fn(&str) -> String, failures: &[Failure]) {
    let bad: Vec<String> = failures
        .iter()
        .filter_map(|failure| {
            let project = Project::new(&table(&failure.settings));
            let ran = project.run(&["--color", "never", "--exact", failure.case]);
            let missing = missing(failure, &project, ran.code, &ran.reported);
            (!missing.is_empty()).then(|| format!("{}: {}\n{}", failure.name, missing.join("; "), ran.reported))
        })
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n\n"));
}

/// The expectations that are not met.
fn missing(failure: &Failure, project: &Project, code: Option<i32>, reported: &str) -> Vec<String> {
    let mut missing = Vec::new();
    if code != Some(failure.code) {
        missing.push(format!("the exit code is {code:?} and not {}", failure.code));
    }
    for part in failure.parts.iter().filter(|part| !reported.contains(**part)) {
        missing.push(format!("`{part}` is not in the output"));
    }
    let lines_with = |start: &str, part: &str| {
        reported.lines().any(|line| line.trim_start().starts_with(start) && line.contains(part))
    };
    for part in failure.log.iter().filter(|part| !lines_with("log: ", part)) {
        missing.push(format!("`{part}` is not in the log's tail"));
    }
    // A mistake in a file is shown with its place. Everything else is a finding with the command that reproduces it.
    let is_placed = failure.code == 2 && lines_with("-->", "backends.toml:");
    if failure.code != 0 && !is_placed && !lines_with("reproduce: ", failure.case) {
        missing.push("neither a place in the file nor a command to reproduce it is shown".to_owned());
    }
    if let Some(command) = &failure.gone {
        until(&format!("the end of `{command}`"), LONG, || (!runs(command)).then_some(()));
    }
    let runs = std::fs::read_dir(project.state().join("runs")).into_iter().flatten();
    if runs.count() > 0 {
        missing.push("the run's directory is kept".to_owned());
    }
    missing
}

/// Whether a process of this machine, in a container or not, runs this command.
fn runs(command: &str) -> bool {
    let command_line = command.replace(' ', "\0");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut commands = processes.filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok());
    commands.any(|running| running.trim_end_matches('\0') == command_line)
}
