//! Values of the command line that clap cannot read by itself, and what to say of those that are none.

use std::path::PathBuf;
use std::time::Duration;

use crate::prediction::gates::{GateTable, StructureGates};
use crate::report::format::{FORMATS, ReportTarget, format};

/// A gate of structures by its key, with a value that it may have.
pub(crate) fn parse_gate(text: &str) -> Result<(&'static str, f64), String> {
    let gates = StructureGates::gates();
    let keys = || gates.iter().map(|gate| gate.key).collect::<Vec<_>>().join(", ");
    let (key, value) = text.split_once('=').ok_or_else(|| format!("expected GATE=VALUE, with one of {}", keys()))?;
    let gate = gates.iter().find(|gate| gate.key == key.trim());
    let gate = gate.ok_or_else(|| format!("there is no gate `{}`; there are {}", key.trim(), keys()))?;
    let value: Option<f64> = value.trim().parse().ok();
    let value = value.filter(|value| gate.range.contains(value));
    let (least, most) = (gate.range.start(), gate.range.end());
    Ok((gate.key, value.ok_or_else(|| format!("expected a number from {least} to {most}"))?))
}

/// A backend and a page about it, as in `lab=https://example.org/run/17`. Nothing in the address means anything to Markdown or HTML.
pub(crate) fn parse_link(text: &str) -> Result<(String, String), String> {
    let (name, url) = text.split_once('=').ok_or("expected NAME=URL, with the name of a backend")?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let is_plain = |letter: char| letter.is_ascii_graphic() && !r#"<>"'`()[]{}|\^"#.contains(letter);
    if name.is_empty() || !is_web {
        return Err("expected NAME=URL, with an address that begins with https:// or http://".to_owned());
    }
    if let Some(letter) = url.chars().find(|letter| !is_plain(*letter)) {
        return Err(format!("{letter:?} cannot stand in an address: percent-encode it"));
    }
    Ok((name.to_owned(), url.to_owned()))
}

/// A report and its file, as in `junit=report.xml`.
pub(crate) fn parse_report(text: &str) -> Result<ReportTarget, String> {
    let known = || FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let (kind, path) = text.split_once('=').ok_or_else(|| format!("expected KIND=PATH, with one of {}", known()))?;
    let format = format(kind).ok_or_else(|| format!("there is no report `{kind}`; there are {}", known()))?;
    if path.is_empty() {
        return Err("the path is missing".to_owned());
    }
    Ok(ReportTarget { format, path: PathBuf::from(path) })
}

/// A field and a file.
pub(crate) fn parse_field(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected FIELD=FILE")?;
    Ok((name.trim().to_owned(), PathBuf::from(path)))
}

/// A bound of differences.
pub(crate) fn parse_bound(text: &str) -> Result<f64, String> {
    let bound: Option<f64> = text.parse().ok();
    bound.filter(|bound| (0.0..f64::INFINITY).contains(bound)).ok_or_else(|| "expected a number of at least 0".into())
}

/// A span of time.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text).ok_or_else(|| "expected a time span such as `90s`, `1.5s` or `20m`".into())
}
