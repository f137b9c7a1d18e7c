//! The evidence of a run, judged without its backend: the verdicts are the same, and nothing without a response is believed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/project.rs"]
mod project;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use project::{Project, Ran};
use serde_json::Value;
use sha2::{Digest, Sha256};

const BACKENDS: &str = r#"default = "live"
[backends.live]
kind = "process"
command = ["{hydrotest}", "serve", "--port", "{port}"]
weights = "synthetic"
max_instances = 2
models = ["chai1"]
"#;

/// A run of all cases, and its evidence.
fn evidence() -> (Project, PathBuf) {
    let project = Project::new(BACKENDS);
    let directory = project.state().parent().unwrap().join("evidence");
    project.run(&["--evidence", "evidence"]).expect(0, &["0 failed", "conforms"]);
    (project, directory)
}

fn judge(project: &Project, directory: &Path) -> Ran {
    let report = format!("json={}", directory.with_extension("json").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .arg("judge")
        .arg(directory)
        .args(["--report", &report])
        .env("HYDROTEST_STATE_DIR", project.state());
    Ran::from(command.output().unwrap())
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Recomputes the sums of a directory, as someone who tampers with it would.
fn close(directory: &Path) {
    let sums: BTreeMap<String, String> = files(directory)
        .into_iter()
        .map(|path| (path.strip_prefix(directory).unwrap().display().to_string(), path))
        .filter(|(name, _)| name != "SHA256SUMS")
        .map(|(name, path)| (name, hex::encode(Sha256::digest(fs::read(path).unwrap()))))
        .collect();
    let lines: Vec<String> = sums.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
    fs::write(directory.join("SHA256SUMS"), lines.concat()).unwrap();
}

fn change(directory: &Path, change: impl FnOnce(&mut Value)) {
    let path = directory.join("outcome.json");
    let mut outcome: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut outcome);
    fs::write(&path, outcome.to_string()).unwrap();
    close(directory);
}

fn verdicts(path: &Path) -> BTreeMap<String, String> {
    let outcome: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let cases = outcome["cases"].as_array().unwrap().iter();
    cases.map(|case| (case["name"].to_string(), case["verdict"].to_string())).collect()
}

#[test]
fn evidence_is_judged_like_the_run_and_only_cases_with_a_response_are_believed() {
    let (project, directory) = evidence();
    let judged = judge(&project, &directory);
    judged.expect(0, &["judged again", "conforms"]);
    let again = directory.with_extension("json");
    let stated = verdicts(&directory.join("outcome.json"));
    assert_eq!(stated, verdicts(&again));
    assert!(stated.len() > 50, "{}", stated.len());

    // One byte of any file.
    for name in ["outcome.json", "backend.json", "SHA256SUMS", "suites/embed.toml"] {
        let path = directory.join(name);
        let whole = fs::read(&path).unwrap();
        let mut other = whole.clone();
        other[whole.len() / 2] ^= 1;
        fs::write(&path, other).unwrap();
        judge(&project, &directory).expect(2, &["is not what the run wrote"]);
        fs::write(&path, whole).unwrap();
    }

    // Half of the responses are removed and the sums recomputed: passes without a response are not believed, core cases
    // included.
    let removed: Vec<(PathBuf, Vec<u8>)> = files(&directory.join("responses"))
        .into_iter()
        .step_by(2)
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    for (path, _) in &removed {
        fs::remove_file(path).unwrap();
    }
    close(&directory);
    let unproven = judge(&project, &directory);
    unproven.expect(3, &["the evidence says pass, judged skip"]);
    assert!(!unproven.reported.contains("\nconforms"), "{}", unproven.reported);
    for (path, content) in removed {
        fs::write(path, content).unwrap();
    }

    // A case is missing although the selection is recorded as complete.
    change(&directory, |outcome| {
        outcome["cases"].as_array_mut().unwrap().remove(3);
    });
    let partial = judge(&project, &directory);
    partial.expect(0, &["as selected"]);
    assert!(!partial.reported.contains("\nconforms"), "{}", partial.reported);

    // A recorded failure with a correct response is a disagreement, not a verdict.
    change(&directory, |outcome| {
        let cases = outcome["cases"].as_array_mut().unwrap();
        let case = cases.iter_mut().find(|case| case["suite"] == "recorded" || case["suite"] == "fold").unwrap();
        case["verdict"] = "fail".into();
    });
    judge(&project, &directory)
        .expect(3, &["the evidence says fail, judged pass", "differ from what the evidence says"]);
}

#[test]
fn the_backends_tolerances_are_part_of_the_evidence_and_have_to_be_declared_to_judge_it() {
    let own = "[backends.live.tolerances.chai1.structure]\nrmsd = 9.5\n";
    let project = Project::new(&(BACKENDS.to_owned() + own));
    let directory = project.state().parent().unwrap().join("evidence");
    let reported = "judged by tolerances of its own: chai1 structure.rmsd 9.5, shared ";
    let passes = "\npasses with its own tolerances: ";
    let arguments = ["--evidence", "evidence", "--report", "json=outcome.json", "--report", "markdown=page.md"];
    let ran = project.run(&arguments);
    ran.expect(0, &["0 failed", reported, passes]);
    assert!(!ran.reported.contains("conforms"), "{}", ran.reported);
    let page = fs::read_to_string(directory.with_file_name("page.md")).unwrap();
    assert!(page.contains("chai1 structure.rmsd 9.5, shared "), "{page}");

    let judged = judge(&project, &directory);
    judged.expect(0, &["judged again", reported, passes]);
    assert!(!judged.reported.contains("conforms"), "{}", judged.reported);

    // Results recorded there would be judged with other tolerances.
    project
        .run(&["--record", "--suite", "embed"])
        .expect(2, &["`--record` needs the shared gates, and backend `live` has its own"]);

    // In the project of the run, and in another one whose backend of that name has no such tolerance.
    let in_project = |home: &Project| {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command
            .current_dir(home.state().parent().unwrap())
            .arg("judge")
            .arg(&directory)
            .arg("--suites")
            .arg(repository.join("suites"))
            .arg("--snapshots")
            .arg(repository.join("snapshots"))
            .env("HYDROTEST_STATE_DIR", home.state());
        Ran::from(command.output().unwrap())
    };
    in_project(&project).expect(0, &[reported, passes]);
    let other = in_project(&Project::new(BACKENDS));
    other.expect(2, &["the evidence was made with other tolerances than [backends.live] has here"]);

    // A tolerance widened afterwards has to be declared, and values that no configuration accepts are rejected.
    let path = directory.join("backend.json");
    let widen = |value: &str| {
        let mut backend: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        backend["tolerances"]["chai1"]["structure.rmsd"] = serde_json::from_str(value).unwrap();
        fs::write(&path, backend.to_string()).unwrap();
        close(&directory);
    };
    widen("90.5");
    judge(&project, &directory).expect(2, &["the evidence was judged by other tolerances than its backend.json says"]);
    widen("-1");
    judge(&project, &directory).expect(2, &["a tolerance that no backend can have: chai1 structure.rmsd"]);
}
