//! Makes the library use the program that was built for these tests, and a state directory separate from the user's, which must
//! be empty when no test uses it any more.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hydrotest::backend::installation::Installation;

/// Keeps the state directory while a test runs.
pub struct Installed(());

static TESTS: Mutex<usize> = Mutex::new(0);

/// The state directory of this process.
pub fn state() -> PathBuf {
    std::env::temp_dir().join(format!("hydrotest-tests-{}", std::process::id()))
}

/// Selects the installation. Every test that opens a backend in its own process calls it first.
pub fn installed() -> Installed {
    let installation = Installation { program: env!("CARGO_BIN_EXE_hydrotest").into(), state: state() };
    // It is the same for every test of the process.
    let _ = installation.choose();
    *TESTS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    Installed(())
}

impl Drop for Installed {
    fn drop(&mut self) {
        let mut tests = TESTS.lock().unwrap_or_else(PoisonError::into_inner);
        *tests -= 1;
        if *tests > 0 {
            return;
        }
        let left = files_below(&state().join("runs"));
        // It exists only if a test created an instance.
        let _ = std::fs::remove_dir_all(state());
        if !std::thread::panicking() {
            assert!(left.is_empty(), "runs are left in the state directory:\n{}", left.join("\n"));
        }
    }
}

/// The files below a directory, with their content.
fn files_below(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.append(&mut files_below(&path));
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.push(format!("{}: {text}", path.display()));
        }
    }
    found
}
