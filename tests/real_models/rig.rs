//! A configuration for boileroom's real models, and runs of the shipped suites with recorded results of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::engine::engine;
use crate::turns::{Turn, alone};
use crate::{MODELS, PYTHON};

/// All servers are on loopback.
const PROXIES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

/// A directory with a configuration and recorded results. Two cores are not enough for two of these models, so there is one
/// instance at a time.
pub struct Rig {
    home: TempDir,
    _turn: Turn,
}

impl Rig {
    /// The backend `lab`, declared by these settings.
    pub fn new(settings: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let text = format!("default = 'lab'\n[backends.lab]\nweights = 'random'\n{settings}\n");
        std::fs::write(home.path().join("backends.toml"), text).unwrap();
        Self { home, _turn: alone("models") }
    }

    /// Records the results of the selected cases, then runs them again and compares. Neither run may have a failure, and the
    /// second must have compared at least one recorded result.
    #[track_caller]
    pub fn conforms(&self, selection: &[&str]) {
        let (recorded, code) = self.run(&[selection, &["--record"]].concat());
        assert_eq!(code, Some(0), "{recorded}");
        let files = count(&self.home.path().join("snapshots"));
        assert!(files > 0, "nothing was recorded:\n{recorded}");
        let (compared, code) = self.run(selection);
        assert_eq!(code, Some(0), "{compared}");
        assert_eq!(count(&self.home.path().join("snapshots")), files, "{compared}");
        let closing: Vec<&str> = compared.lines().rev().take(4).collect();
        eprintln!("{}", closing.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }

    /// Runs the selected cases. Returns the output and the exit code.
    pub fn run(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites");
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        for proxy in PROXIES {
            command.env_remove(proxy);
        }
        let output = command
            .current_dir(self.home.path())
            .arg("--suites")
            .arg(suites)
            .args(["--color", "never"])
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.home.path().join("state"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("CI")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let [reported, complained] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (reported + &complained, output.status.code())
    }
}

/// The interpreter that has boileroom.
pub fn python() -> String {
    engine(PYTHON)
}

/// The path from which the interpreter imports boileroom.
pub fn packages() -> String {
    let program = "import boileroom, pathlib; print(pathlib.Path(boileroom.__file__).parents[1])";
    let output = Command::new(python()).args(["-c", program]).output().unwrap();
    let reported = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    reported.trim().to_owned()
}

/// The variables that tell boileroom's cores where the checkpoints are, as a TOML table.
pub fn environment(packages: &str) -> String {
    let models = engine(MODELS);
    format!(
        "env = {{ PYTHONPATH = '{packages}', MODEL_DIR = '{models}', HF_HUB_OFFLINE = '1', TRANSFORMERS_OFFLINE = '1' }}\n"
    )
}

/// The number of recorded results in a directory.
fn count(directory: &Path) -> usize {
    let mut open = vec![PathBuf::from(directory)];
    let mut files = 0;
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files += usize::from(path.extension().is_some_and(|extension| extension == "snap"));
            }
        }
    }
    files
}
