//! The workflows: their scripts are valid, everything they name exists, and the workflows for other repositories work.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::{text, yaml};

const WORKFLOWS: [&str; 3] = [".github/workflows/ci.yml", ".github/workflows/release.yml", "docs/gate/boileroom.yml"];

fn jobs(path: &str) -> BTreeMap<String, Value> {
    let workflow = yaml(path);
    assert_eq!(workflow["permissions"]["contents"], "read", "{path}");
    assert!(workflow["on"].is_object(), "{path}");
    serde_json::from_value(workflow["jobs"].clone()).unwrap()
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().unwrap()
}

fn bash(directory: &Path, script: &str, variables: &[(&str, &Path)]) -> Output {
    Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(directory)
        .env_remove("CARGO")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// The script of a step, found by the step's name.
fn script(path: &str, job: &str, name: &str) -> String {
    let jobs = jobs(path);
    let step = steps(&jobs[job]).iter().find(|step| text(step, "name") == name);
    text(step.unwrap(), "run").to_owned()
}

#[test]
fn every_script_is_bash_and_every_action_has_a_version() {
    let mut scripts = 0;
    for path in WORKFLOWS {
        for (name, job) in jobs(path) {
            for step in steps(&job) {
                let uses = text(step, "uses");
                let run = text(step, "run");
                assert_ne!(uses.is_empty(), run.is_empty(), "{path}: {name}: {step}");
                if uses.is_empty() {
                    let checked = Command::new("bash").args(["-n", "-c", run]).output().unwrap();
                    assert!(checked.status.success(), "{path}: {name}: {checked:?}");
                    scripts += 1;
                } else {
                    assert!(uses.contains("@v") || uses.starts_with("./"), "{path}: {name}: {uses}");
                }
            }
        }
    }
    assert!(scripts > 15, "{scripts}");
}

#[test]
fn jobs_depend_on_existing_jobs_and_the_action_gets_its_declared_inputs() {
    let action = yaml("action.yml");
    let inputs = action["inputs"].as_object().unwrap();
    let mut given = 0;
    for path in WORKFLOWS {
        let jobs = jobs(path);
        for (name, job) in &jobs {
            let needs = job.get("needs").cloned().unwrap_or_default();
            let needs = needs.as_array().cloned().unwrap_or_else(|| vec![needs.clone()]);
            for needed in needs.iter().filter_map(Value::as_str) {
                assert!(jobs.contains_key(needed), "{path}: {name} needs {needed}");
            }
            for step in steps(job).iter().filter(|step| text(step, "uses").starts_with("./")) {
                for input in step["with"].as_object().unwrap().keys() {
                    assert!(inputs.contains_key(input), "{path}: {name}: {input}");
                    given += 1;
                }
            }
        }
    }
    assert!(given >= 8, "{given}");
}

#[test]
fn the_targets_that_are_tested_exist() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut named = 0;
    for (_, job) in jobs(".github/workflows/ci.yml") {
        for step in steps(&job) {
            let words: Vec<&str> = text(step, "run").split_whitespace().collect();
            for pair in words.windows(2).filter(|pair| pair[0] == "--test") {
                let target = home.join("tests").join(pair[1]);
                assert!(target.is_dir() || target.with_extension("rs").is_file(), "{}", pair[1]);
                named += 1;
            }
        }
    }
    assert!(named >= 6, "{named}");
}

