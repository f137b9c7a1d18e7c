//! The kind `replay`: responses kept with `--keep-responses` from a live run lead to the same verdicts, wrong responses
//! included, and a missing recording is never a pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/plain.rs"]
mod plain;
#[path = "support/project.rs"]
mod project;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use project::{Project, Ran};

const BACKENDS: &str = r#"default = "live"
[backends.live]
kind = "process"
command = ["{hydrotest}", "serve", "--port", "{port}"]
weights = "synthetic"
max_instances = 2

[backends.again]
kind = "replay"
directory = "kept"
weights = "synthetic"
max_instances = 2

[backends.unsaid]
kind = "replay"
directory = "kept"

[backends.reference]
kind = "reference"
"#;

/// Cases that fail on a correct backend, so that a wrong response is judged wrong again.
const WRONG: &str = r#"about = "cases that fail"
models = ["esm2"]

[[case]]
name = "wrong"
sequences = "short"
checks = [{ check = "equals", field = "metadata.model_name", value = "another" }]

[[case]]
name = "other_words"
literal = "MLKX1"
checks = [{ check = "error", message = "words that no model says" }]
"#;

/// The verdict of every case, from the output of a run.
fn verdicts(ran: &Ran) -> BTreeMap<String, String> {
    let lines = ran.reported.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    lines.map(|(name, verdict)| (name.trim_end().to_owned(), verdict.to_owned())).collect()
}

fn home(project: &Project) -> PathBuf {
    project.state().parent().unwrap().to_owned()
}

/// The failures that a run prints, or its whole output.
fn plain(project: &Project, ran: &Ran) -> String {
    let home = home(project).display().to_string();
    plain::failures(&ran.reported, &[(&home, "HOME"), (env!("CARGO_MANIFEST_DIR"), "REPOSITORY")])
}

fn recordings(home: &Path) -> Vec<PathBuf> {
    let models = fs::read_dir(home.join("kept")).unwrap();
    let files = models.flat_map(|model| fs::read_dir(model.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[test]
fn a_replayed_run_has_the_verdicts_of_the_live_one() {
    let project = Project::new(BACKENDS);
    let models = ["--model", "esm2,chai1"];
    let live = project.run(&[&models[..], &["--skip", "life_cycle", "--keep-responses", "kept"]].concat());
    live.expect(0, &["0 failed", "kept ", " responses in kept"]);
    let again = project.run(&[&models[..], &["--backend", "again"]].concat());
    again.expect(0, &["kind replay", "0 failed"]);
    let (live, again) = (verdicts(&live), verdicts(&again));
    let mut same = 0;
    for (name, replayed) in &again {
        let verdict = live.get(name);
        let is_of_servers = ["::faults::", "::protocol::", "::pause_and_resume"].iter().any(|part| name.contains(part));
        if is_of_servers {
            assert!(replayed.contains("kind `replay` has no server"), "{name}: {replayed}");
        } else if name.contains("::life_cycle::") || name.ends_with("::many_calls") {
            assert!(replayed.contains("kind `replay` starts nothing"), "{name}: {replayed}");
        } else if name.ends_with("::unknown_esm2") {
            // The only start that is refused, so no call is recorded there.
            assert_eq!(replayed, "ignored (no recorded response)", "{name}");
        } else {
            assert_eq!(verdict, Some(replayed), "{name}");
            same += 1;
        }
    }
    assert!(live.keys().all(|name| again.contains_key(name)));
    assert!(same > 60, "{same}");
    // The secrets of a run are random hexadecimal digits, so it is enough that no file contains the variable that holds one.
    for path in recordings(&home(&project)) {
        let bytes = fs::read(&path).unwrap();
        assert!(memchr::memmem::find(&bytes, b"HMAC").is_none(), "{}", path.display());
    }
}

#[test]
fn wrong_responses_fail_again_with_the_same_message() {
    let project = Project::new(BACKENDS);
    let suites = home(&project).join("wrong");
    fs::create_dir(&suites).unwrap();
    fs::write(suites.join("wrong.toml"), WRONG).unwrap();
    fs::write(suites.join("sequences.fasta"), ">short\nMLKNVHVLVLGAGDVGSVVVRLLEK\n").unwrap();
    let command = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.env("HYDROTEST_FORMAT", "pretty");
        command
            .current_dir(home(&project))
            .args(["--suites", "wrong", "--snapshots", "none", "--retries", "1"])
            .args(arguments)
            .env("HYDROTEST_STATE_DIR", project.state());
        Ran::from(command.output().unwrap())
    };
    let live = command(&["--keep-responses", "kept"]);
    let again = command(&["--backend", "again"]);
    for ran in [&live, &again] {
        ran.expect(1, &[]);
    }
    let story = |ran: &Ran| -> Vec<String> {
        let lines = ran.reported.lines().skip_while(|line| *line != "failures:");
        let lines = lines.take_while(|line| !line.starts_with("test result"));
        lines
            .filter(|line| !line.starts_with("reproduce") && !line.starts_with("if this is known"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(story(&live), story(&again));
    insta::assert_snapshot!(plain(&project, &again), @r#"
    ---- esm2::wrong::wrong ----
    fail: the backend is wrong

    equals [call]: metadata.model_name: expected "another", got "ESM-2"


    ---- esm2::wrong::other_words ----
    fail: the backend is wrong

    error [call]: expected a message with "words that no model says", got "Invalid ESM2 token fragment '1' in sequence 'MLKX1'."

    does not conform: the backend is wrong (exit code 1)
    "#);
}

#[test]
fn missing_recordings_are_skipped_and_damaged_ones_are_errors() {
    let project = Project::new(BACKENDS);
    let case = ["--model", "esm2", "--exact", "esm2::embed::everything"];
    project.run(&[&case[..], &["--keep-responses", "kept"]].concat()).expect(0, &["kept 1 response in kept"]);
    project
        .run(&["--backend", "again", "--model", "esm2", "--suite", "masks"])
        .expect(4, &["no recorded response", "nothing ran"]);
    project.run(&[&case[..], &["--backend", "again"]].concat()).expect(0, &["1 passed"]);
    let ran = project.run(&[&case[..], &["--backend", "unsaid"]].concat());
    ran.expect(2, &[]);
    insta::assert_snapshot!(plain(&project, &ran), @r#"
    ---- esm2::embed::everything ----
    error: inconclusive, the configuration is wrong

    response [call]: configure failed: the responses are of weights `synthetic`, and the backend is declared with weights `published`; write `weights = "synthetic"` in its table
      fault: misconfigured

    inconclusive: the backend could not be tested, the configuration is wrong (exit code 2)
    "#);
    let file = recordings(&home(&project)).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let spoiled = project.run(&[&case[..], &["--backend", "again"]].concat());
    spoiled.expect(3, &["0 passed", ".zip"]);
}

#[test]
fn only_kinds_with_a_wire_keep_responses() {
    let project = Project::new(BACKENDS);
    let ran = project.run(&["--backend", "reference", "--keep-responses", "kept"]);
    ran.expect(2, &[]);
    insta::assert_snapshot!(plain(&project, &ran), @"
    error: --keep-responses does not apply to backend `reference` of kind `reference`
     |
     = help: it applies to kinds process, docker, apptainer, slurm, http, python

    1 error in usage or configuration (exit code 2)
    ");
    let ran = project.run(&["--backend", "again", "--model", "esm2"]);
    ran.expect(2, &["kept"]);
}
