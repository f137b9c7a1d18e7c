//! The program as a user sees it when a resource leaks: the leak is named and the run fails, a failed leak check is not the
//! backend's fault, and nothing else is called a leak.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod engine;
mod platforms;
mod processes;
#[path = "../support/project.rs"]
mod project;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use project::Ran;

/// The case that is run if a server responds.
const ONE: &[&str] = &["--exact", "esm2::embed::minimal"];

/// A backend of the kind `process` whose server is started by this script. `$SERVE` serves, and `$0` is its port.
fn scripted(script: &str, more: &str) -> String {
    let program = env!("CARGO_BIN_EXE_hydrotest");
    format!(
        "default = 'lab'\n[backends.lab]\nkind = 'process'\nweights = 'synthetic'\nmodels = ['esm2']\n\
         command = ['sh', '-c', '''{script}''', '{{port}}']\nenv = {{ SERVE = '{program} serve --port' }}\n{more}"
    )
}

/// A directory with a suite of one case, which passes if the backend refuses the input.
struct Refusing(TempDir);

impl Refusing {
    fn new(backends: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(home.path().join(name), text).unwrap();
        write("backends.toml", backends);
        fs::create_dir(home.path().join("suites")).unwrap();
        write("suites/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n");
        write(
            "suites/first.toml",
            "about = 'x'\nmodels = ['esm2']\n[[case]]\nname = 'one'\nsequences = 'short'\nchecks = [{ check = 'error' }]\n",
        );
        Self(home)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command
            .current_dir(self.path())
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.path().join("state"))
            .env("CI", "true")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }
}
