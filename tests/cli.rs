//! The program as a user meets it: exit codes, messages, output for programs, and what a signal does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const BACKENDS: &str = "default = \"reference\"\n\n[backends.reference]\nkind = \"reference\"\n";

const SUITE: &str = r#"about = "a small suite"

[[case]]
name = "short"
sequences = "short"
models = ["esm2", "esmfold"]
checks = [{ check = "contract" }, { check = "snapshot" }]
"#;

/// A checkout with one backend and one suite, changed as the test needs.
struct Project {
    home: TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self {
            home: tempfile::tempdir().unwrap(),
        };
        project.write("backends.toml", BACKENDS);
        project.write("suites/small.toml", SUITE);
        project.write("suites/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n");
        project
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command
            .current_dir(self.home.path())
            .args(arguments)
            .env_remove("CARGO")
            .env_remove("CI")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }
}

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "stdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

#[test]
fn a_missing_snapshot_is_no_pass_and_recording_it_makes_one() {
    let project = Project::new();
    let missing = project.run(&[]).expect(3);
    assert!(missing.stdout.contains("no recorded result: "), "{}", missing.stdout);
    assert!(
        missing
            .stdout
            .contains("inconclusive: there is nothing to compare with; record the missing results"),
        "{}",
        missing.stdout
    );
    assert!(
        missing
            .stdout
            .contains("record it with: hydrotest --backend reference --record --exact")
    );
    let recorded = project.run(&["--record"]).expect(0);
    assert!(recorded.stdout.contains("note: recorded"), "{}", recorded.stdout);
    let passed = project.run(&[]).expect(0);
    assert!(
        passed.stdout.contains("test result: ok. 2 passed; 0 failed; 0 ignored"),
        "{}",
        passed.stdout
    );
    assert!(
        passed
            .stdout
            .contains("conforms: everything came out as expected (exit code 0)")
    );
    assert!(!passed.stdout.contains("recorded"));
}

#[test]
fn a_changed_answer_fails_with_the_place_the_numbers_and_the_command() {
    let project = Project::new();
    project.run(&["--record"]).expect(0);
    // Another sequence of the same length stands for a backend that answers something else.
    project.write("suites/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEA\n");
    let failed = project.run(&["--model", "esm2"]).expect(1);
    for part in [
        "esm2::small::short ... FAILED",
        "fail: the backend is wrong",
        "embeddings",
        "reproduce: hydrotest --backend reference --exact esm2::small::short",
        "does not conform: the backend is wrong (exit code 1)",
    ] {
        assert!(failed.stdout.contains(part), "{part} is missing in\n{}", failed.stdout);
    }
    let pending = project.run(&["snapshots", "list"]).expect(0);
    assert!(pending.stdout.contains("pending"), "{}", pending.stdout);
    let unasked = project.run(&["snapshots", "accept", "esm2"]).expect(2);
    assert!(unasked.stderr.contains("`--yes`"), "{}", unasked.stderr);
    let accepted = project.run(&["snapshots", "accept", "esm2", "--yes"]).expect(0);
    let from = "synthetic/esm2/small/short (replaces a reference): ESM-2 embed on reference (kind reference)";
    assert!(accepted.stdout.contains(from), "{}", accepted.stdout);
    project.run(&["--model", "esm2"]).expect(0);
}

