//! The answers of a model server as status, headers and body, worded as `FastAPI` words them. Sends nothing.

use std::io::{self, Write};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, SERVER};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

impl Reply {
    /// A body that is JSON already.
    pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))],
            body: body.into(),
        }
    }

    /// `{"detail": …}`.
    pub(super) fn detail(status: StatusCode, detail: impl Into<Value>) -> Self {
        Self::json(status, dump(&json!({ "detail": detail.into() })))
    }

    /// What the framework says of a failure that nobody foresaw.
    pub(super) fn crash() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))],
            body: Bytes::from_static(b"Internal Server Error"),
        }
    }

    pub(super) fn not_found() -> Self {
        Self::detail(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let mut reply = Self::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        reply.headers.push((ALLOW, HeaderValue::from_static(allowed)));
        reply
    }

    pub(super) fn redirect(target: &str) -> Self {
        let Ok(target) = HeaderValue::from_str(target) else {
            return Self::not_found();
        };
        Self {
            status: StatusCode::TEMPORARY_REDIRECT,
            headers: vec![(LOCATION, target)],
            body: Bytes::new(),
        }
    }
}

impl From<Reply> for Response<Full<Bytes>> {
    fn from(reply: Reply) -> Self {
        let mut response = Self::new(Full::new(reply.body));
        *response.status_mut() = reply.status;
        response
            .headers_mut()
            .insert(SERVER, HeaderValue::from_static("hydrotest"));
        response.headers_mut().extend(reply.headers);
        response
    }
}

/// JSON as Python writes it for the web: compact, and with its own form of numbers.
pub(super) fn dump(value: &Value) -> Vec<u8> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, PythonNumbers);
    // Writing a `Value` into memory cannot fail; were it to, an empty body says so.
    if value.serialize(&mut serializer).is_err() {
        text.clear();
    }
    text
}

struct PythonNumbers;

impl serde_json::ser::Formatter for PythonNumbers {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(show_float(value).as_bytes())
    }
}

/// A finite number as `repr` shows it: the fewest digits that read back, with an exponent below 1e-4 and from 1e16.
fn show_float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{value:?}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        let value = json!([
            0.1,
            1e-7,
            1e-4,
            1e16,
            1e15,
            1e22,
            -0.0,
            123_456_789.125,
            5e-324,
            1.5,
            1e5,
            3
        ]);
        let text = "[0.1,1e-07,0.0001,1e+16,1000000000000000.0,1e+22,-0.0,123456789.125,5e-324,1.5,100000.0,3]";
        assert_eq!(String::from_utf8(dump(&value)).unwrap(), text);
    }
}
