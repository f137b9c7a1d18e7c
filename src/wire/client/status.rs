//! The statuses with which a server, or a proxy before it, declines a call without working on it: one table, with what to do
//! about each. Decides neither who is responsible nor whether a call is made again.

use std::time::Duration;

use super::ClientError;

/// In which way a call was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declined {
    /// Our credentials are missing or not accepted.
    Credentials,
    /// The request is larger than is accepted there.
    Size,
    /// The request took longer to arrive than is accepted there.
    Slowness,
    /// It takes no call now.
    Load,
    /// Nothing behind the proxy takes the call.
    Absence,
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct DeclineStatus {
    /// The number.
    pub code: u16,
    /// Its name in HTTP, in small letters.
    pub(crate) name: &'static str,
    /// In which way the call was declined.
    pub(crate) declined: Declined,
    /// What to do about it.
    pub(crate) advice: &'static str,
}

const CREDENTIALS: &str = "kind `http` sends them with `headers = { Authorization = \"Bearer ${TOKEN}\" }`";

/// All statuses that are no response of a model server.
static TABLE: [DeclineStatus; 10] = [
    status(401, "unauthorized", Declined::Credentials, CREDENTIALS),
    status(403, "forbidden", Declined::Credentials, CREDENTIALS),
    status(
        407,
        "proxy authentication required",
        Declined::Credentials,
        "name the host in `NO_PROXY`, or a proxy that accepts you in `HTTPS_PROXY`",
    ),
    status(
        408,
        "request timeout",
        Declined::Slowness,
        "raise the time that the server or its proxy waits for a request",
    ),
    status(
        413,
        "content too large",
        Declined::Size,
        "raise the limit of request bodies at the server or its proxy (nginx: `client_max_body_size`)",
    ),
    status(425, "too early", Declined::Load, "turn off early data (0-RTT) at the proxy"),
    status(
        429,
        "too many requests",
        Declined::Load,
        "raise the rate limit, or lower `max_instances` and `calls_per_instance`",
    ),
    status(
        502,
        "bad gateway",
        Declined::Absence,
        "a proxy answers in place of the model server: look at the server's own log",
    ),
    status(
        503,
        "service unavailable",
        Declined::Absence,
        "the model server takes no calls, or a proxy does not reach it: look at the server's own log",
    ),
    status(
        504,
        "gateway timeout",
        Declined::Absence,
        "raise the time that the proxy waits for a response (nginx: `proxy_read_timeout`)",
    ),
];

const fn status(code: u16, name: &'static str, declined: Declined, advice: &'static str) -> DeclineStatus {
    DeclineStatus { code, name, declined, advice }
}

impl DeclineStatus {
    /// The row of a code; `None` for one that a model server itself may respond with.
    pub(crate) fn of(code: u16) -> Option<&'static Self> {
        TABLE.iter().find(|status| status.code == code)
    }
}

/// The longest that we wait because a server asks for it.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long we wait before a call that a busy server declined without saying how long.
const USUAL_WAIT: Duration = Duration::from_secs(1);

impl ClientError {
    /// How long to wait before the same call is made again; `None` when it is not to be made again.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let Self::Declined { status, retry_after, .. } = self else { return None };
        let wait = match (status.declined, retry_after) {
            (Declined::Load | Declined::Absence, Some(seconds)) => Duration::from_secs(*seconds),
            (Declined::Load, None) => USUAL_WAIT,
            _ => return None,
        };
        (wait <= LONGEST_WAIT).then_some(wait)
    }
}

/// The seconds of a `Retry-After`. A date, which no model server sends, is not read.
pub(super) fn retry_after(text: Option<&str>) -> Option<u64> {
    text?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declined(code: u16, retry_after: Option<u64>) -> ClientError {
        ClientError::Declined { status: DeclineStatus::of(code).unwrap(), text: String::new(), retry_after }
    }

    #[test]
    fn codes_are_there_once_and_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
        for code in [200, 400, 404, 405, 422, 500] {
            assert_eq!(DeclineStatus::of(code), None, "{code} is a response of a model server");
        }
    }

    #[test]
    fn a_wait_is_bounded_and_only_for_what_passes() {
        let seconds = |code, after| declined(code, after).wait().map(|wait| wait.as_secs());
        assert_eq!(seconds(429, None), Some(1));
        assert_eq!(seconds(429, Some(7)), Some(7));
        assert_eq!(seconds(503, Some(60)), Some(60));
        assert_eq!(seconds(429, Some(61)), None, "longer than the longest wait");
        assert_eq!(seconds(503, None), None);
        assert_eq!(seconds(401, Some(1)), None);
        assert_eq!(ClientError::Dropped(String::new()).wait(), None);
    }

    #[test]
    fn only_seconds_are_read() {
        assert_eq!(retry_after(Some(" 12 ")), Some(12));
        assert_eq!(retry_after(Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(retry_after(None), None);
    }
}
