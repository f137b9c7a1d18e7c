//! The shared suites as a test target: `cargo test` runs them on the embedded `reference` backend, and whoever reads
//! libtest's output (an editor, cargo-nextest) sees every case as a test. Cases are data, so that the program itself lists and runs
//! them, and this target alone has no standard harness.

use std::process::ExitCode;

/// What the program says when nothing ran.
const NOTHING_RAN: u8 = 4;

fn main() -> ExitCode {
    // What reads the output of a test target reads libtest's.
    let arguments = std::env::args_os();
    let formats = ["--format", "--list", "--quiet", "-q"];
    let is_chosen = std::env::args().any(|word| formats.iter().any(|flag| word.starts_with(flag)));
    let form = if is_chosen { None } else { Some("--format=pretty".into()) };
    let code = hydrotest::cli::main(arguments.chain(form));
    // `cargo test WORD` passes the word to every target, and most of them have no test of that name.
    let narrowed = std::env::args().len() > 1;
    ExitCode::from(if narrowed && code == NOTHING_RAN { 0 } else { code })
}
