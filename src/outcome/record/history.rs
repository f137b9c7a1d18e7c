//! The history of runs: a line of JSON for each case of each run, appended to one file. Writes only whole lines, under a lock, so that
//! runs can share the file. Computes no trends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{CaseRecord, RecordedNumber, RunRecord, plain_line};
use crate::outcome::Verdict;
use crate::snapshot::read_bounded;

/// The version of the format of a line.
const VERSION: u32 = 1;
/// The beginning of every line.
const BEGIN: &[u8] = b"{\"hydrotest_history\":";
/// The most bytes of a line, including its end.
const LONGEST: usize = 8 << 10;
/// The largest file that is read: 300 runs of 10,000 cases.
const LARGEST: u64 = 2 << 30;

/// The result of one case in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistoryLine {
    /// The version of the format.
    #[serde(rename = "hydrotest_history")]
    pub(crate) form: u32,
    /// When the run began: RFC 3339, UTC.
    pub(crate) date: String,
    /// The name of the backend.
    pub(crate) backend: String,
    /// The weights of the backend.
    pub(crate) weights: String,
    /// The version of hydrotest.
    pub(crate) hydrotest: String,
    /// SHA-256 of the suites.
    pub(crate) suites_sha256: String,
    /// `model::suite::case`.
    pub(crate) case: String,
    /// Its verdict.
    pub(crate) verdict: Verdict,
    /// Whether it passed only when tried again.
    pub(crate) flaky: bool,
    /// Duration of its calls.
    pub(crate) seconds: f64,
    /// The number that used up most of its allowance.
    pub(crate) tightest: Option<TightestMetric>,
}

/// The number of a case that used up most of its allowance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TightestMetric {
    /// The value that it is about, such as `atom_array[0]`.
    pub(crate) field: String,
    /// The key of its gate.
    pub(crate) key: String,
    /// The observed value.
    pub(crate) observed: RecordedNumber,
    /// The allowed value.
    pub(crate) allowed: RecordedNumber,
    /// The used part of the allowance: 1 at the limit.
    pub(crate) used: RecordedNumber,
}

impl HistoryLine {
    fn of(run: &RunRecord, case: &CaseRecord) -> Self {
        let tightest =
            case.metrics.iter().max_by(|one, other| one.used.or_infinite().total_cmp(&other.used.or_infinite()));
        Self {
            form: VERSION,
            date: run.started.clone(),
            backend: run.backend.name.clone(),
            weights: run.backend.weights.clone(),
            hydrotest: run.harness.version.clone(),
            suites_sha256: run.harness.suites_sha256.clone(),
            case: case.name.clone(),
            verdict: case.verdict,
            flaky: case.is_flaky(),
            seconds: case.seconds.calls,
            tightest: tightest.map(|metric| TightestMetric {
                field: metric.field.clone(),
                key: metric.key.clone(),
                observed: metric.observed.clone(),
                allowed: metric.allowed.clone(),
                used: metric.used.clone(),
            }),
        }
    }
}

/// Appends a line for each case of a run.
///
/// # Errors
/// When the file cannot be written, is no history, or a line would be too long. Then appends nothing.
pub(crate) fn append(path: &Path, run: &RunRecord) -> io::Result<()> {
    let mut lines = String::new();
    for case in &run.cases {
        let line = serde_json::to_string(&HistoryLine::of(run, case))? + "\n";
        if line.len() > LONGEST {
            return Err(io::Error::other(format!("a line would be longer than {LONGEST} bytes")));
        }
        lines.push_str(&line);
    }
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    file.lock()?;
    let end = end_of_whole_lines(&mut file)?;
    file.set_len(end)?;
    file.seek(SeekFrom::End(0))?;
    let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_data());
    if written.is_err() {
        // Removes what was written, so that a full disk leaves no part of a run.
        file.set_len(end)?;
    }
    written
}

/// The end of the last whole line. A killed writer may have left a part of another line. Refuses files that are no history.
fn end_of_whole_lines(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(0);
    }
    let mut first = Vec::new();
    Read::by_ref(file).take(LONGEST as u64).read_to_end(&mut first)?;
    let is_history = match first.iter().position(|byte| *byte == b'\n') {
        Some(end) => serde_json::from_slice::<HistoryLine>(&first[..end]).is_ok(),
        // A part of the first line of the file.
        None => is_begun(&first) && length < LONGEST as u64,
    };
    if !is_history {
        return Err(io::Error::other("this is no history of hydrotest"));
    }
    let start = length.saturating_sub(LONGEST as u64);
    file.seek(SeekFrom::Start(start))?;
    let mut last = Vec::new();
    file.read_to_end(&mut last)?;
    match last.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => Ok(start + end as u64 + 1),
        None if start == 0 => Ok(0),
        None => Err(io::Error::other("this is no history of hydrotest: its last line is too long")),
    }
}

