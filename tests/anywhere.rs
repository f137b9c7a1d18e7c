//! Runs the program outside a checkout: suites and recorded results are built in, a project's own suites replace them, and a
//! configuration is found from any directory below it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[path = "support/executable.rs"]
mod executable;

use crate::executable::executable;

/// A machine that has only the program.
struct Machine {
    home: TempDir,
}

/// Output of a command.
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { home: tempfile::tempdir().unwrap() };
        executable(&machine.program(), &fs::read(env!("CARGO_BIN_EXE_hydrotest")).unwrap());
        machine
    }

    fn program(&self) -> PathBuf {
        self.home.path().join("hydrotest")
    }

    fn directory(&self, name: &str) -> PathBuf {
        let directory = self.home.path().join(name);
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    fn run(&self, directory: &Path, arguments: &[&str]) -> Ran {
        let output = Command::new(self.program())
            .current_dir(directory)
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", self.state())
            .env_remove("CARGO")
            .env_remove("CI")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    fn passes(&self) {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
    }
}

fn paths(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_program_runs_in_an_empty_directory() {
    let machine = Machine::new();
    let empty = machine.directory("empty");
    let ran = machine.run(&empty, &["--suite", "embed,recorded", "--model", "esm2"]);
    ran.passes();
    assert!(ran.stdout.contains("esm2::recorded::"), "{}", ran.stdout);
    assert!(paths(&empty).is_empty(), "a run leaves no files: {:?}", paths(&empty));
    let unpacked = paths(&machine.state().join("references"));
    assert_eq!(unpacked.len(), 1, "{unpacked:?}");
    // Again from the unpacked files.
    machine.run(&empty, &["--suite", "recorded", "--model", "esm2"]).passes();
    machine.run(&empty, &["suites"]).passes();
    machine.run(&empty, &["backends"]).passes();
}

#[test]
fn responses_are_compared_with_the_built_in_references() {
    let machine = Machine::new();
    let empty = machine.directory("empty");
    let suites = machine.directory("suites");
    // The recorded result belongs to another input.
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/recorded.toml");
    let suite = fs::read_to_string(suite).unwrap().replace("NLYIQWLK", "NLYIQWLR");
    fs::write(suites.join("recorded.toml"), suite).unwrap();
    machine.run(&empty, &["--suite", "recorded", "--model", "esm2"]).passes();
    let unpacked = machine.state().join("references");
    let references = unpacked.join(&paths(&unpacked)[0]);
    let places = ["--suites", suites.to_str().unwrap(), "--snapshots", references.to_str().unwrap()];
    let ran = machine.run(&empty, &[&places[..], &["chain_of_esm2"]].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
}

#[test]
fn recording_needs_a_directory() {
    let machine = Machine::new();
    let empty = machine.directory("empty");
    let ran = machine.run(&empty, &["--suite", "recorded", "--model", "esm2", "--record"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stdout);
    assert!(ran.stderr.contains("`hydrotest init` writes them out"), "{}", ran.stderr);
    assert!(paths(&empty).is_empty());
}

#[test]
fn init_writes_a_project_once_and_never_overwrites_one() {
    let machine = Machine::new();
    let home = machine.directory("work");
    let ran = machine.run(&home, &["init", "project"]);
    ran.passes();
    let project = home.join("project");
    assert_eq!(paths(&project), ["backends.toml", "snapshots", "suites"]);
    machine.run(&project, &["--suite", "embed,recorded", "--model", "esm2"]).passes();
    assert!(!machine.state().join("references").exists(), "the project has its own");

    let again = machine.run(&home, &["init", "project"]);
    assert_eq!(again.code, Some(2), "{}", again.stdout);
    assert!(again.stderr.contains("already in project: backends.toml"), "{}", again.stderr);
    // If the user has one such file, it is kept and nothing is added.
    let other = machine.directory("other");
    fs::create_dir(other.join("suites")).unwrap();
    fs::write(other.join("suites/embed.toml"), "mine").unwrap();
    let refused = machine.run(&other, &["init"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("suites/embed.toml"), "{}", refused.stderr);
    assert_eq!(paths(&other), ["suites"]);
    assert_eq!(fs::read_to_string(other.join("suites/embed.toml")).unwrap(), "mine");
}

#[test]
fn a_configuration_in_a_parent_directory_is_found_with_its_suites() {
    let machine = Machine::new();
    let project = machine.directory("project");
    let deep = machine.directory("project/some/where");
    let config = "[backends.only]\nkind = 'reference'\n";
    fs::write(project.join("backends.toml"), config).unwrap();
    // Without suites of its own, the project uses the built-in ones. A single backend needs no `default`.
    let ran = machine.run(&deep, &["--suite", "recorded", "--model", "esm2"]);
    ran.passes();
    assert!(ran.stdout.contains("backend only"), "{}", ran.stdout);
    let suite = "about = 'own'\n[[case]]\nname = 'one'\nsequences = 'short'\nmodels = ['esm2']\nchecks = [{ check = 'contract' }]\n";
    fs::create_dir(project.join("suites")).unwrap();
    fs::write(project.join("suites/own.toml"), suite).unwrap();
    fs::write(project.join("suites/sequences.fasta"), ">short\nMLKNV\n").unwrap();
    let ran = machine.run(&deep, &["--list"]);
    ran.passes();
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("::")).count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("esm2::own::one"));
    // The printed command for repeating a case works from that directory.
    let wrong = suite.replace("{ check = 'contract' }", "{ check = 'absent', fields = ['embeddings'] }");
    fs::write(project.join("suites/own.toml"), wrong).unwrap();
    let ran = machine.run(&deep, &[]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    let line = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("reproduce: hydrotest "));
    let line = line.unwrap_or_else(|| panic!("{}", ran.stdout));
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(machine.run(&deep, &words).code, Some(1), "{line}");
    assert!(paths(&deep).is_empty());
}

#[test]
fn a_backend_is_added_to_the_project_in_a_parent_directory() {
    let machine = Machine::new();
    let project = machine.directory("project");
    let deep = machine.directory("project/deep");
    machine.run(&project, &["new", "backend", "lab", "--kind", "reference"]).passes();
    machine.run(&deep, &["new", "backend", "other", "--kind", "reference"]).passes();
    let declared = fs::read_to_string(project.join("backends.toml")).unwrap();
    assert!(declared.contains("[backends.lab]") && declared.contains("[backends.other]"), "{declared}");
    assert!(paths(&deep).is_empty());
}

#[test]
fn show_prints_a_case_and_its_reference() {
    let machine = Machine::new();
    let empty = machine.directory("empty");
    let ran = machine.run(&empty, &["show", "esm2::recorded::chain_of_esm2"]);
    ran.passes();
    for expected in [
        "every field of one chain",
        "core case of built-in suites/recorded.toml:",
        "input \"NLYIQWLK\"",
        "\"include_fields\":[\"*\"]",
        ": { check = \"snapshot\" }",
        "compared with synthetic/esm2/recorded/chain_of_esm2: ESM-2 embed on reference",
        "embeddings: float32 array (1, 8, 320)",
        "run it: hydrotest --backend reference --exact esm2::recorded::chain_of_esm2",
    ] {
        assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
    }
    // Part of a name is enough if no other case contains it. `explain` is the same command.
    let same = machine.run(&empty, &["explain", "recorded::chain_of_esm2"]);
    assert_eq!(same.stdout, ran.stdout);
    let several = machine.run(&empty, &["show", "esm2::recorded"]);
    assert_eq!(several.code, Some(2));
    assert!(several.stderr.contains("name one of them: esm2::recorded::"), "{}", several.stderr);
    let mistyped = machine.run(&empty, &["show", "esm2::recorded::chain_of_esm3"]);
    assert!(mistyped.stderr.contains("did you mean `esm2::recorded::chain_of_esm2`?"), "{}", mistyped.stderr);
    let without = machine.run(&empty, &["show", "esm2::life_cycle::start_twice"]);
    assert!(without.code == Some(2) || without.stdout.contains("compared with no recorded result"));
}

#[test]
fn completions_and_manual_pages_have_every_command() {
    let machine = Machine::new();
    let empty = machine.directory("empty");
    for shell in ["bash", "zsh", "fish"] {
        let ran = machine.run(&empty, &["completions", shell]);
        ran.passes();
        assert!(ran.stdout.contains("calibrate") && ran.stdout.contains("keep-responses"), "{shell}");
    }
    let page = machine.run(&empty, &["man"]);
    page.passes();
    assert!(page.stdout.contains(".TH hydrotest 1"), "{}", page.stdout);
    machine.run(&empty, &["man", "pages"]).passes();
    let pages = paths(&empty.join("pages"));
    for page in ["hydrotest.1", "hydrotest-doctor.1", "hydrotest-snapshots-accept.1"] {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
}

#[test]
fn the_log_is_of_hydrotest_alone_and_only_on_request() {
    let machine = Machine::new();
    let empty = machine.directory("empty");
    let logged = |wanted: Option<&str>| {
        let mut command = Command::new(machine.program());
        command
            .current_dir(&empty)
            .args(["--backend", "self", "--exact", "esm2::recorded::chain_of_esm2"])
            .env("HYDROTEST_STATE_DIR", machine.state())
            .env_remove("RUST_LOG")
            .envs(wanted.map(|wanted| ("RUST_LOG", wanted)));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(!logged(None).contains("hydrotest::"));
    let log = logged(Some("trace"));
    for event in ["start instance=", "ready instance=", "call instance=", "stopped instance="] {
        let line = log.lines().find(|line| line.contains(event));
        let line = line.unwrap_or_else(|| panic!("{event}: {log}"));
        assert!(line.contains(" hydrotest::backend::instance: "), "{line}");
    }
    assert!(!log.contains(" hyper"), "{log}");
    assert!(!logged(Some("info")).contains("call instance="));
    assert!(logged(Some("a=b=c")).contains("warning: RUST_LOG is not understood"));
}
