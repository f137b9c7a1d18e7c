//! The program as a user sees it: exit codes, messages, machine-readable output, and signals.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod known;
mod mistakes;
#[path = "../support/plain.rs"]
#[expect(dead_code, reason = "these tests compare the whole output")]
mod plain;
mod signals;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use plain::plain;
use tempfile::TempDir;

const BACKENDS: &str = "default = \"reference\"\n\n[backends.reference]\nkind = \"reference\"\n";

const SUITE: &str = r#"about = "a small suite"

[[case]]
name = "short"
sequences = "short"
models = ["esm2", "esmfold"]
checks = [{ check = "contract" }, { check = "snapshot" }]
"#;

/// A checkout with one backend and one suite, which tests change as needed.
struct Project {
    home: TempDir,
}

impl Project {
    fn new() -> Self {
        let project = Self { home: tempfile::tempdir().unwrap() };
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
        command.env("HYDROTEST_FORMAT", "pretty");
        command.current_dir(self.home.path()).args(arguments).env_remove("CARGO").env_remove("CI").stdin(Stdio::null());
        command
    }

    /// Runs it. The directory is shown as `HOME` in the output.
    fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::from(self.command(arguments).output().unwrap());
        let home = self.home.path().display().to_string();
        let plain = |text: &str| plain(text, &[(&home, "HOME")]);
        Ran { stdout: plain(&ran.stdout), stderr: plain(&ran.stderr), ..ran }
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
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output from the summary counts on.
    fn closing(&self) -> &str {
        let start = self.stdout.find("test result: ").unwrap();
        &self.stdout[start..]
    }
}

