//! Measures the harness's own overhead: ten thousand generated trivial cases, listed and run as whole processes, compared with
//! pytest on ten thousand parametrised tests (`HYDROTEST_PYTHON` or `python3`, if it has pytest).
//!
//! `cargo bench --bench harness`. `docs/performance.md` lists the measured times and ratios.

#![expect(clippy::expect_used, clippy::print_stderr, reason = "a benchmark stops on errors, and prints why")]

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const CASES: usize = 10_000;

const BACKENDS: &str = r#"
default = "reference"

[backends.reference]
kind = "reference"

[models.tiny]
name = "Tiny"
method = "embed"
core = "bench.TinyCore"
wrapper = "bench.Tiny"
output = "bench.TinyOutput"
image = "bench"
list = "batch"

[models.tiny.fields.embeddings]
kind = "array"
presence = "always"
shape = ["B", "L", 8]
dtype = "float32"
"#;

const PYTEST: &str = "\
import pytest

@pytest.mark.parametrize('index', range(10000))
def test_case(index):
    assert index >= 0
";

fn main() {
    divan::main();
}

/// A checkout with one small model and a suite of many cases.
fn project() -> TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut suite = String::from("about = \"ten thousand trivial cases\"\n");
    for case in 0..CASES {
        let _ = write!(
            suite,
            "\n[[case]]\nname = \"case_{case}\"\nabout = \"trivial\"\nliteral = \"A\"\n\
             checks = [{{ check = \"present\", fields = [\"embeddings\"] }}]\n"
        );
    }
    write(home.path(), "backends.toml", BACKENDS);
    std::fs::create_dir(home.path().join("suites")).expect("a directory");
    write(home.path(), "suites/trivial.toml", &suite);
    write(home.path(), "suites/sequences.fasta", ">one\nA\n");
    write(home.path(), "test_trivial.py", PYTEST);
    home
}

fn write(home: &Path, name: &str, text: &str) {
    std::fs::write(home.join(name), text).expect("a file");
}

/// Runs a program to its end. It must succeed.
fn finish(command: &mut Command) {
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).output().expect("a program that starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn hydrotest(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.current_dir(home);
    command
}

fn pytest(home: &Path) -> Option<Command> {
    let python = std::env::var("HYDROTEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut probe = Command::new(&python);
    probe.args(["-m", "pytest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        eprintln!("{python} has no pytest: no peer to compare with");
        return None;
    }
    let mut command = Command::new(python);
    command.current_dir(home).args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_trivial.py"]);
    Some(command)
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn hydrotest_lists(bencher: divan::Bencher<'_, '_>) {
    let home = project();
    bencher.bench_local(|| finish(hydrotest(home.path()).arg("--list")));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn hydrotest_runs(bencher: divan::Bencher<'_, '_>) {
    let home = project();
    bencher.bench_local(|| finish(&mut hydrotest(home.path())));
}

/// Every report format.
const REPORTS: [&str; 5] = ["json", "junit", "markdown", "github", "tap"];

/// A run that writes every report, for comparison with a run that writes none.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn hydrotest_runs_with_every_report(bencher: divan::Bencher<'_, '_>) {
    let home = project();
    bencher.bench_local(|| {
        let mut run = hydrotest(home.path());
        for kind in REPORTS {
            run.arg("--report").arg(format!("{kind}=report.{kind}"));
        }
        finish(&mut run);
    });
}

/// Reads an outcome file of ten thousand cases, of which one in a hundred failed for its own reason, and renders it in one
/// format.
#[divan::bench(sample_count = 10, sample_size = 1, args = REPORTS)]
fn hydrotest_reports(bencher: divan::Bencher<'_, '_>, kind: &str) {
    let home = project();
    finish(hydrotest(home.path()).args(["--report", "json=run.json"]));
    let text = std::fs::read_to_string(home.path().join("run.json")).expect("an outcome file");
    let mut run: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let cases = run["cases"].as_array_mut().expect("cases");
    for (index, case) in cases.iter_mut().enumerate().filter(|(index, _)| index % 100 == 0) {
        let letters: String = index.to_string().bytes().map(|digit| char::from(digit + 49)).collect();
        case["verdict"] = "fail".into();
        case["responsible"] = "backend".into();
        case["attempts"] = serde_json::json!([{ "verdict": "fail", "findings": [{
            "check": "contract", "call": "call", "responsible": "backend", "summary": format!("`{letters}`: wrong"),
            "details": ["in every row", "in every column"], "differences": [], "likely_cause": null, "log": ["a", "b"],
        }] }]);
    }
    write(home.path(), "run.json", &run.to_string());
    let output = format!("report.{kind}");
    bencher
        .bench_local(|| finish(hydrotest(home.path()).args(["report", "run.json", "--to", kind, "--output", &output])));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn pytest_lists(bencher: divan::Bencher<'_, '_>) {
    let home = project();
    if let Some(mut command) = pytest(home.path()) {
        command.arg("--collect-only");
        bencher.bench_local(|| finish(&mut command));
    }
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn pytest_runs(bencher: divan::Bencher<'_, '_>) {
    let home = project();
    if let Some(mut command) = pytest(home.path()) {
        bencher.bench_local(|| finish(&mut command));
    }
}
