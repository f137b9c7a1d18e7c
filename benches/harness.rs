//! How much the harness costs by itself: ten thousand generated trivial cases, listed and run as whole processes, beside
//! pytest doing the same with ten thousand parametrised tests (`HYDROTEST_PYTHON` or `python3`, where it has pytest).
//!
//! `cargo bench --bench harness`. Figures and ratios are written down in `docs/performance.md`.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a benchmark stops where it cannot go on, and says so"
)]

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
fn world() -> TempDir {
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

/// Runs a program to its end; it must succeed.
fn finish(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .expect("a program that starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn hydrotest(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hydrotest"));
    command.current_dir(home);
    command
}

fn pytest(home: &Path) -> Option<Command> {
    let python = std::env::var("HYDROTEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let mut probe = Command::new(&python);
    probe
        .args(["-m", "pytest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        eprintln!("{python} has no pytest: no peer to compare with");
        return None;
    }
    let mut command = Command::new(python);
    command
        .current_dir(home)
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "test_trivial.py"]);
    Some(command)
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn hydrotest_lists(bencher: divan::Bencher<'_, '_>) {
    let home = world();
    bencher.bench_local(|| finish(hydrotest(home.path()).arg("--list")));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn hydrotest_runs(bencher: divan::Bencher<'_, '_>) {
    let home = world();
    bencher.bench_local(|| finish(&mut hydrotest(home.path())));
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn pytest_lists(bencher: divan::Bencher<'_, '_>) {
    let home = world();
    if let Some(mut command) = pytest(home.path()) {
        command.arg("--collect-only");
        bencher.bench_local(|| finish(&mut command));
    }
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn pytest_runs(bencher: divan::Bencher<'_, '_>) {
    let home = world();
    if let Some(mut command) = pytest(home.path()) {
        bencher.bench_local(|| finish(&mut command));
    }
}
