//! biotite, gemmi and tmtools on the same files, in one Python process per pair.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::timing::Timing;

const VARIABLE: &str = "HYDROTEST_ORACLES";

/// For each measurement: the tools that support it, and their times.
pub type Timings = BTreeMap<String, BTreeMap<String, Timing>>;

/// Runs the tools. Returns `None` without a Python that has them.
pub fn measure(files: &[PathBuf]) -> Option<Timings> {
    let Some(python) = std::env::var_os(VARIABLE) else {
        eprintln!("{VARIABLE} names no Python with biotite, gemmi and tmtools: measured alone");
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/time_structures.py");
    let output = Command::new(python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // With threads, the processor time would count all cores.
        .env("OMP_NUM_THREADS", "1")
        .env("OPENBLAS_NUM_THREADS", "1")
        .arg(script)
        .args(files)
        .output()
        .expect("a Python that starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("timings as JSON"))
}
