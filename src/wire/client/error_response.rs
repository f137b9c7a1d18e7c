//! Reads error responses: `FastAPI`'s `detail` in its forms, and any other body. Does not trust the bytes, which are already bounded.

use serde_json::Value;

use super::status::{DeclineStatus, retry_after};
use super::{ClientError, RequestProblem};
use crate::wire::Secret;

/// The most bytes of an error body that are read.
pub(super) const LONGEST: usize = 64 << 10;
/// The most characters of one text of the server.
const LONGEST_TEXT: usize = 4000;
/// The most problems of one request.
const MOST_PROBLEMS: usize = 32;
/// The prefixes of the message of a model's exception.
const PREFIXES: [&str; 2] = ["Folding failed: ", "Embedding failed: "];

/// The relevant headers of an error response.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Headers<'a> {
    pub(super) location: Option<&'a str>,
    pub(super) retry_after: Option<&'a str>,
}

/// The error of a response with a status other than 200. `body` is the beginning of its body.
pub(super) fn read(status: u16, headers: Headers<'_>, body: &[u8], secret: &Secret) -> ClientError {
    if let Some(status) = DeclineStatus::of(status) {
        let (text, retry_after) = (body_text(body, secret), retry_after(headers.retry_after));
        return ClientError::Declined { status, text, retry_after };
    }
    let detail = serde_json::from_slice::<Value>(body).ok().and_then(|mut value| Some(value.get_mut("detail")?.take()));
    match (status, detail) {
        (500, Some(Value::String(text))) => {
            let message = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
            ClientError::Refused(printable(message.unwrap_or(&text), secret))
        }
        (400 | 422, Some(Value::String(text))) => {
            let message = printable(&text, secret);
            ClientError::Schema(vec![RequestProblem { message, ..RequestProblem::default() }])
        }
        (400 | 422, Some(Value::Array(items))) if !items.is_empty() => {
            ClientError::Schema(items.iter().take(MOST_PROBLEMS).map(|item| problem(item, secret)).collect())
        }
        (300..=399, _) => {
            let target = headers.location.map_or_else(|| "nowhere".to_owned(), |target| printable(target, secret));
            ClientError::Protocol(format!("the server redirects to {target} (status {status}), which is not followed"))
        }
        _ => ClientError::OddStatus { status, text: body_text(body, secret) },
    }
}

/// The error of a response to `/health` that is not ready. A server that is still loading its model may respond with 5xx. Any other
/// response means that there is no model server.
pub(super) fn unhealthy(status: u16, headers: Headers<'_>, body: &[u8], secret: &Secret) -> ClientError {
    if DeclineStatus::of(status).is_some() || status >= 500 {
        return read(status, headers, body, secret);
    }
    let target = headers.location.map_or_else(String::new, |target| format!(" to {}", printable(target, secret)));
    ClientError::NoModelServer(format!("status {status}{target}: {}", body_text(body, secret)))
}

/// The text of an error body: `FastAPI`'s `detail` if there is one, or all of it.
fn body_text(body: &[u8], secret: &Secret) -> String {
    let detail = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| value.get("detail")?.as_str().map(ToOwned::to_owned));
    let text = detail.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    match printable(&text, secret).as_str() {
        "" => "an empty body".to_owned(),
        text => text.to_owned(),
    }
}

fn problem(item: &Value, secret: &Secret) -> RequestProblem {
    let text = |key: &str| printable(item.get(key).and_then(Value::as_str).unwrap_or_default(), secret);
    let steps = item.get("loc").and_then(Value::as_array).into_iter().flatten();
    let steps: Vec<String> =
        steps.map(|step| step.as_str().map_or_else(|| step.to_string(), ToOwned::to_owned)).collect();
    RequestProblem { kind: text("type"), place: printable(&steps.join("."), secret), message: text("msg") }
}