/// Reads a history with plain texts. Ignores a part of a line at its end, whose writer was killed or is still writing.
///
/// # Errors
/// When the file cannot be read or has a wrong line, with its number.
pub(crate) fn read(path: &Path) -> Result<Vec<HistoryLine>, String> {
    let shown = path.display();
    let bytes = read_bounded(path, LARGEST).map_err(|error| format!("{shown}: {error}"))?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = bytes[..whole].split(|byte| *byte == b'\n').enumerate();
    let mut read = Vec::new();
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let number = index + 1;
        if line.len() >= LONGEST {
            return Err(format!("{shown}:{number}: the line is longer than {LONGEST} bytes"));
        }
        let line: HistoryLine = serde_json::from_slice(line)
            .map_err(|error| format!("{shown}:{number}: this is no line of a history: {error}"))?;
        if line.form != VERSION {
            return Err(format!("{shown}:{number}: the line has version {}", line.form));
        }
        read.push(plain(line));
    }
    if read.is_empty() && !is_begun(&bytes) {
        return Err(format!("{shown}: this is no history of hydrotest"));
    }
    Ok(read)
}

/// Whether this is the beginning of a first line.
fn is_begun(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGIN) || BEGIN.starts_with(bytes)
}

fn plain(mut line: HistoryLine) -> HistoryLine {
    for text in [&mut line.date, &mut line.backend, &mut line.weights, &mut line.hydrotest, &mut line.case] {
        *text = plain_line(text);
    }
    if let Some(tightest) = &mut line.tightest {
        tightest.field = plain_line(&tightest.field);
        tightest.key = plain_line(&tightest.key);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{case, metric, run};
    use super::*;

    fn runs() -> RunRecord {
        let mut near = case("esm2::embed::short", Verdict::Pass, vec![]);
        near.metrics = vec![metric("a", 0.25), metric("b", f64::NAN), metric("c", 0.5)];
        run(vec![near, case("esm2::embed::long", Verdict::Skip, vec![])])
    }

    #[test]
    fn a_run_is_a_line_a_case_and_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.jsonl");
        append(&path, &runs()).unwrap();
        append(&path, &runs()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        insta::assert_snapshot!(text.lines().next().unwrap(), @r#"{"hydrotest_history":1,"date":"2026-11-29T12:00:00Z","backend":"lab","weights":"published","hydrotest":"0.1.0","suites_sha256":"0000000000000000000000000000000000000000000000000000000000000000","case":"esm2::embed::short","verdict":"pass","flaky":false,"seconds":0.5,"tightest":{"field":"b","key":"ca_rmsd","observed":"NaN","allowed":0.5,"used":"NaN"}}"#);
        let lines = read(&path).unwrap();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], HistoryLine::of(&runs(), &runs().cases[0]));
        assert_eq!(lines[1].tightest, None);
    }

    #[test]
    fn a_part_of_a_line_is_left_out_and_goes_with_the_next_run() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.jsonl");
        append(&path, &runs()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let kept = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
            assert_eq!(read(&path).unwrap().len(), kept, "{cut}");
            append(&path, &runs()).unwrap();
            assert_eq!(read(&path).unwrap().len(), kept + 2, "{cut}");
        }
    }

    #[test]
    fn runs_that_end_at_once_lose_no_line() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("history.jsonl");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..10).for_each(|_| append(&path, &runs()).unwrap()));
            }
        });
        assert_eq!(read(&path).unwrap().len(), 160);
    }

    #[test]
    fn other_files_are_neither_read_nor_written() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("notes.txt");
        for other in ["# notes\n", "notes", "{}\n", "{\"hydrotest_history\":2}\n", &"x".repeat(1 << 16)] {
            std::fs::write(&path, other).unwrap();
            append(&path, &runs()).unwrap_err();
            read(&path).unwrap_err();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        }
        append(&path, &runs()).unwrap_err();
        let mut wide = runs();
        wide.cases[0].name = "x".repeat(LONGEST);
        std::fs::remove_file(&path).unwrap();
        append(&path, &wide).unwrap_err();
        assert!(!path.exists());
        append(&path, &runs()).unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.insert(0, '\n');
        let broken = text.replacen("\"case\"", "\"cas\"", 1);
        std::fs::write(&path, broken).unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.contains("notes.txt:2: this is no line of a history"), "{error}");
    }
}