#[test]
fn the_commands_that_are_used_exist() {
    let help = Command::new(env!("CARGO_BIN_EXE_hydrotest")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for command in ["run", "report", "judge", "serve"] {
        assert!(help.lines().any(|line| line.split_whitespace().next() == Some(command)), "{command}");
    }
}

#[test]
fn the_backends_of_the_gate_can_be_read_and_the_embedded_one_passes() {
    let place = tempfile::tempdir().unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gate/backends.toml");
    fs::copy(config, place.path().join("backends.toml")).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.current_dir(place.path()).args(arguments);
        command.env("HYDROTEST_STATE_DIR", place.path().join("state"));
        command.output().unwrap()
    };
    let listed = run(&["backends", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let names: Vec<&str> = listed["backends"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    let jobs = jobs("docs/gate/boileroom.yml");
    let matrix = jobs["hosted"]["strategy"]["matrix"]["backend"].as_array().unwrap();
    assert_eq!(matrix.iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>(), names);
    let ran = run(&["--suite", "recorded", "--model", "esm2"]);
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
#[ignore = "needs a python3"]
fn evidence_is_found_and_outcomes_become_a_table() {
    let place = tempfile::tempdir().unwrap();
    let output = place.path().join("output");
    let found = |expected: &str| {
        fs::write(&output, "").unwrap();
        let script = script("docs/gate/boileroom.yml", "program", "Find the evidence");
        let ran = bash(place.path(), &script, &[("GITHUB_OUTPUT", &output)]);
        assert!(ran.status.success(), "{ran:?}");
        assert_eq!(fs::read_to_string(&output).unwrap(), format!("directories={expected}\n"));
    };
    found("[]");
    for name in ["b", "a"] {
        fs::create_dir_all(place.path().join("conformance/evidence").join(name)).unwrap();
    }
    found(r#"["a", "b"]"#);

    let program = env!("CARGO_BIN_EXE_hydrotest");
    let outcome = place.path().join("outcomes/outcome-one/outcome.json");
    fs::create_dir_all(outcome.parent().unwrap()).unwrap();
    let ran = Command::new(program)
        .current_dir(place.path())
        .args(["--suite", "embed", "--model", "esm2,esmc", "--report"])
        .arg(format!("json={}", outcome.display()))
        .env("HYDROTEST_STATE_DIR", place.path().join("state"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let summary = place.path().join("summary");
    let script = script("docs/gate/boileroom.yml", "table", "Write the table");
    let ran = bash(place.path(), &script, &[("GITHUB_STEP_SUMMARY", &summary)]);
    assert!(ran.status.success(), "{ran:?}");
    let table = fs::read_to_string(&summary).unwrap();
    assert!(table.starts_with("| backend | weights | esm2 | esmc | conclusion |\n"), "{table}");
    let record: Value = serde_json::from_slice(&fs::read(&outcome).unwrap()).unwrap();
    let cases = record["cases"].as_array().unwrap().iter();
    let passed = cases.filter(|case| case["model"] == "esm2" && case["verdict"] == "pass").count();
    assert!(passed > 0 && table.contains(&format!("| `reference` | synthetic | {passed} of ")), "{table}");
}

#[test]
fn the_gitlab_script_writes_reports_of_passing_and_failing_runs() {
    let gitlab = yaml("docs/gate/gitlab-ci.yml");
    let job = &gitlab["conformance"];
    let lines = |key: &str| -> String {
        let lines = job[key].as_array().unwrap().iter();
        lines.map(|line| line.as_str().unwrap().to_owned() + "\n").collect()
    };
    for (check, code) in [("{ check = 'contract' }", 0), ("{ check = 'absent', fields = ['embeddings'] }", 1)] {
        let place = tempfile::tempdir().unwrap();
        let programs = place.path().join("programs");
        fs::create_dir_all(&programs).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_hydrotest"), programs.join("hydrotest")).unwrap();
        let config = "[backends.embedded]\nkind = 'reference'\n";
        fs::write(place.path().join("backends.toml"), config).unwrap();
        let suite = format!(
            "about = 'own'\n[[case]]\nname = 'one'\nliteral = 'MLKNV'\nmodels = ['esm2']\nchecks = [{check}]\n"
        );
        fs::create_dir(place.path().join("suites")).unwrap();
        fs::write(place.path().join("suites/own.toml"), suite).unwrap();
        let backend = text(&job["variables"], "BACKEND");
        let head = format!("export PATH={}:$PATH BACKEND={backend}\n", programs.display());
        let state = place.path().join("state");
        let state = [("HYDROTEST_STATE_DIR", &*state)];
        let ran = bash(place.path(), &(head.clone() + &lines("script")), &state);
        assert_eq!(ran.status.code(), Some(code), "{ran:?}");
        let ran = bash(place.path(), &(head + &lines("after_script")), &state);
        assert!(ran.status.success(), "{ran:?}");
        let junit = fs::read_to_string(place.path().join(text(&job["artifacts"]["reports"], "junit"))).unwrap();
        assert_eq!(junit.contains("<failure"), code == 1, "{junit}");
        assert!(place.path().join("reports/summary.md").exists());
    }
}
