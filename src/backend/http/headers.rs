//! Reads which headers go with every request, and reports what cannot be sent or has no business in a file. Fills nothing in.

use reqwest::header::HeaderName;

use crate::config::{TableReader, interpolate};

/// Headers whose values are credentials: they come from the environment, so that no file holds them.
const PRIVATE: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "x-api-key"];
/// Headers that the exchange itself decides on.
const OURS: [&str; 5] = ["host", "content-length", "content-type", "transfer-encoding", "connection"];

/// Reads `headers` and reports what cannot be sent.
pub(super) fn read(reader: &mut TableReader<'_>) -> Vec<(HeaderName, String)> {
    let mut headers = Vec::new();
    for (name, value) in reader.object("headers").unwrap_or_default() {
        let (Ok(header), serde_json::Value::String(value)) = (HeaderName::try_from(&name), value) else {
            let message = format!("`headers.{name}` is no header with a text");
            reader.reject("headers", message, "expected NAME = \"text with ${VARIABLE}\"");
            continue;
        };
        if OURS.contains(&header.as_str()) {
            let message = format!("`headers.{name}` is not for a table to say");
            reader.reject("headers", message, "every exchange has its own");
        } else if PRIVATE.contains(&header.as_str()) && !value.contains("${") {
            let message = format!("`headers.{name}` is a secret in a file");
            reader.reject("headers", message, "expected \"… ${VARIABLE}\", filled in from the environment");
        } else if let Err(error) = interpolate(&value, &[], |_| Some(String::new())) {
            reader.reject("headers", error, format!("in `{name}`"));
        } else {
            headers.push((header, value));
        }
    }
    headers
}
