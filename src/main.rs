//! The `hydrotest` program: hands its arguments to [`hydrotest::cli`] and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(hydrotest::cli::main(std::env::args_os()))
}