#[test]
fn a_missing_snapshot_is_not_a_pass_until_it_is_recorded() {
    let project = Project::new();
    let missing = project.run(&["--model", "esm2"]).expect(3);
    insta::assert_snapshot!(missing.stdout, @"

    running 1 test
    test esm2::small::short ... FAILED

    failures:

    ---- esm2::small::short ----
    error: there is nothing sound to compare with

    snapshot [call]: no recorded result: HOME/snapshots/synthetic/esm2/small/short.snap
      hint: record it with: hydrotest --backend reference --record --exact esm2::small::short

    reproduce: hydrotest --backend reference --exact esm2::small::short


    failures:
        esm2::small::short

    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      0 passed, 0 failed, 1 without a sound reference
      core: 0 of 1 passed, 1 without a sound reference
      waits for review: synthetic/esm2/small/short
      see `hydrotest snapshots list`, then `accept` or `reject`
    inconclusive: there is nothing to compare with; record the missing results on a backend you trust with `--record` (exit code 3)
    ");
    let recorded = project.run(&["--record"]).expect(0);
    insta::assert_snapshot!(recorded.closing(), @"
    test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 2 cases over 2 models in TIME s
      2 passed, 0 failed
      core: 2 of 2 passed
      note: recorded HOME/snapshots/synthetic/esmfold/small/short.snap
      note: recorded HOME/snapshots/synthetic/esm2/small/short.snap
    passed: 2 of 2 cases judged; feature `batch` of esmfold: no case was judged; feature `linker` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 28 features more, so that it is not known whether the backend conforms (exit code 0)
    ");
    let passed = project.run(&[]).expect(0);
    insta::assert_snapshot!(passed.closing(), @"
    test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 2 cases over 2 models in TIME s
      2 passed, 0 failed
      core: 2 of 2 passed
    passed: 2 of 2 cases judged; feature `batch` of esmfold: no case was judged; feature `linker` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 28 features more, so that it is not known whether the backend conforms (exit code 0)
    ");
}

#[test]
fn a_changed_response_fails_with_the_place_the_numbers_and_the_command() {
    let project = Project::new();
    project.run(&["--record"]).expect(0);
    // Another sequence of the same length stands for a backend with a wrong response.
    project.write("suites/sequences.fasta", ">short\nMLKNVHVLVLGAGDVGSVVVRLLEA\n");
    let failed = project.run(&["--model", "esm2"]).expect(1);
    insta::assert_snapshot!(failed.stdout, @"

    running 1 test
    test esm2::small::short ... FAILED

    failures:

    ---- esm2::small::short ----
    fail: the backend is wrong

    snapshot [call]: 1 of 6 values differs from the recorded result, `embeddings` first
      embeddings: 11519 of 32000 elements beyond tolerance (11520 differ)
        greatest absolute difference 4.69648 at [0, 24, 225] (chain A residue 24): expected 2.6506495, got -2.045833
        greatest relative difference 2214.67 at [0, 24, 222]: expected -0.00085994956, got -1.9053646
        allowed 1e-5 + 1e-5 × |expected|; an absolute tolerance of 4.7 would pass
      new result for review: HOME/snapshots/synthetic/esm2/small/short.snap.new

    reproduce: hydrotest --backend reference --exact esm2::small::short


    failures:
        esm2::small::short

    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      0 passed, 1 failed
      core: 0 of 1 passed, 1 failed
      waits for review: synthetic/esm2/small/short
      see `hydrotest snapshots list`, then `accept` or `reject`
    does not conform: the backend is wrong (exit code 1)
    ");
    let pending = project.run(&["snapshots", "list"]).expect(0);
    let states = pending.stdout.lines().map(|line| line.split_once("  ").unwrap().0);
    insta::assert_snapshot!(states.collect::<Vec<_>>().join("\n"), @"
    STATE
    recorded
    pending
    recorded
    ");
    let unasked = project.run(&["snapshots", "accept", "esm2"]).expect(2);
    insta::assert_snapshot!(unasked.stderr, @"
    error: confirmation is needed, and standard input is no terminal
     |
     = help: `--yes` confirms it beforehand

    1 error in usage or configuration (exit code 2)
    ");
    let accepted = project.run(&["snapshots", "accept", "esm2", "--yes"]).expect(0);
    insta::assert_snapshot!(accepted.stdout, @"
    synthetic/esm2/small/short (replaces a reference): ESM-2 embed on reference (kind reference) with synthetic weights
    accepted synthetic/esm2/small/short
    1 accepted
    ");
    project.run(&["--model", "esm2"]).expect(0);
}

#[test]
fn an_unused_snapshot_is_reported_and_can_be_pruned() {
    let project = Project::new();
    project.run(&["--record"]).expect(0);
    project.write("suites/small.toml", &SUITE.replace(", \"esmfold\"", ""));
    insta::assert_snapshot!(project.run(&[]).expect(0).closing(), @"
    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      1 passed, 0 failed
      core: 1 of 1 passed
      unused snapshot: synthetic/esmfold/small/short
      no case uses them: see `hydrotest snapshots prune`
    passed: 1 of 1 cases judged; feature `batch` of esmfold: no case was judged; feature `linker` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 28 features more, so that it is not known whether the backend conforms (exit code 0)
    ");
    insta::assert_snapshot!(project.run(&["--model", "esm2"]).expect(0).closing(), @"
    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      1 passed, 0 failed
      core: 1 of 1 passed
    passed: 1 of 1 cases judged, as selected (exit code 0)
    ");
    let dry = project.run(&["snapshots", "prune", "--dry-run"]).expect(0);
    insta::assert_snapshot!(dry.stdout.lines().last().unwrap(), @"would delete 2 files");
    project.run(&["snapshots", "prune", "--yes"]).expect(0);
    insta::assert_snapshot!(project.run(&[]).expect(0).closing(), @"
    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      1 passed, 0 failed
      core: 1 of 1 passed
    passed: 1 of 1 cases judged; feature `batch` of esmfold: no case was judged; feature `linker` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 28 features more, so that it is not known whether the backend conforms (exit code 0)
    ");
}

#[test]
fn synthetic_responses_are_not_recorded_under_other_weights() {
    let project = Project::new();
    let table =
        "[backends.served]\nkind = \"process\"\ncommand = [\"{hydrotest}\", \"serve\", \"--port\", \"{port}\"]\n";
    project.write("backends.toml", &format!("{BACKENDS}{table}"));
    let refused = project.run(&["--backend", "served", "--model", "esm2", "--record"]).expect(2);
    insta::assert_snapshot!(refused.stdout, @r#"

    running 1 test
    test esm2::small::short ... FAILED

    failures:

    ---- esm2::small::short ----
    error: inconclusive, the configuration is wrong

    snapshot [call]: the response says that it is synthetic (model version `synthetic-3`), and the backend is declared with weights `published`
      hint: write `weights = "synthetic"` in [backends.served], or run the model itself there

    reproduce: hydrotest --backend served --exact esm2::small::short


    failures:
        esm2::small::short

    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in TIMEs

    backend served (kind process, weights published): 1 case over 1 model in TIME s
      0 passed, 0 failed, 1 errors
      core: 0 of 1 passed, 1 errors
    inconclusive: the backend could not be tested, the configuration is wrong (exit code 2)
    "#);
    assert!(!project.home.path().join("snapshots/published").exists());
    project.write("backends.toml", &format!("{BACKENDS}{table}weights = \"synthetic\"\n"));
    project.run(&["--backend", "served", "--model", "esm2", "--record"]).expect(0);
}

#[test]
fn libtest_flags_select_and_format() {
    let project = Project::new();
    project.run(&["--record"]).expect(0);
    assert_eq!(project.run(&["--list"]).expect(0).stdout, "esmfold::small::short: test\nesm2::small::short: test\n");
    assert_eq!(project.run(&["--list", "--skip", "esm2"]).expect(0).stdout, "esmfold::small::short: test\n");
    let exact = project.run(&["--exact", "esm2::small::short", "--nocapture"]).expect(0);
    insta::assert_snapshot!(exact.closing(), @"
    test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in TIMEs

    backend reference (kind reference, weights synthetic): 1 case over 1 model in TIME s
      1 passed, 0 failed
      core: 1 of 1 passed
    passed: 1 of 2 cases judged, as selected (exit code 0)
    ");
    let json = project.run(&["--format", "json"]).expect(0);
    for line in json.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    insta::assert_snapshot!(json.stderr, @"
    backend reference (kind reference, weights synthetic): 2 cases over 2 models in TIME s
      2 passed, 0 failed
      core: 2 of 2 passed
    passed: 2 of 2 cases judged; feature `batch` of esmfold: no case was judged; feature `linker` of esmfold: no case was judged; feature `multimer` of esmfold: no case was judged; 28 features more, so that it is not known whether the backend conforms (exit code 0)
    ");
    let shards: usize =
        ["1/2", "2/2"].iter().map(|shard| project.run(&["--list", "--shard", shard]).stdout.lines().count()).sum();
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

#[test]
fn the_configuration_of_this_checkout_is_read_without_errors() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(env!("CARGO_BIN_EXE_hydrotest"))
        .env("HYDROTEST_FORMAT", "pretty")
        .current_dir(home)
        .arg("--list")
        .output()
        .unwrap();
    let ran = Ran::from(output).expect(0);
    let cases = ran.stdout.lines().count();
    assert!(cases >= 120, "only {cases} cases");
}

#[test]
fn the_cost_of_the_suites_is_an_estimate_with_its_sources() {
    let project = Project::new();
    let reported = project.run(&["suites", "--price"]).expect(0).stdout;
    insta::assert_snapshot!(reported, @"
    MODEL    CASES  CALLS  RESIDUES  LOADS  MINUTES  QUICK CASES  QUICK MINUTES
    esmfold  1      1      25        1      2        0            0
    esm2     1      1      25        1      1        0            0
    all      2      2      50        2      2        0            0

    Minutes of one graphics card such as an A10G are estimates: none of them was measured on one. Quick is `--suite recorded`.

    esmfold: 14.2 s for 384 residues on a V100 (Lin et al., Science 2023)
    esm2: 650 million parameters, two operations for each and residue, 10 TFLOP/s
    ");
    let more = SUITE
        .replace("sequences = \"short\"", "literal = \"AC1\"")
        .replace("{ check = \"contract\" }, { check = \"snapshot\" }", "{ check = \"error\" }");
    project.write("suites/small.toml", &more);
    let refused = project.run(&["suites", "--price"]).expect(0).stdout;
    let esmfold = |reported: &str| reported.lines().find(|line| line.starts_with("esmfold ")).unwrap().to_owned();
    assert_ne!(esmfold(&reported), esmfold(&refused));
}
