//! Compares time and peak memory of whole processes: this program, and Python with json, base64, hmac and pickle.

#![expect(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::responses::{SECRET, SIZES, body, receive_file};

/// With this argument and a path, the program only reads that body and reports.
pub const MEASURE: &str = "--measure";

/// How often each process reads the body. The best time counts.
const ROUNDS: usize = 5;

/// Time in seconds and peak memory of one process.
struct Measure {
    seconds: f64,
    peak: f64,
}

/// Reads a body and prints seconds and peak memory in bytes.
pub fn measure(path: &str) {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let prediction = receive_file(path);
        best = best.min(start.elapsed().as_secs_f64());
        assert!(prediction.is_some(), "the body must be valid");
    }
    println!("{best} {}", peak_memory());
}

/// Highest resident memory of the process so far.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Runs both programs on a body of each size and prints the comparison.
pub fn compare() {
    let python = std::env::var("HYDROTEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("body.json");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/read_response.py");
    println!("\nbody     program        MB/s   peak memory ÷ body");
    for size in SIZES {
        let body = body(size);
        let length = body.len() as f64;
        if std::fs::write(&path, &body).is_err() {
            return;
        }
        drop(body);
        let ours = std::env::current_exe().ok().and_then(|program| run(Command::new(program).arg(MEASURE).arg(&path)));
        let theirs = run(Command::new(&python).arg(&script).arg(&path).arg(SECRET).arg(ROUNDS.to_string()));
        for (name, measure) in [("hydrotest", &ours), ("python", &theirs)] {
            match measure {
                Some(measure) => println!(
                    "{size:<8} {name:<10} {:>8.0}   {:.2}",
                    length / measure.seconds / 1e6,
                    measure.peak / length
                ),
                None => println!("{size:<8} {name:<10} not run (python needs NumPy)"),
            }
        }
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            println!("{size:<8} ratio      {:>7.1}x   {:.2}", theirs.seconds / ours.seconds, theirs.peak / ours.peak);
        }
    }
}

fn run(command: &mut Command) -> Option<Measure> {
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (seconds, peak) = text.trim().split_once(' ')?;
    Some(Measure { seconds: seconds.parse().ok()?, peak: peak.parse().ok()? })
}
