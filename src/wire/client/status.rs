//! The statuses with which a server, or a proxy in front of it, declines a call without processing it: one table with advice for each.
//! Does not decide who is responsible or whether a call is repeated.

/// The reason why a call was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declined {
    /// The credentials are missing or not accepted.
    Credentials,
    /// The request is too large.
    Size,
    /// The request took too long to arrive.
    Slowness,
    /// The server is overloaded.
    Load,
    /// No server behind the proxy takes the call.
    Absence,
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct DeclineStatus {
    /// The number.
    pub code: u16,
    /// The name in lowercase: that of HTTP or of the proxy.
    pub(crate) name: &'static str,
    pub(crate) declined: Declined,
    pub(crate) advice: &'static str,
}

const CREDENTIALS: &str = "kind `http` sends them with `headers = { Authorization = \"Bearer ${TOKEN}\" }`";
const UNREACHED: &str =
    "Cloudflare does not reach the model server: look at the server's own log, and at what is between them";
const CERTIFICATE: &str = "Cloudflare does not accept the encryption of the model server: correct its certificate";

/// All statuses that do not come from a model. Those above 511 are Cloudflare's own.
static TABLE: [DeclineStatus; 18] = [
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
    status(
        520,
        "unknown error",
        Declined::Absence,
        "Cloudflare got no response that it understands: look at the model server's own log",
    ),
    status(521, "web server is down", Declined::Absence, UNREACHED),
    status(522, "connection timed out", Declined::Absence, UNREACHED),
    status(523, "origin is unreachable", Declined::Absence, UNREACHED),
    status(
        524,
        "a timeout occurred",
        Declined::Absence,
        "raise the time that Cloudflare waits for a response (`proxy_read_timeout`), or call the server directly",
    ),
    status(525, "ssl handshake failed", Declined::Absence, CERTIFICATE),
    status(526, "invalid ssl certificate", Declined::Absence, CERTIFICATE),
    status(530, "origin error", Declined::Absence, UNREACHED),
];

const fn status(code: u16, name: &'static str, declined: Declined, advice: &'static str) -> DeclineStatus {
    DeclineStatus { code, name, declined, advice }
}

impl DeclineStatus {
    /// The row of a code; `None` if a model server itself may respond with it.
    pub(crate) fn of(code: u16) -> Option<&'static Self> {
        TABLE.iter().find(|status| status.code == code)
    }
}

/// The seconds of a `Retry-After`. Dates are not read: no model server sends them.
pub(super) fn retry_after(text: Option<&str>) -> Option<u64> {
    text?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_there_once_and_in_order() {
        assert!(TABLE.windows(2).all(|pair| pair[0].code < pair[1].code));
        for code in [200, 400, 404, 405, 422, 500] {
            assert_eq!(DeclineStatus::of(code), None, "{code} is a response of a model server");
        }
    }

    #[test]
    fn only_seconds_are_read() {
        assert_eq!(retry_after(Some(" 12 ")), Some(12));
        assert_eq!(retry_after(Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
        assert_eq!(retry_after(None), None);
    }
}
