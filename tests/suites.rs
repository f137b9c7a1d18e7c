//! The shared suites as a test target: `cargo test` runs them on the embedded `reference` backend, and readers of libtest's
//! output (an editor, cargo-nextest) list every case as a test. Cases are data, so the program itself lists and runs them, and
//! only this target has no standard harness.

use std::process::ExitCode;

/// The program's message if nothing ran.
const NOTHING_RAN: u8 = 4;

fn main() -> ExitCode {
    // Readers of a test target's output expect libtest's format.
    let arguments = std::env::args_os();
    let formats = ["--format", "--list", "--quiet", "-q"];
    let is_chosen = std::env::args().any(|word| formats.iter().any(|flag| word.starts_with(flag)));
    let form = if is_chosen { None } else { Some("--format=pretty".into()) };
    let code = hydrotest::cli::main(arguments.chain(form));
    // `cargo test WORD` passes the word to every target, and most targets have no test with that name.
    let narrowed = std::env::args().len() > 1;
    ExitCode::from(if narrowed && code == NOTHING_RAN { 0 } else { code })
}
