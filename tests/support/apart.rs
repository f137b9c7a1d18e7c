//! A test program runs its tests in a second process of itself, which has a state directory to itself and nothing of the user's
//! that would change what is tested.

use std::path::Path;
use std::process::{Command, ExitCode};

/// The variable that moves the harness's state.
pub const STATE: &str = "HYDROTEST_STATE_DIR";
/// Set in the second process.
const APART: &str = "HYDROTEST_TESTS_APART";

/// Whether this is the second process.
pub fn is_apart() -> bool {
    std::env::var_os(APART).is_some()
}

/// Runs this program again with the same arguments, without some variables, and with what else is to be changed, which may use
/// a directory that is there until the end.
pub fn again(without: &[&str], change: impl FnOnce(&mut Command, &Path)) -> ExitCode {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(std::env::args_os().skip(1));
    for variable in without {
        command.env_remove(variable);
    }
    command
        .env(APART, "yes")
        .env(STATE, home.path().join("state"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    change(&mut command, home.path());
    let status = command.status().unwrap();
    let left = files_below(&home.path().join("state/runs"));
    if !left.is_empty() {
        eprintln!("runs are left in the state directory:\n{}", left.join("\n"));
        return ExitCode::FAILURE;
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// The files in a directory, and below it, with what they hold.
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