#[test]
fn a_snapshot_that_nobody_uses_is_reported_and_can_be_pruned() {
    let project = Project::new();
    project.run(&["--record"]).expect(0);
    project.write("suites/small.toml", &SUITE.replace(", \"esmfold\"", ""));
    let ran = project.run(&[]).expect(0);
    assert!(
        ran.stdout.contains("unused snapshot: synthetic/esmfold/small/short"),
        "{}",
        ran.stdout
    );
    assert!(!project.run(&["--model", "esm2"]).expect(0).stdout.contains("unused"));
    let dry = project.run(&["snapshots", "prune", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("would delete 2 files"), "{}", dry.stdout);
    project.run(&["snapshots", "prune", "--yes"]).expect(0);
    assert!(!project.run(&[]).expect(0).stdout.contains("unused"));
}

#[test]
fn every_mistake_of_configuration_is_shown_where_it_is() {
    let project = Project::new();
    project.write(
        "backends.toml",
        "default = \"reference\"\n\n[backends.reference]\nkind = \"refrence\"\nwieghts = 1\n",
    );
    let ran = project.run(&[]).expect(2);
    for part in ["backends.toml:4:8", "did you mean `reference`?", "(exit code 2)"] {
        assert!(ran.stderr.contains(part), "{part} is missing in\n{}", ran.stderr);
    }
    // Mistakes in the keys that all kinds share and in those of one kind show together.
    let project = Project::new();
    project.write(
        "backends.toml",
        "default = \"lib\"\n[backends.lab]\nkind = \"http\"\nulr = \"http://a\"\nmodels = [\"esm-2\"]\nstart_timeout = \"soon\"\n\
         max_instances = \"two\"\nweigths = \"published\"\n",
    );
    let ran = project.run(&["backends"]).expect(2);
    for mistaken in ["`lib`", "`ulr`", "`esm-2`", "soon", "max_instances", "`weigths`"] {
        assert!(
            ran.stderr.contains(mistaken),
            "{mistaken} is missing in\n{}",
            ran.stderr
        );
    }
    let project = Project::new();
    project.write(
        "suites/small.toml",
        &SUITE
            .replace("sequences = \"short\"", "sequences = \"shrt\"")
            .replace("contract", "contrat"),
    );
    let ran = project.run(&[]).expect(2);
    assert!(ran.stderr.contains("did you mean `short`?"), "{}", ran.stderr);
}

#[test]
fn unknown_names_on_the_command_line_say_what_there_is() {
    let project = Project::new();
    let unknown = |arguments: &[&str]| project.run(arguments).expect(2).stderr;
    assert!(unknown(&["--backend", "your_backend"]).contains("Supported backends: reference"));
    assert!(unknown(&["--model", "esm3fold"]).contains("did you mean"));
    assert!(unknown(&["--suite", "smal"]).contains("did you mean `small`?"));
    assert!(unknown(&["--gpu", "T4"]).contains("--gpu does not apply to backend `reference`"));
    assert!(unknown(&["--backend", "reference:1.2"]).contains("an image tag does not apply"));
    assert!(unknown(&["--no-such-flag"]).contains("--no-such-flag"));
    assert!(unknown(&["--config", "nowhere.toml"]).contains("nowhere.toml"));
}

#[test]
fn nothing_run_is_an_outcome_of_its_own() {
    let project = Project::new();
    let empty = project.run(&["--model", "boltz2"]).expect(4);
    assert!(
        empty
            .stderr
            .contains("suite small gave no case: none of its cases fits boltz2"),
        "{}",
        empty.stderr
    );
    let filtered = project.run(&["no_such_case"]).expect(4);
    assert!(
        filtered
            .stderr
            .contains("none of 2 planned cases is selected by the filter `no_such_case`")
    );
    let skipped = project.run(&["--skip", "esm", "--skip", "x"]).expect(4);
    assert!(
        skipped.stderr.contains("is selected by --skip `esm` and --skip `x`"),
        "{}",
        skipped.stderr
    );
    let dry = project.run(&["--dry-run"]).expect(2);
    assert!(
        dry.stderr.contains("--dry-run does not apply to kind `reference`")
            && dry.stderr.contains("it applies to kind slurm"),
        "{}",
        dry.stderr
    );
    assert!(!filtered.stdout.contains("ok"), "{}", filtered.stdout);
}

#[test]
fn what_calls_itself_synthetic_is_recorded_under_no_other_weights() {
    let project = Project::new();
    let table =
        "[backends.served]\nkind = \"process\"\ncommand = [\"{hydrotest}\", \"serve\", \"--port\", \"{port}\"]\n";
    project.write("backends.toml", &format!("{BACKENDS}{table}"));
    let refused = project
        .run(&["--backend", "served", "--model", "esm2", "--record"])
        .expect(2);
    assert!(
        refused.stdout.contains("declared with weights `published`"),
        "{}",
        refused.stdout
    );
    assert!(!project.home.path().join("snapshots/published").exists());
    project.write("backends.toml", &format!("{BACKENDS}{table}weights = \"synthetic\"\n"));
    project
        .run(&["--backend", "served", "--model", "esm2", "--record"])
        .expect(0);
}

#[test]
fn libtest_flags_select_and_format() {
    let project = Project::new();
    project.run(&["--record"]).expect(0);
    assert_eq!(
        project.run(&["--list"]).expect(0).stdout,
        "esmfold::small::short: test\nesm2::small::short: test\n"
    );
    assert_eq!(
        project.run(&["--list", "--skip", "esm2"]).expect(0).stdout,
        "esmfold::small::short: test\n"
    );
    let exact = project.run(&["--exact", "esm2::small::short", "--nocapture"]).expect(0);
    assert!(
        exact
            .stdout
            .contains("1 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out"),
        "{}",
        exact.stdout
    );
    let json = project.run(&["--format", "json"]).expect(0);
    for line in json.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    assert!(json.stderr.contains("conforms"), "{}", json.stderr);
    let shards: usize = ["1/2", "2/2"]
        .iter()
        .map(|shard| project.run(&["--list", "--shard", shard]).stdout.lines().count())
        .sum();
    assert_eq!(shards, 2);
}

#[test]
fn lists_are_json_for_programs() {
    let project = Project::new();
    for what in ["backends", "models", "suites"] {
        let listed = project.run(&[what, "--json"]).expect(0);
        let value: serde_json::Value = serde_json::from_str(&listed.stdout).unwrap();
        assert!(!value[what].as_array().unwrap().is_empty(), "{what}");
        assert!(project.run(&[what]).expect(0).stdout.lines().count() > 1);
    }
    let suites: serde_json::Value = serde_json::from_str(&project.run(&["suites", "--json"]).stdout).unwrap();
    assert_eq!(suites["suites"][0]["cases"]["esm2"], 1);
}

/// A suite long enough that a signal comes in the middle of it.
fn long_world() -> Project {
    let project = Project::new();
    let mut suite = String::from("about = \"many cases\"\nmodels = [\"esm2\"]\n");
    for case in 0..20_000 {
        let _ = writeln!(
            suite,
            "[[case]]\nname = \"case_{case}\"\nsequences = \"short\"\nchecks = [{{ check = \"contract\" }}]"
        );
    }
    project.write("suites/small.toml", &suite);
    project
}

#[cfg(unix)]
fn signalled(project: &Project, signal: rustix::process::Signal) -> (Option<i32>, String) {
    let mut child = project
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut seen = String::new();
    // The first finished case says that the run is under way.
    while !seen.contains("... ok") {
        assert_ne!(stdout.read_line(&mut seen).unwrap(), 0, "{seen}");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    stdout.read_to_string(&mut seen).unwrap();
    (child.wait().unwrap().code(), seen)
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_with_what_is_known_so_far() {
    let project = long_world();
    for (signal, code, word) in [
        (rustix::process::Signal::INT, 130, "interrupted"),
        (rustix::process::Signal::TERM, 143, "terminated"),
    ] {
        let (exit, output) = signalled(&project, signal);
        assert_eq!(exit, Some(code));
        assert!(
            output.contains(&format!("inconclusive: {word} (exit code {code})")),
            "{}",
            tail(&output)
        );
        assert!(output.contains("ignored (interrupted)"), "{}", tail(&output));
    }
}

#[test]
fn a_reader_that_goes_away_does_not_hang_the_run() {
    let project = long_world();
    let mut child = project
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn the_declared_world_of_this_checkout_is_read_without_complaint() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .current_dir(home)
        .arg("--list")
        .output()
        .unwrap();
    let ran = Ran::from(output).expect(0);
    let cases = ran.stdout.lines().count();
    assert!(cases >= 120, "only {cases} cases");
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}
