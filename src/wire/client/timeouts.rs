//! How long each part of an exchange may take, and the watch over bodies that drip. Measures time; does no input or output.

use std::time::{Duration, Instant};

/// Limits of time for the exchanges with one server. The defaults are those of boileroom's own client, plus a bound on the
/// whole and on dripping bodies, which it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimeouts {
    /// To connect.
    pub connect: Duration,
    /// Between two moves of the request on its way out.
    pub write: Duration,
    /// Between two moves of the response; the model computes within the first of them.
    pub read: Duration,
    /// For the whole call.
    pub total: Duration,
    /// For the whole of one `/health` request.
    pub health: Duration,
    /// A response that has begun must bring [`Self::LEAST_PROGRESS`] bytes in each span of this length, or end.
    pub progress: Duration,
}

impl ClientTimeouts {
    /// Bytes that a response must bring in each span of [`Self::progress`]: slower is a drip.
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

/// Counts the bytes of a response and recognises a drip.
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

    /// When the response will have been too slow.
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
