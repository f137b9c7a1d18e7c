//! The `hydrotest` program.

use std::process::ExitCode;

use hydrotest::backend::supervise;

fn main() -> ExitCode {
    if let Some(code) = supervise::run_if_asked() {
        return code;
    }
    ExitCode::SUCCESS
}
