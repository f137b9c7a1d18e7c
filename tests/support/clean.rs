//! Runs `hydrotest clean` until everything is removed.

use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than any creation that a run requested just before it was killed may take.
const LATEST: Duration = Duration::from_secs(90);

/// Repeats the command until no creation is pending. Returns the last error.
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
        // Only the command can find late creations, so it is polled.
        std::thread::sleep(Duration::from_millis(500));
    }
}
