//! Polls for conditions of systems and engines that send no events.

use std::time::{Duration, Instant};

/// Interval between polls.
const PAUSE: Duration = Duration::from_millis(20);

/// Polls until there is a result. Fails if there is none within a limit.
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
