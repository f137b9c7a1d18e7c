//! The directory of one platform's runs: a configuration, a state directory and temporary files of their own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::clean::clean;
use crate::platforms::Platform;

/// A variable in the environment of every process that the runs start, on this machine and in containers. Its value is the
/// home.
pub const VARIABLE: &str = "HYDROTEST_KILLED";

/// The run that is killed: calls, and all kinds of starts and stops. Frozen processes would only slow it down.
const ALL: &[&str] = &[
    "--model",
    "esm2",
    "--suite",
    "embed,life_cycle",
    "--skip",
    "failed_stop",
    "--skip",
    "0M_UR50D",
    "--skip",
    "3B_UR50D",
];
/// The run that cleans up: it has to start something.
const ONE: &[&str] = &["--exact", "esm2::embed::minimal"];

pub struct Home<'a> {
    directory: TempDir,
    pub platform: &'a Platform,
    /// The names of killed runs.
    killed: RefCell<Vec<String>>,
}

impl<'a> Home<'a> {
    pub fn new(platform: &'a Platform) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        let table = format!(
            "default = 'lab'\n[backends.lab]\nkind = '{}'\nweights = 'synthetic'\nmax_instances = 2\nenv.{VARIABLE} = '{}'\n{}",
            platform.kind,
            directory.path().display(),
            (platform.table)(directory.path())
        );
        std::fs::write(directory.path().join("backends.toml"), table).unwrap();
        for name in ["suites", "snapshots"] {
            std::os::unix::fs::symlink(checkout.join(name), directory.path().join(name)).unwrap();
        }
        std::fs::create_dir(directory.path().join("temporary")).unwrap();
        Self { directory, platform, killed: RefCell::default() }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn runs(&self) -> PathBuf {
        self.path().join("state/runs")
    }

    /// The names of the runs killed so far.
    pub fn killed(&self) -> Vec<String> {
        self.killed.borrow().clone()
    }

    /// Remembers the names of killed runs before they are cleaned up.
    pub fn learn_killed(&self) {
        let runs = std::fs::read_dir(self.runs()).into_iter().flatten().flatten();
        let names = runs.map(|run| run.file_name().into_string().unwrap());
        self.killed.borrow_mut().extend(names);
    }

    pub fn temporary(&self) -> PathBuf {
        self.path().join("temporary")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command
            .current_dir(self.path())
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.path().join("state"))
            .env("TMPDIR", self.temporary())
            .env(VARIABLE, self.path())
            .env("CI", "true")
            .stdin(Stdio::null());
        command
    }

    /// The duration of a run that is not killed. It must pass.
    pub fn whole_run(&self) -> Duration {
        let begun = Instant::now();
        let output = self.whole().output().unwrap();
        let reported = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{reported}{}", String::from_utf8_lossy(&output.stderr));
        begun.elapsed()
    }

    /// Removes images, which are otherwise pulled only once.
    pub fn forget_images(&self, place: &str) {
        std::fs::remove_dir_all(self.path().join(place).join("images")).unwrap();
    }

    /// The run that is killed repeatedly.
    fn whole(&self) -> Command {
        let mut command = self.command(ALL);
        command.args(self.platform.left_out.iter().flat_map(|case| ["--skip", case]));
        command
    }

    /// A run to be killed.
    pub fn start(&self) -> Child {
        let mut command = self.whole();
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Cleans up with `hydrotest clean`, repeated while it reports that creations are still pending.
    pub fn clean(&self) -> Result<(), String> {
        clean(|| self.command(&["clean"]))
    }

    /// Cleans up by running again. Pending creations are left for later.
    pub fn next_run(&self) -> Result<(), String> {
        let output = self.command(ONE).output().unwrap();
        let reported = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        if !output.status.success() {
            return Err(format!("{ONE:?} ended with {}: {reported}", output.status));
        }
        let mut runs = std::fs::read_dir(self.runs()).into_iter().flatten().flatten();
        let waits = |run: std::fs::DirEntry| {
            let made = std::fs::read_dir(run.path().join("pending"));
            made.is_ok_and(|mut made| made.next().is_some())
        };
        if runs.any(waits) {
            return self.clean();
        }
        let is_kept = |run: std::fs::DirEntry| self.killed().iter().any(|killed| **killed == *run.file_name());
        let mut runs = std::fs::read_dir(self.runs()).into_iter().flatten().flatten();
        if runs.any(is_kept) { Err(format!("a killed run was kept: {reported}")) } else { Ok(()) }
    }
}
