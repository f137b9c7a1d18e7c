//! Writes the reports of a run while it goes on, each in one step, so that a killed run leaves readable reports that say that they are
//! incomplete. Does not make the text of a report.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::output::CommandError;
use crate::outcome::record::{LiveRecord, RunRecord};
use crate::report::format::ReportTarget;
use crate::snapshot::write_atomically;

/// The shortest time between two writes of the reports.
const PAUSE: Duration = Duration::from_secs(1);

/// The names of the program's own streams.
const STDOUT: &str = "/dev/stdout";
const STDERR: &str = "/dev/stderr";

/// Writing takes at most one part in this many of the time of a run.
const SHARE: u32 = 20;

/// Writes reports on a thread of its own until the run is over.
pub(super) struct ReportWriter {
    record: Arc<LiveRecord>,
    reports: Vec<ReportTarget>,
    thread: Option<JoinHandle<()>>,
}

impl ReportWriter {
    /// Writes each file once, so that a bad path is an error before anything runs, and starts the thread. A pipe or a device gets its report
    /// at the end, because it would keep every earlier one.
    pub(super) fn begin(record: &Arc<LiveRecord>, reports: &[ReportTarget]) -> Result<Self, CommandError> {
        let mut writer = Self { record: Arc::clone(record), reports: reports.to_vec(), thread: None };
        let files: Vec<ReportTarget> = reports.iter().filter(|report| !is_stream(&report.path)).cloned().collect();
        if files.is_empty() {
            return Ok(writer);
        }
        write_reports(&files, &record.snapshot())?;
        let record = Arc::clone(record);
        let thread = std::thread::Builder::new().name("reports".into()).spawn(move || write_along(&record, &files));
        writer.thread = Some(thread.map_err(CommandError::because("cannot start a thread"))?);
        Ok(writer)
    }

    /// Writes the reports of the run that is over. Its record must be finished.
    pub(super) fn finish(mut self) -> Result<(), CommandError> {
        self.join();
        write_reports(&self.reports, &self.record.snapshot())
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A run that ends with an error leaves reports of the cases that ended before.
impl Drop for ReportWriter {
    fn drop(&mut self) {
        self.record.abandon();
        self.join();
    }
}

/// Ignores errors, because the last write reports them.
fn write_along(record: &LiveRecord, reports: &[ReportTarget]) {
    let (mut seen, mut pause) = (0, PAUSE);
    while let Some(revision) = record.wait_for_change(seen, pause) {
        seen = revision;
        let begun = Instant::now();
        let _ = write_reports(reports, &record.snapshot());
        pause = PAUSE.max(begun.elapsed() * SHARE);
    }
}

/// Writes the reports of a run.
///
/// # Errors
/// The first report that cannot be made or written.
pub(super) fn write_reports(reports: &[ReportTarget], run: &RunRecord) -> Result<(), CommandError> {
    for ReportTarget { format, path } in reports {
        let text = (format.render)(run).map_err(CommandError::because(format!("no {} report", format.name)))?;
        let failed = CommandError::because(format!("cannot write the report {}", path.display()));
        write_report(path, text.as_bytes()).map_err(failed)?;
    }
    Ok(())
}

/// Writes to a pipe or a device directly, and replaces any other file in one step.
pub(super) fn write_report(path: &Path, bytes: &[u8]) -> io::Result<()> {
    tracing::debug!(path = %path.display(), bytes = bytes.len(), "report");
    if path == Path::new(STDOUT) {
        io::stdout().write_all(bytes)?;
        io::stdout().flush()
    } else if path == Path::new(STDERR) {
        io::stderr().write_all(bytes)
    } else if is_stream(path) {
        std::fs::write(path, bytes)
    } else {
        // A link stays, and the file behind it is replaced.
        write_atomically(&path.canonicalize().unwrap_or_else(|_| path.to_owned()), bytes)
    }
}

/// Whether a path is a pipe, a device or one of the program's own streams, which may be files.
fn is_stream(path: &Path) -> bool {
    let is_own = [STDOUT, STDERR].into_iter().any(|own| path == Path::new(own));
    is_own || std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::facts::PlatformFacts;
    use crate::outcome::record::Planned;
    use crate::outcome::record::fixture::run;
    use crate::report::format::format;

    #[test]
    fn a_link_to_a_report_stays_a_link() {
        let home = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| home.path().join(name));
        std::fs::write(&file, "earlier").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_report(&link, b"report").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "report");
        assert!(is_stream(Path::new(STDOUT)) && !is_stream(&link));
    }

    #[test]
    fn a_pipe_gets_its_report_once_at_the_end() {
        let home = tempfile::tempdir().unwrap();
        let [file, pipe] = ["file", "pipe"].map(|name| home.path().join(name));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let record = Arc::new(LiveRecord::new(run(Vec::new()), Planned::new(), PlatformFacts::default()));
        let target = |path: &Path| ReportTarget { format: format("json").unwrap(), path: path.to_owned() };
        // The pipe has no reader yet, so that a write to it would not return.
        let writer = ReportWriter::begin(&record, &[target(&file), target(&pipe)]).unwrap();
        assert!(file.exists());
        record.abandon();
        let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
        writer.finish().unwrap();
        let text = reader.join().unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
    }
}
