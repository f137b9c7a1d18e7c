//! A checkout with a backend on Modal, and the program run in it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::cloud::{TOKEN, folder};
use crate::python;

/// A backend `modal` of the kind `python`, with further settings.
pub fn declaration(settings: &str) -> String {
    let path = ["modal_standin", "boilerlike", ""].map(|name| format!("'{}'", folder(name).display()));
    format!(
        "default = 'modal'\n[backends.modal]\nkind = 'python'\nweights = 'synthetic'\ninterpreter = ['{}']\n\
         path = [{}]\nwrapper = 'modal_boiler.{{model.wrapper}}'\nselector = 'modal'\n{settings}\n",
        python(),
        path.join(", "),
    )
}

/// The service is on loopback, so the user's proxy settings are removed.
pub const NO_PROXIES: [(&str, &str); 6] = [
    ("HTTP_PROXY", ""),
    ("HTTPS_PROXY", ""),
    ("ALL_PROXY", ""),
    ("http_proxy", ""),
    ("https_proxy", ""),
    ("all_proxy", ""),
];

/// A suite of three cases for one model.
const SUITE: &str = "about = 'three calls'\nmodels = ['esm2']\n";

/// A directory in which the program runs.
pub struct Project {
    home: TempDir,
    address: String,
}

impl Project {
    /// A project whose suite has three cases with these checks.
    pub fn new(address: &str, checks: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
        write("backends.toml", &declaration(""));
        std::fs::create_dir(home.path().join("suites")).unwrap();
        write("suites/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n");
        let case = |name| format!("[[case]]\nname = '{name}'\nsequences = 'short'\nchecks = [{checks}]\n");
        write("suites/small.toml", &(SUITE.to_owned() + &["one", "two", "three"].map(case).concat()));
        Self { home, address: address.to_owned() }
    }

    /// A project with the suites and snapshots of this repository.
    pub fn whole(address: &str) -> Self {
        let project = Self::new(address, "");
        std::fs::remove_dir_all(project.home.path().join("suites")).unwrap();
        for name in ["suites", "snapshots"] {
            let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
            std::os::unix::fs::symlink(shared, project.home.path().join(name)).unwrap();
        }
        project
    }

    /// The program, with the token in its environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command
            .current_dir(self.home.path())
            .args(arguments)
            .envs(TOKEN)
            .env("MODAL_SERVER_URL", &self.address)
            .env("MODAL_CONFIG_PATH", self.home.path().join("modal.toml"))
            .env("HYDROTEST_STATE_DIR", self.home.path().join("state"))
            .envs(NO_PROXIES)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env_remove("CI")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program, checks its exit code and returns what it printed.
    #[track_caller]
    pub fn expect(command: &mut Command, code: i32) -> String {
        let output = command.output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{shown}");
        shown
    }
}