/// A text of the server for reports: bounded, without the secret, and without control characters for a terminal.
pub(super) fn printable(text: &str, secret: &Secret) -> String {
    let text = secret.scrub(text.trim());
    let mut shown = String::with_capacity(text.len().min(LONGEST_TEXT));
    for (index, letter) in text.chars().enumerate() {
        if index == LONGEST_TEXT {
            shown.push('…');
            break;
        }
        if letter.is_control() && !matches!(letter, '\n' | '\t') {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_body(status: u16, body: &str) -> ClientError {
        read(status, Headers::default(), body.as_bytes(), &Secret::new("the-secret").unwrap())
    }

    #[test]
    fn an_exception_of_the_model_keeps_its_message_without_the_prefix() {
        let refused = |text: &str| ClientError::Refused(text.into());
        assert_eq!(read_body(500, r#"{"detail":"Folding failed: bad X"}"#), refused("bad X"));
        assert_eq!(read_body(500, r#"{"detail":"Embedding failed: "}"#), refused(""));
        assert_eq!(read_body(500, r#"{"detail":"other words"}"#), refused("other words"));
    }

    #[test]
    fn problems_of_the_request_keep_type_place_and_message() {
        let body = r#"{"detail":[{"type":"string_type","loc":["body","sequences",0],"msg":"no string","input":1}]}"#;
        let problem = RequestProblem {
            kind: "string_type".into(),
            place: "body.sequences.0".into(),
            message: "no string".into(),
        };
        assert_eq!(read_body(422, body), ClientError::Schema(vec![problem]));
        assert_eq!(read_body(422, body).to_string(), "body.sequences.0: no string");
        let error = read_body(400, r#"{"detail":"There was an error parsing the body"}"#);
        assert_eq!(error.to_string(), "There was an error parsing the body");
        assert!(matches!(error, ClientError::Schema(_)));
    }

    #[test]
    fn anything_else_is_against_the_protocol() {
        for (status, body) in [
            (500, "Internal Server Error"),
            (500, r#"{"detail":["list"]}"#),
            (422, r#"{"detail":[]}"#),
            (422, r#"{"detail":{}}"#),
            (404, r#"{"detail":"Not Found"}"#),
            (505, "[["),
            (204, ""),
        ] {
            let error = read_body(status, body);
            assert!(
                matches!(error, ClientError::OddStatus { .. } | ClientError::Protocol(_)),
                "{status} {body}: {error:?}"
            );
            assert!(error.to_string().contains(&status.to_string()));
        }
        let elsewhere = Headers { location: Some("http://elsewhere/"), ..Headers::default() };
        let redirect = read(307, elsewhere, b"", &Secret::new("x").unwrap());
        assert!(redirect.to_string().contains("http://elsewhere/"));
    }

    #[test]
    fn a_declined_call_is_reported_with_name_words_and_advice() {
        for (status, name, advice) in [
            (401, "unauthorized", "`headers"),
            (413, "content too large", "client_max_body_size"),
            (429, "too many requests", "max_instances"),
            (502, "bad gateway", "the server's own log"),
            (503, "service unavailable", "the server's own log"),
            (504, "gateway timeout", "proxy_read_timeout"),
            (522, "connection timed out", "does not reach the model server"),
            (524, "a timeout occurred", "waits for a response"),
            (526, "invalid ssl certificate", "correct its certificate"),
        ] {
            let text = read_body(status, "<html>no live upstreams").to_string();
            let start = format!("{name} (HTTP {status}): <html>no live upstreams; ");
            assert!(text.starts_with(&start) && text.contains(advice), "{text}");
        }
        let headers = Headers { retry_after: Some("7"), ..Headers::default() };
        let busy = read(429, headers, br#"{"detail":"slow down"}"#, &Secret::new("x").unwrap());
        assert!(busy.to_string().contains(": slow down; "), "{busy}");
        assert_eq!(busy.wait(), Some(std::time::Duration::from_secs(7)));
    }

    #[test]
    fn a_page_that_is_not_health_differs_from_a_server_that_loads() {
        let secret = Secret::new("x").unwrap();
        let health = |status, body: &str| unhealthy(status, Headers::default(), body.as_bytes(), &secret);
        for (status, body, shown) in [
            (404, r#"{"detail":"Not Found"}"#, "it answered status 404: Not Found"),
            (200, r#"{"status":"ok"}"#, r#"it answered status 200: {"status":"ok"}"#),
            (200, "<html>log in", "it answered status 200: <html>log in"),
            (302, "", "it answered status 302: an empty body"),
        ] {
            let error = health(status, body);
            assert!(matches!(error, ClientError::NoModelServer(_)), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(shown) && text.contains(r#"{"status": "ready"}"#), "{text}");
        }
        assert!(matches!(health(503, "loading"), ClientError::Declined { .. }));
        assert!(matches!(health(500, "loading"), ClientError::OddStatus { status: 500, .. }));
    }

    #[test]
    fn texts_of_the_server_are_bounded_and_cannot_leak_or_paint() {
        let error = read_body(500, r#"{"detail":"a\u001b[31mred the-secret"}"#);
        assert_eq!(error.to_string(), "a\\u{1b}[31mred [secret]");
        let long = format!(r#"{{"detail":"{}"}}"#, "x".repeat(2 * LONGEST_TEXT));
        assert_eq!(read_body(500, &long).to_string().chars().count(), LONGEST_TEXT + 1);
    }
}
