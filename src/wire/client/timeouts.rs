//! Time limits for the parts of an exchange, and the detection of bodies that drip. Does no input or output.

use std::time::{Duration, Instant};

/// Time limits for exchanges with one server. The defaults are those of boileroom's own client, plus limits for the whole call and for
/// dripping bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// For connecting.
    pub connect: Duration,
    /// Between two pieces of the request.
    pub write: Duration,
    /// Between two pieces of the response. Includes the computation of the model.
    pub read: Duration,
    /// For the whole call.
    pub total: Duration,
    /// For a whole `/health` request.
    pub health: Duration,
    /// For every [`Self::LEAST_PROGRESS`] bytes of a response that has begun.
    pub progress: Duration,
}

impl ClientTimeouts {
    /// The least bytes of a response within [`Self::progress`]. A slower response drips.
    pub(crate) const LEAST_PROGRESS: usize = 4096;
}

impl Default for ClientTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            write: Duration::from_secs(60),
            read: Duration::from_secs(1800),
            total: Duration::from_secs(3600),
            health: Duration::from_secs(5),
            progress: Duration::from_secs(60),
        }
    }
}

/// Counts the bytes of a response to detect that it drips.
#[derive(Debug)]
pub(super) struct ProgressWatch {
    span: Duration,
    since: Instant,
    bytes: usize,
}

impl ProgressWatch {
    pub(super) const fn new(span: Duration, now: Instant) -> Self {
        Self { span, since: now, bytes: 0 }
    }

    /// Notes bytes that came at `now`.
    pub(super) fn note(&mut self, bytes: usize, now: Instant) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes >= ClientTimeouts::LEAST_PROGRESS {
            self.bytes = 0;
            self.since = now;
        }
    }

    /// The time at which the response is too slow.
    pub(super) fn deadline(&self) -> Instant {
        self.since + self.span
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drip_does_not_move_the_deadline_and_a_stream_does() {
        let start = Instant::now();
        let span = Duration::from_secs(30);
        let mut progress = ProgressWatch::new(span, start);
        for second in 1..20 {
            progress.note(1, start + Duration::from_secs(second));
        }
        assert_eq!(progress.deadline(), start + span);
        let later = start + Duration::from_secs(25);
        progress.note(ClientTimeouts::LEAST_PROGRESS, later);
        assert_eq!(progress.deadline(), later + span);
    }
}
