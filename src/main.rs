//! The `hydrotest` program: hands its arguments to the command line and ends with its exit code, unless it was started by
//! itself to watch over a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    hydrotest::backend::supervise::run_if_asked().unwrap_or(ExitCode::SUCCESS)
}
