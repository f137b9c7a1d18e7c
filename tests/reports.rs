//! Reports are read by third-party readers: `JUnit` by junitparser and Jenkins' schema for it, Markdown by markdown-it, TAP by
//! tap.py, the outcome file by jsonschema. The outcome file of these tests has every verdict, and hostile text in every text
//! field. `HYDROTEST_ORACLES` names a Python with these packages. The commands for outcome files are tested here too.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/engine.rs"]
mod engine;
#[path = "support/project.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod project;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use engine::engine;
use project::Project;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/outcome.json")
}

fn hydrotest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hydrotest")).args(arguments).output().unwrap()
}

fn rendered(kind: &str, home: &TempDir) -> PathBuf {
    let path = home.path().join(kind);
    let shown = path.display().to_string();
    let ended = hydrotest(&["report", &fixture().display().to_string(), "--to", kind, "--output", &shown]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    path
}

/// The content of files according to another reader.
fn read(kind: &str, files: &[&Path]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_reports.py");
    let output = Command::new(engine("HYDROTEST_ORACLES"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script)
        .arg(kind)
        .args(files)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn junit_is_read_by_junitparser() {
    let home = tempfile::tempdir().unwrap();
    let seen = read("junit", &[&rendered("junit", &home)]);
    // Eight cases, and three faults of the run itself.
    assert_eq!(seen["tests"], 11);
    let outcomes = json!({ "Passed": 1, "Failure": 5, "Error": 2, "Skipped": 3 });
    assert_eq!(seen["outcomes"], outcomes);
    let known = [
        "error",
        "failure",
        "flakyError",
        "properties",
        "property",
        "skipped",
        "stackTrace",
        "system-out",
        "testcase",
        "testsuite",
        "testsuites",
    ];
    assert_eq!(seen["elements"], json!(known));
    assert!(seen["text"].as_str().unwrap().contains("</script><script>alert(1)</script>"));
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES and HYDROTEST_JUNIT_SCHEMA"]
fn junit_is_valid_by_the_schema_of_jenkins() {
    let home = tempfile::tempdir().unwrap();
    let schema = engine("HYDROTEST_JUNIT_SCHEMA");
    let seen = read("junit_schema", &[&rendered("junit", &home), Path::new(&schema)]);
    assert_eq!(seen, json!({ "errors": [], "refuses": true }));
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn hostile_text_in_markdown_stays_text() {
    let home = tempfile::tempdir().unwrap();
    let seen = read("markdown", &[&rendered("markdown", &home)]);
    for renderer in ["html", "plain"] {
        for tag in ["script", "img", "a", "em", "strong", "del", "s", "comment", "hr", "blockquote"] {
            assert!(seen[renderer]["tags"].get(tag).is_none(), "{renderer} has <{tag}>");
        }
        let columns = &seen[renderer]["tags"];
        // Counts, slowest cases and tightest margins, with every row complete.
        assert_eq!((&columns["table"], &columns["tr"], &columns["td"]), (&json!(3), &json!(15), &json!(60)));
    }
    let html = &seen["html"];
    assert_eq!(html["tags"]["details"], 8);
    let (code, prose) = (html["code"].as_str().unwrap(), html["prose"].as_str().unwrap());
    assert!(code.contains("@someone #12 ![h](https://example.org/i.png) [j](javascript:k)"));
    for word in ["@someone", "javascript", "alert", "`"] {
        assert!(!prose.contains(word), "{word} stands outside of code");
    }
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn tap_is_read_by_tap_py() {
    let home = tempfile::tempdir().unwrap();
    let seen = read("tap", &[&rendered("tap", &home)]);
    let lines = json!({
        "version": 1, "plan": 1, "planned": 11, "diagnostic": 5, "test": 11,
        "ok": 1, "ok skip": 1, "not ok todo": 2, "not ok": 7,
    });
    assert_eq!(seen["lines"], lines);
    assert_eq!(seen["blocks"][1]["severity"], "fail");
    assert!(seen["blocks"][1]["name"].as_str().unwrap().starts_with("esm2::embed::1 </script>"));
}

#[test]
#[ignore = "needs HYDROTEST_ORACLES"]
fn the_outcome_file_is_valid_by_its_schema() {
    let home = tempfile::tempdir().unwrap();
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/outcome.schema.json");
    let seen = read("schema", &[&fixture(), &schema]);
    assert_eq!(seen, json!({ "errors": [], "refuses": [true, true] }));
    let seen = read("schema", &[&rendered("json", &home), &schema]);
    assert_eq!(seen["errors"], json!([]));
}

/// A changed copy of the fixture.
fn altered(home: &TempDir, name: &str, alter: impl FnOnce(&mut Value)) -> String {
    let mut run: Value = serde_json::from_slice(&std::fs::read(fixture()).unwrap()).unwrap();
    alter(&mut run);
    let path = home.path().join(name);
    std::fs::write(&path, run.to_string()).unwrap();
    path.display().to_string()
}

fn part(run: &mut Value, index: usize) {
    let cases = run["cases"].as_array_mut().unwrap();
    *cases = cases.iter().skip(index - 1).step_by(2).cloned().collect();
    let count = cases.len();
    run["selection"] = json!({
        "whole": false, "every_core_case": false, "planned": count, "selected": count,
        "arguments": ["--shard", format!("{index}/2")], "shard": format!("{index}/2"),
    });
}

#[test]
fn merged_shards_equal_the_whole_run() {
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole.json").display().to_string();
    let parts = [1, 2].map(|index| altered(&home, &format!("{index}.json"), |run| part(run, index)));
    let ended = hydrotest(&["merge", &parts[1], &parts[0], "--output", &whole]);
    assert_eq!(ended.status.code(), Some(1), "{}", String::from_utf8_lossy(&ended.stderr));
    let reported = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(reported, "8 cases of 2 parts joined\ndoes not conform: the backend is wrong (exit code 1)\n");
    let merged: Value = serde_json::from_slice(&std::fs::read(&whole).unwrap()).unwrap();
    let plain = hydrotest(&["report", &fixture().display().to_string(), "--to", "json"]);
    let plain: Value = serde_json::from_slice(&plain.stdout).unwrap();
    for field in ["cases", "harness", "backend", "selection", "conclusion", "state", "started", "seconds"] {
        assert_eq!(merged[field], plain[field], "{field}");
    }
    let same = hydrotest(&["diff", &fixture().display().to_string(), &parts[0]]);
    assert_eq!(same.status.code(), Some(1), "cases are missing");
}

#[test]
fn parts_of_other_runs_and_other_file_formats_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let output = home.path().join("whole.json").display().to_string();
    let first = altered(&home, "1.json", |run| part(run, 1));
    let other = altered(&home, "2.json", |run| {
        part(run, 2);
        run["harness"]["snapshots_sha256"] = json!("f");
    });
    let ended = hydrotest(&["merge", &first, &other, "--output", &output]);
    assert_eq!(ended.status.code(), Some(2));
    let reported = String::from_utf8(ended.stderr).unwrap();
    assert!(reported.contains("differ in the recorded results (SHA-256)"), "{reported}");
    assert!(!Path::new(&output).exists());
    let newer = altered(&home, "newer.json", |run| run["version"] = json!(2));
    let ended = hydrotest(&["report", &newer, "--to", "junit"]);
    assert_eq!(ended.status.code(), Some(2));
    let reported = String::from_utf8(ended.stderr).unwrap();
    assert!(reported.contains("this is no outcome file of version 1: its version is 2"), "{reported}");
}

#[test]
fn diff_finds_no_change_to_itself_and_reports_new_failures() {
    let home = tempfile::tempdir().unwrap();
    let old = fixture().display().to_string();
    let ended = hydrotest(&["diff", &old, &old]);
    assert_eq!(ended.status.code(), Some(0));
    let reported = String::from_utf8(ended.stdout).unwrap();
    assert!(reported.ends_with("8 cases as before; nothing changed (exit code 0)\n"), "{reported}");
    let new = altered(&home, "new.json", |run| run["cases"][0]["verdict"] = json!("fail"));
    let ended = hydrotest(&["diff", &old, &new]);
    assert_eq!(ended.status.code(), Some(1));
    let reported = String::from_utf8(ended.stdout).unwrap();
    assert!(reported.contains("newly failing (worse): 1 case\n"), "{reported}");
    assert_eq!(hydrotest(&["diff", &new, &old]).status.code(), Some(0));
}

#[test]
fn the_printed_schema_is_the_published_one() {
    let printed = hydrotest(&["schema", "outcome"]);
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/outcome.schema.json");
    assert_eq!(printed.stdout, std::fs::read(published).unwrap());
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let fixture = fixture().display().to_string();
    let run = ["--backend", "reference", "--model", "esm2", "--suite", "embed"];
    for arguments in [
        &["report", &fixture, "--to", "tap"][..],
        &["matrix", &fixture],
        &["--help"],
        &["--version"],
        &["--list"],
        &["suites"],
        &["models", "--json"],
        &["backends"],
        &["snapshots", "list"],
        &["schema", "suites"],
        &["completions", "bash"],
        &["show", "esm2::embed::minimal"],
        &["mutants", "--list"],
        &run,
        &[&run[..], &["--format", "pretty"]].concat(),
        &[&run[..], &["--format", "json"]].concat(),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
        command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdout(full);
        let ended = command.output().unwrap();
        let reported = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(3), "{arguments:?}: {reported}");
        let is_reported = reported.contains("cannot be written") || reported.contains("No space left on device");
        assert!(is_reported && !reported.contains("panicked"), "{arguments:?}: {reported}");
    }
}

#[test]
fn four_merged_shards_equal_a_real_run() {
    let project = Project::new("default = \"reference\"\n\n[backends.reference]\nkind = \"reference\"\n");
    let home = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| {
        let path = home.path().join(name).display().to_string();
        let report = format!("json={path}");
        let ran = project.run(&[&["--quiet", "--report", &report], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.reported);
        path
    };
    let whole = run("whole.json", &[]);
    let parts = ["1/4", "2/4", "3/4", "4/4"].map(|shard| run(&shard.replace('/', "_"), &["--shard", shard]));
    let merged = home.path().join("merged.json").display().to_string();
    let ended = hydrotest(&["merge", &parts[2], &parts[0], &parts[3], &parts[1], "--output", &merged]);
    assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
    let [whole, merged] = [whole, merged].map(|path| {
        let mut run: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let cases = run["cases"].as_array_mut().unwrap();
        for case in cases.iter_mut() {
            // Times differ between runs.
            case["seconds"] = Value::Null;
        }
        run
    });
    let names = |run: &Value| -> Vec<String> {
        let cases = run["cases"].as_array().unwrap();
        cases.iter().map(|case| case["name"].to_string()).collect()
    };
    assert!(names(&whole).len() > 400);
    assert_eq!(names(&merged), names(&whole));
    for field in ["cases", "harness", "backend", "selection", "conclusion", "state", "leaks", "warnings"] {
        assert_eq!(merged[field], whole[field], "{field}");
    }
}

#[test]
fn runs_become_a_table_and_a_history() {
    let project = Project::new("default = \"reference\"\n\n[backends.reference]\nkind = \"reference\"\n");
    let home = tempfile::tempdir().unwrap();
    let history = home.path().join("history.jsonl").display().to_string();
    let run = |name: &str, more: &[&str]| {
        let path = home.path().join(name).display().to_string();
        let report = format!("json={path}");
        let ran = project.run(&[&["--quiet", "--report", &report, "--history", &history], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.reported);
        path
    };
    let whole = run("whole.json", &[]);
    let part = run("part.json", &["--model", "esm2", "--suite", "embed"]);
    let json = |arguments: &[&str]| -> Value {
        let ended = hydrotest(arguments);
        assert_eq!(ended.status.code(), Some(0), "{}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&ended.stdout).unwrap()
    };
    let table = json(&["matrix", &whole, &part, "--to", "json"]);
    let models = &table["rows"][0]["models"];
    let result = models["esm2"]["words"].as_str().unwrap();
    assert!(result.starts_with("passed ") && result.ends_with(" selected"), "a selection never conforms: {result}");
    assert_eq!(models["esm2"]["older_runs"], 1);
    let table = json(&["matrix", &whole, "--to", "json"]);
    let level = &table["rows"][0]["models"]["esm2"]["level"];
    let conforms =
        serde_json::from_slice::<Value>(&std::fs::read(&whole).unwrap()).unwrap()["conclusion"]["word"] == "conforms";
    assert_eq!(level.as_str().unwrap().ends_with("conforms"), conforms, "{level}");

    let trend = json(&["trend", &history, "--case", "esm2::embed::*", "--json"]);
    let cases = trend["cases"].as_array().unwrap();
    assert!(!cases.is_empty() && cases.iter().all(|case| case["runs"] == 2), "{trend:#}");
    let refused = hydrotest(&["trend", &whole]);
    assert_eq!(refused.status.code(), Some(2));
    let refused = hydrotest(&["matrix", &whole, "--link", "lab=https://example.org"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("no outcome file is of a backend `lab`"));
    let refused = hydrotest(&["matrix", &whole, "--link", "reference=javascript:alert(1)"]);
    assert_eq!(refused.status.code(), Some(2));
}
