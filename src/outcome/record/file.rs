//! Outcome files on disk. Bounds what it reads and accepts no other format or version.

use std::path::Path;

use serde_json::Value;

use super::{FORMAT, RunRecord, VERSION, plain_line, plain_text};
use crate::snapshot::read_bounded;

/// The most bytes of a file: ten times as many as 10,000 cases with long findings have.
const LARGEST: u64 = 1 << 30;

/// The fields whose texts may have several lines; every other is one line.
const SEVERAL_LINES: &[&str] = &[
    "reason",
    "notes",
    "likely_cause",
    "hint",
    "leaks",
    "leak_checks_failed",
    "outdated",
    "untested",
    "warnings",
    "remarks",
];

/// Reads an outcome file. Makes its texts plain again, because the file may be foreign or altered.
///
/// # Errors
/// When it cannot be read or is no outcome file of this version, with its path.
pub(crate) fn read(path: &Path) -> Result<RunRecord, String> {
    let shown = path.display();
    let bytes = read_bounded(path, LARGEST).map_err(|error| format!("{shown}: {error}"))?;
    let parse = || {
        let mut value: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(format!("its `format` is not `{FORMAT}`"));
        }
        if let Some(version) = value.get("version").filter(|version| **version != VERSION) {
            return Err(format!("its version is {version}"));
        }
        make_plain(&mut value, "");
        serde_json::from_value(value).map_err(|error| error.to_string())
    };
    parse().map_err(|reason| format!("{shown}: this is no outcome file of version {VERSION}: {reason}"))
}

/// Makes every text below `field` plain, including the names of fields.
fn make_plain(value: &mut Value, field: &str) {
    match value {
        Value::String(text) if SEVERAL_LINES.contains(&field) => *text = plain_text(text),
        Value::String(text) => *text = plain_line(text),
        Value::Array(items) => items.iter_mut().for_each(|item| make_plain(item, field)),
        Value::Object(fields) => {
            let plain = std::mem::take(fields).into_iter().map(|(key, mut value)| {
                make_plain(&mut value, &key);
                (plain_line(&key), value)
            });
            *fields = plain.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text of the file of a record.
///
/// # Errors
/// When a value has no JSON form, which does not happen.
pub(crate) fn text(record: &RunRecord) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(record)? + "\n")
}

/// The JSON schema of outcome files.
pub(crate) fn schema() -> Value {
    schemars::schema_for!(RunRecord).to_value()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, hostile, run};
    use super::*;
    use crate::outcome::Verdict;

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_record_survives_its_file_and_making_it_plain_again_changes_nothing() {
        let mut record = run(vec![case("esm2::embed::short", Verdict::Pass, vec![])]);
        record.warnings = vec!["one\ntwo".into()];
        let file = written(&text(&record).unwrap());
        assert_eq!(read(file.path()).unwrap(), record);
        let once = read(written(&text(&hostile()).unwrap()).path()).unwrap();
        let twice = read(written(&text(&once).unwrap()).path()).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn what_a_terminal_would_act_on_is_text_once_it_is_read() {
        let read = read(written(&text(&hostile()).unwrap()).path()).unwrap();
        let shown = text(&read).unwrap();
        let is_plain = |letter: char| letter == '\n' || !letter.is_control();
        assert!(shown.chars().all(is_plain), "{shown}");
        assert!(!shown.contains('\u{202e}') && !shown.contains("##["));
        assert!(!read.cases[0].name.contains('\n'), "{}", read.cases[0].name);
    }

    #[test]
    fn other_files_are_refused() {
        let refused = |text: &str| read(written(text).path()).unwrap_err();
        assert!(refused("{").contains("this is no outcome file of version 1: EOF"));
        assert!(refused("{}").ends_with("its `format` is not `hydrotest-outcome`"));
        let newer = r#"{"format": "hydrotest-outcome", "version": 2}"#;
        assert!(refused(newer).ends_with("its version is 2"));
        let part = r#"{"format": "hydrotest-outcome", "version": 1}"#;
        assert!(refused(part).contains("missing field `state`"));
    }

    #[test]
    fn the_published_schema_is_the_one_of_this_version() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/outcome.schema.json");
        let current = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        let published = std::fs::read_to_string(path).unwrap();
        assert!(published == current, "write it anew: hydrotest schema outcome > docs/outcome.schema.json");
    }
}
