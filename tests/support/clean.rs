//! `hydrotest clean`, as somebody calls it who wants everything gone.

use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than anything takes to come that a run asked a platform for in its last moments.
const LATEST: Duration = Duration::from_secs(90);

/// Calls the command until nothing may come any more; says what went wrong at last.
pub fn clean(command: impl Fn() -> Command) -> Result<(), String> {
    let deadline = Instant::now() + LATEST;
    loop {
        let output = command().output().unwrap();
        if output.status.success() {
            return Ok(());
        }
        let reported = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        let reported = reported.concat();
        if !reported.contains("may still create it") || Instant::now() >= deadline {
            return Err(format!("`clean` ended with {}: {reported}", output.status));
        }
        // What may come to be only the command can find, so that it is asked again.
        std::thread::sleep(Duration::from_millis(500));
    }
}
