//! Waits for what only can be asked for: a system or an engine that sends no word of it.

use std::time::{Duration, Instant};

/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks until there is a response; fails when there is none within a limit.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(response) = question() {
            return response;
        }
        assert!(Instant::now() < deadline, "not within {} s: {what}", limit.as_secs());
        std::thread::sleep(PAUSE);
    }
}
