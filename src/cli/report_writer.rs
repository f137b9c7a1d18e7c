//! Writes the reports of a run while it goes on: each file is whole at any moment, so that a run that is killed leaves reports that
//! can be read and say that they are incomplete.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::CommandError;
use crate::outcome::record::{LiveRecord, RunRecord};
use crate::report::format::ReportTarget;
use crate::snapshot::write_atomically;

/// The least time between two writes of the reports.
const PAUSE: Duration = Duration::from_secs(1);

/// Writing takes at most this part of the time of a run.
const SHARE: u32 = 20;

/// Writes reports on a thread of its own until the run is over.
pub(super) struct ReportWriter {
    record: Arc<LiveRecord>,
    reports: Vec<ReportTarget>,
    thread: Option<JoinHandle<()>>,
}

impl ReportWriter {
    /// Writes each report once, so that a path that cannot be written is known before anything runs, and goes on from there.
    pub(super) fn begin(record: &Arc<LiveRecord>, reports: &[ReportTarget]) -> Result<Self, CommandError> {
        let mut writer = Self { record: Arc::clone(record), reports: reports.to_vec(), thread: None };
        if reports.is_empty() {
            return Ok(writer);
        }
        write_reports(&writer.reports, &record.snapshot()).map_err(CommandError::Broken)?;
        let (record, reports) = (Arc::clone(record), writer.reports.clone());
        let thread = std::thread::Builder::new().name("reports".into());
        let thread = thread.spawn(move || write_along(&record, &reports));
        writer.thread = Some(thread.map_err(|error| CommandError::Broken(format!("cannot start a thread: {error}")))?);
        Ok(writer)
    }

    /// Writes the reports of the run that is over, which its record must know by now.
    pub(super) fn finish(mut self) -> Result<(), CommandError> {
        self.join();
        write_reports(&self.reports, &self.record.snapshot()).map_err(CommandError::Broken)
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A run that ends with an error leaves reports of what had ended until then.
impl Drop for ReportWriter {
    fn drop(&mut self) {
        self.record.abandon();
        self.join();
    }
}

/// A failure to write is told at the end, where the last write fails too.
fn write_along(record: &LiveRecord, reports: &[ReportTarget]) {
    let (mut seen, mut pause) = (0, PAUSE);
    while let Some(revision) = record.wait_for_change(seen, pause) {
        seen = revision;
        let begun = Instant::now();
        let _ = write_reports(reports, &record.snapshot());
        pause = PAUSE.max(begun.elapsed() * SHARE);
    }
}

/// Writes reports of a run that is over.
///
/// # Errors
/// The first that cannot be made or written.
pub(super) fn write_reports(reports: &[ReportTarget], run: &RunRecord) -> Result<(), String> {
    for report in reports {
        let text = (report.format.render)(run);
        let text = text.map_err(|error| format!("no {} report: {error}", report.format.name))?;
        write_report(&report.path, text.as_bytes())
            .map_err(|error| format!("cannot write the report {}: {error}", report.path.display()))?;
    }
    Ok(())
}

/// A pipe or a device is written as it is; anything else is replaced in one step.
pub(super) fn write_report(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    tracing::debug!(path = %path.display(), bytes = bytes.len(), "report");
    let is_special = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if is_special {
        return std::fs::write(path, bytes);
    }
    write_atomically(path, bytes)
}
